//! Changes that are made only to a user as it was read.

use std::{future::Future, pin::Pin};

use denizen_models::{PatchUserRequest, User, UserId};
use denizen_services::{
    AccessContext, DeleteUserError, EntityTags, Failure, IfMatch, PreconditionError, UpdateUserError,
    store::AuditKind,
};

use crate::support::{World, member, replacement, stranger};

/// How a change ended, whatever its kind.
#[derive(Debug, PartialEq)]
enum End {
    Done,
    NotFound,
    PreconditionError(PreconditionError),
    Other(String),
}

type Change =
    for<'a> fn(&'a World, AccessContext, &'a User, IfMatch) -> Pin<Box<dyn Future<Output = End> + 'a>>;

const UPDATE: Change = |world, context, user, expected| {
    Box::pin(async move {
        let request = replacement(user);
        end_of_update(world.users.update_user(&context, user.id, request, expected).await)
    })
};

const PATCH: Change = |world, context, user, expected| {
    Box::pin(async move {
        let request = PatchUserRequest::default();
        end_of_update(world.users.patch_user(&context, user.id, request, expected).await)
    })
};

const DELETE: Change = |world, context, user, expected| {
    Box::pin(async move {
        match world.users.delete_user(&context, user.id, expected).await {
            Ok(()) => End::Done,
            Err(DeleteUserError::NotFound(_)) => End::NotFound,
            Err(DeleteUserError::PreconditionError(error)) => End::PreconditionError(error),
            Err(error @ (DeleteUserError::LastAdministrator | DeleteUserError::Failure(_))) => {
                End::Other(error.to_string())
            }
        }
    })
};

const CHANGES: [(&str, Change); 3] = [("update", UPDATE), ("patch", PATCH), ("delete", DELETE)];

fn end_of_update(answer: Result<User, UpdateUserError>) -> End {
    match answer {
        Ok(_) => End::Done,
        Err(UpdateUserError::NotFound(_)) => End::NotFound,
        Err(UpdateUserError::PreconditionError(error)) => End::PreconditionError(error),
        Err(error) => End::Other(error.to_string()),
    }
}

fn system() -> AccessContext {
    AccessContext::system()
}

fn tagged(users: &[&User]) -> EntityTags {
    EntityTags::Tagged(users.iter().map(|user| user.tag()).collect())
}

#[tokio::test]
async fn what_is_as_it_was_read_is_changed() {
    for (name, change) in CHANGES {
        let world = World::new();
        let alice = world.create("alice").await;
        assert_eq!(change(&world, system(), &alice, IfMatch::as_read(&alice)).await, End::Done, "{name}");
        assert_ne!(world.find(alice.id).await, Some(alice), "{name}");
    }
}

#[tokio::test]
async fn what_was_changed_since_it_was_read_stays_as_it_is() {
    for (name, change) in CHANGES {
        let world = World::new();
        let alice = world.create("alice").await;
        let newer = world.change(alice.id, |request| request.age = Some(30)).await;
        let recorded = world.audit().await;
        let end = change(&world, system(), &alice, IfMatch::as_read(&alice)).await;
        assert_eq!(end, End::PreconditionError(PreconditionError::Changed), "{name}");
        assert_eq!((world.find(alice.id).await, world.audit().await), (Some(newer), recorded), "{name}");
    }
}

#[tokio::test]
async fn any_of_several_readings_will_do() {
    for (name, change) in CHANGES {
        let world = World::new();
        let alice = world.create("alice").await;
        let newer = world.change(alice.id, |request| request.age = Some(30)).await;
        let expected = IfMatch { one_of: tagged(&[&alice, &newer]), ..IfMatch::anything() };
        assert_eq!(change(&world, system(), &alice, expected).await, End::Done, "{name}");
    }
}

#[tokio::test]
async fn nobody_is_changed_who_was_not_to_be_there_or_not_like_that() {
    for (name, change) in CHANGES {
        let world = World::new();
        let alice = world.create("alice").await;
        for none_of in [EntityTags::Any, tagged(&[&alice])] {
            let expected = IfMatch { none_of, ..IfMatch::anything() };
            let end = change(&world, system(), &alice, expected).await;
            assert_eq!(end, End::PreconditionError(PreconditionError::Exists), "{name}");
        }
        assert_eq!(world.find(alice.id).await.as_ref(), Some(&alice), "{name}");
        world.change(alice.id, |request| request.age = Some(30)).await;
        let expected = IfMatch { none_of: tagged(&[&alice]), ..IfMatch::anything() };
        assert_eq!(change(&world, system(), &alice, expected).await, End::Done, "{name}");
    }
}

#[tokio::test]
async fn who_is_not_there_is_not_found_whatever_was_expected() {
    for (name, change) in CHANGES {
        let world = World::new();
        let alice = world.create("alice").await;
        let nobody = User { id: UserId::new(99), ..alice.clone() };
        let absent = IfMatch { none_of: EntityTags::Any, ..IfMatch::anything() };
        for expected in [IfMatch::as_read(&nobody), absent] {
            assert_eq!(change(&world, system(), &nobody, expected).await, End::NotFound, "{name}");
        }
        for context in [stranger(), member(UserId::new(99))] {
            for expected in [IfMatch::as_read(&alice), IfMatch::as_read(&nobody)] {
                assert_eq!(change(&world, context.clone(), &alice, expected).await, End::NotFound, "{name}");
            }
        }
        assert_eq!(world.find(alice.id).await, Some(alice), "{name}");
    }
}

#[tokio::test]
async fn a_change_that_comes_between_is_not_overrun() {
    for (name, change) in CHANGES {
        let world = World::new();
        let alice = world.create("alice").await;
        let rival = world.rival();
        world.before_next_commit(async move {
            rival.change(alice.id, |request| request.age = Some(30)).await;
        });
        let alice = world.find(alice.id).await.unwrap();
        let end = change(&world, system(), &alice, IfMatch::as_read(&alice)).await;
        assert_eq!(end, End::PreconditionError(PreconditionError::Changed), "{name}");
        assert_eq!(world.find(alice.id).await.map(|user| user.values.age), Some(30), "{name}");
    }
}

#[tokio::test]
async fn who_is_deleted_in_between_is_not_found() {
    for (name, change) in CHANGES {
        let world = World::new();
        let alice = world.create("alice").await;
        let (rival, id) = (world.rival(), alice.id);
        world.before_next_commit(async move { rival.delete(id).await });
        let end = change(&world, system(), &alice, IfMatch::as_read(&alice)).await;
        assert_eq!(end, End::NotFound, "{name}");
        assert_eq!(world.recorded(AuditKind::UserDeleted).await, 1, "{name}");
    }
}

#[tokio::test]
async fn of_two_who_read_the_same_one_is_told_that_it_has_changed() {
    for (name, change) in [("update", UPDATE), ("patch", PATCH)] {
        let world = World::new();
        let alice = world.create("alice").await;
        let rival = world.rival();
        World::hold_next_commits(&[&world, &rival]);
        let (one, two) = tokio::join!(
            change(&world, system(), &alice, IfMatch::as_read(&alice)),
            change(&rival, system(), &alice, IfMatch::as_read(&alice)),
        );
        let ends = [one, two];
        assert!(ends.contains(&End::Done), "{name}: {ends:?}");
        assert!(ends.contains(&End::PreconditionError(PreconditionError::Changed)), "{name}: {ends:?}");
        assert_eq!(world.recorded(AuditKind::UserUpdated).await, 1, "{name}");
    }
}

#[tokio::test]
async fn a_deletion_that_excludes_old_states_is_decided_anew_and_gives_up_in_the_end() {
    let world = World::new();
    let alice = world.create("alice").await;
    let expected = IfMatch { none_of: tagged(&[&alice]), ..IfMatch::anything() };
    world.change(alice.id, |request| request.age = Some(99)).await;
    for age in 1..=32 {
        let (rival, id) = (world.rival(), alice.id);
        world.before_next_commit(async move {
            rival.change(id, |request| request.age = Some(age)).await;
        });
    }
    let answer = world.users.delete_user(&system(), alice.id, expected.clone()).await;
    assert!(matches!(answer, Err(DeleteUserError::Failure(Failure::Overloaded(_)))), "{answer:?}");
    assert_eq!(world.find(alice.id).await.map(|user| user.values.age), Some(32));
    assert_eq!(world.users.delete_user(&system(), alice.id, expected).await, Ok(()));
}

#[tokio::test]
async fn a_deletion_that_expects_nothing_is_decided_anew_when_the_user_changes_meanwhile() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.store.reset();
    let rival = world.rival();
    world.before_next_commit(async move { rival.switch_off(alice.id).await });
    world.delete(alice.id).await;
    assert_eq!((world.find(alice.id).await, world.store.calls("commit")), (None, 2));
}

//! Replacing users.

use chrono::Duration;
use denizen_models::{Profile, UpdateUserRequest, User, UserId};
use denizen_services::{
    AccessContext, Clock as _, Failure, UpdateUserError,
    store::{AuditEvent, AuditKind, StoreFailure},
};

use crate::support::{World, administrator, failing_members, replacement};

async fn update(world: &World, id: UserId, request: UpdateUserRequest) -> Result<User, UpdateUserError> {
    world.try_update(&AccessContext::system(), id, request).await
}

/// A replacement that leaves nothing as it is.
fn other_values() -> UpdateUserRequest {
    UpdateUserRequest {
        username: "Alicia".to_owned(),
        email: "alicia@example.org".to_owned(),
        first_name: "Other".to_owned(),
        last_name: "Name".to_owned(),
        age: Some(41),
        active: Some(false),
        roles: Some(vec!["editor".to_owned()]),
        profile: Some(Profile { bio: "New.".to_owned(), ..Profile::default() }),
        ..UpdateUserRequest::default()
    }
}

#[tokio::test]
async fn every_editable_member_is_replaced() {
    let world = World::new();
    let alice = world.create("alice").await;
    let values = update(&world, alice.id, other_values()).await.unwrap().values;
    assert_eq!((values.username.as_str(), values.email.as_str()), ("Alicia", "alicia@example.org"));
    assert_eq!((values.first_name.as_str(), values.last_name.as_str()), ("Other", "Name"));
    assert_eq!((values.age, values.active, values.roles), (41, false, vec!["editor".to_owned()]));
    assert_eq!(values.profile.unwrap().bio, "New.");
}

#[tokio::test]
async fn what_is_left_out_is_removed_but_roles_and_status_stay() {
    let world = World::new();
    let alice = world.create("alice").await;
    update(&world, alice.id, other_values()).await.unwrap();
    let left_out =
        UpdateUserRequest { age: None, active: None, roles: None, profile: None, ..other_values() };
    let values = update(&world, alice.id, left_out).await.unwrap().values;
    assert_eq!((values.age, values.profile), (0, None));
    assert_eq!((values.active, values.roles), (false, vec!["editor".to_owned()]));
}

#[tokio::test]
async fn the_returned_user_is_the_stored_one_with_the_time_of_the_change() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.clock.advance(Duration::seconds(90));
    let changed = update(&world, alice.id, other_values()).await.unwrap();
    assert_eq!((changed.created_at, changed.updated_at), (alice.created_at, world.clock.now()));
    assert!(changed.revision > alice.revision);
    assert_eq!(world.find(alice.id).await, Some(changed));
}

#[tokio::test]
async fn what_was_read_can_be_sent_back() {
    let world = World::new();
    let alice = world.create("alice").await;
    let echo = UpdateUserRequest {
        id: Some(alice.id.get()),
        active: Some(true),
        email_verified: Some(false),
        roles: Some(alice.values.roles.clone()),
        created_at: Some(alice.created_at),
        updated_at: Some(alice.updated_at),
        ..replacement(&alice)
    };
    assert_eq!(update(&world, alice.id, echo).await.unwrap().values, alice.values);
}

#[tokio::test]
async fn members_that_fail_are_named_and_nothing_changes() {
    let world = World::new();
    let alice = world.create("alice").await;
    let wrong = UpdateUserRequest {
        id: Some(7_000),
        username: " ".to_owned(),
        email: "alice".to_owned(),
        roles: Some(Vec::new()),
        email_verified: Some(true),
        ..replacement(&alice)
    };
    let Err(UpdateUserError::Failure(Failure::Invalid(errors))) = update(&world, alice.id, wrong).await
    else {
        panic!("an invalid replacement was accepted")
    };
    let expected = [
        "username: username cannot be empty",
        "email: invalid email format",
        "roles: user must have at least one role",
        "id: id cannot be changed",
        "email_verified: email_verified cannot be changed",
    ];
    assert_eq!(failing_members(&errors), expected);
    assert_eq!(world.find(alice.id).await, Some(alice));
}

#[tokio::test]
async fn an_unknown_user_is_named_in_the_error() {
    let world = World::new();
    let error = update(&world, UserId::new(99), other_values()).await.unwrap_err();
    assert_eq!(error, UpdateUserError::NotFound(UserId::new(99)));
    assert_eq!(error.to_string(), "user with ID 99 not found");
}

#[tokio::test]
async fn somebody_else_s_name_or_address_is_refused_in_any_case_and_shown_as_typed() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.create("bob").await;
    let name = UpdateUserRequest { username: "BOB".to_owned(), ..replacement(&alice) };
    let address = UpdateUserRequest { email: " Bob@Example.com".to_owned(), ..replacement(&alice) };
    let both = UpdateUserRequest { username: "Bob".to_owned(), ..address.clone() };
    for (request, message) in [
        (name, "username 'BOB' already exists"),
        (address, "email 'Bob@Example.com' already exists"),
        (both, "username 'Bob' already exists"),
    ] {
        assert_eq!(update(&world, alice.id, request).await.unwrap_err().to_string(), message);
    }
    assert_eq!(world.find(alice.id).await, Some(alice));
}

#[tokio::test]
async fn one_s_own_name_and_address_may_change_their_case() {
    let world = World::new();
    let alice = world.create("alice").await;
    let request = UpdateUserRequest {
        username: "ALICE".to_owned(),
        email: "Alice@Example.COM".to_owned(),
        ..replacement(&alice)
    };
    let values = update(&world, alice.id, request).await.unwrap().values;
    assert_eq!((values.username.as_str(), values.email.as_str()), ("ALICE", "Alice@Example.COM"));
}

#[tokio::test]
async fn an_address_that_was_given_up_is_free() {
    let world = World::new();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    update(&world, alice.id, other_values()).await.unwrap();
    let request = UpdateUserRequest { email: "alice@example.com".to_owned(), ..replacement(&bob) };
    assert_eq!(update(&world, bob.id, request).await.unwrap().values.email.as_str(), "alice@example.com");
}

/// Security checklist: 60.
#[tokio::test]
async fn a_change_and_what_matters_of_it_is_recorded_with_its_actor_and_request() {
    const KINDS: [AuditKind; 4] =
        [AuditKind::UserUpdated, AuditKind::RolesChanged, AuditKind::UserDisabled, AuditKind::EmailChanged];
    let world = World::new();
    let (alice, diana) = (world.create("alice").await, world.create_administrator("diana").await);
    let context = administrator(diana.id);
    world.clock.advance(Duration::seconds(1));
    world.try_update(&context, alice.id, other_values()).await.unwrap();
    let event = |kind| AuditEvent {
        kind,
        at: world.clock.now(),
        actor: format!("user:{}", diana.id),
        target: Some(alice.id),
        key: None,
        ip: context.ip,
        request_id: context.request_id.clone(),
    };
    let trail = world.audit().await;
    assert_eq!(trail[trail.len() - KINDS.len()..], KINDS.map(event));
}

#[tokio::test]
async fn a_refused_change_leaves_no_record() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.create("bob").await;
    let taken = UpdateUserRequest { username: "bob".to_owned(), ..replacement(&alice) };
    update(&world, alice.id, taken).await.unwrap_err();
    update(&world, alice.id, UpdateUserRequest::default()).await.unwrap_err();
    assert_eq!(world.recorded(AuditKind::UserUpdated).await, 0);
}

#[tokio::test]
async fn of_two_replacements_at_once_both_succeed_and_the_last_one_wins_whole() {
    let world = World::new();
    let alice = world.create("alice").await;
    let as_one = UpdateUserRequest {
        first_name: "One".to_owned(),
        last_name: "One".to_owned(),
        age: Some(1),
        ..replacement(&alice)
    };
    let as_two = UpdateUserRequest {
        first_name: "Two".to_owned(),
        last_name: "Two".to_owned(),
        age: Some(2),
        ..replacement(&alice)
    };
    let rival = world.rival();
    World::hold_next_commits(&[&world, &rival]);
    let (one, two) = tokio::join!(update(&world, alice.id, as_one), update(&rival, alice.id, as_two));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    // Two were decided on the same reading, and one of them anew.
    let commits = world.store.calls("commit") + rival.store.calls("commit");
    assert_eq!((commits, world.recorded(AuditKind::UserUpdated).await), (1 + 3, 2));
    let stored = world.find(alice.id).await.unwrap();
    assert_eq!(stored.revision, alice.revision + 2);
    let values = (stored.values.first_name.as_str(), stored.values.last_name.as_str(), stored.values.age);
    assert!([("One", "One", 1), ("Two", "Two", 2)].contains(&values), "{values:?}");
}

#[tokio::test]
async fn what_a_replacement_leaves_out_is_kept_as_it_was_changed_meanwhile() {
    let world = World::new();
    let alice = world.create("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.change(alice.id, |request| request.roles = Some(vec!["editor".to_owned()])).await;
    });
    let changed = world.change(alice.id, |request| request.first_name = "New".to_owned()).await;
    assert_eq!(
        (changed.values.first_name.as_str(), changed.values.roles),
        ("New", vec!["editor".to_owned()])
    );
}

#[tokio::test]
async fn a_user_who_is_deleted_meanwhile_is_not_found() {
    let world = World::new();
    let alice = world.create("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.delete(alice.id).await });
    let answer = update(&world, alice.id, other_values()).await;
    assert_eq!(answer, Err(UpdateUserError::NotFound(alice.id)));
}

#[tokio::test]
async fn whoever_is_always_too_late_is_told_that_the_store_is_busy() {
    let world = World::new();
    let alice = world.create("alice").await;
    for age in 1..=32 {
        let rival = world.rival();
        world.before_next_commit(async move {
            rival.change(alice.id, |request| request.age = Some(age)).await;
        });
    }
    let answer = update(&world, alice.id, other_values()).await;
    assert!(matches!(answer, Err(UpdateUserError::Failure(Failure::Overloaded(_)))), "{answer:?}");
    assert_eq!(world.find(alice.id).await.unwrap().values.age, 32);
}

#[tokio::test]
async fn a_failure_of_the_store_is_passed_on_and_nothing_changes() {
    let world = World::new();
    let alice = world.create("alice").await;
    let failure = StoreFailure::Unavailable("gone".into());
    world.fail_next_commit(failure.clone());
    assert_eq!(update(&world, alice.id, other_values()).await, Err(UpdateUserError::from(failure)));
    assert_eq!(world.find(alice.id).await, Some(alice));
}

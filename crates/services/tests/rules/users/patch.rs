//! Changing some members of users.

use std::collections::BTreeMap;

use chrono::Duration;
use denizen_models::{Patch, PatchUserRequest, Profile, ProfilePatch, User, UserId};
use denizen_services::{
    AccessContext, Clock as _, Failure, IfMatch, TokenPurpose, UpdateUserError,
    store::{AuditKind, StoreFailure},
};

use crate::support::{World, administrator, failing_members, member, stranger};

async fn patch(world: &World, id: UserId, request: PatchUserRequest) -> Result<User, UpdateUserError> {
    patch_as(world, &AccessContext::system(), id, request).await
}

async fn patch_as(
    world: &World,
    context: &AccessContext,
    id: UserId,
    request: PatchUserRequest,
) -> Result<User, UpdateUserError> {
    world.users.patch_user(context, id, request, IfMatch::anything()).await
}

fn first_name(name: &str) -> PatchUserRequest {
    PatchUserRequest { first_name: Patch::Set(name.to_owned()), ..PatchUserRequest::default() }
}

/// Alice with an age, a role and a profile that can be lost.
async fn create_alice(world: &World) -> User {
    let alice = world.create("alice").await;
    world
        .change(alice.id, |request| {
            request.age = Some(30);
            request.roles = Some(vec!["editor".to_owned()]);
            request.profile = Some(Profile { bio: "Hello.".to_owned(), experience: 3, ..Profile::default() });
        })
        .await
}

#[tokio::test]
async fn only_what_is_given_changes() {
    let world = World::new();
    let alice = create_alice(&world).await;
    world.clock.advance(Duration::seconds(90));
    let patched = patch(&world, alice.id, first_name("New")).await.unwrap();
    let mut expected = User { updated_at: world.clock.now(), revision: alice.revision + 1, ..alice };
    expected.values.first_name = "New".to_owned();
    assert_eq!(patched, expected);
    assert_eq!(world.find(expected.id).await, Some(expected));
    assert_eq!(world.recorded(AuditKind::UserUpdated).await, 2);
}

#[tokio::test]
async fn null_removes_what_is_optional_and_a_profile_is_merged() {
    let world = World::new();
    let alice = create_alice(&world).await;
    let profile = ProfilePatch { bio: Patch::Remove, ..ProfilePatch::default() };
    let request = PatchUserRequest { age: Patch::Remove, profile: Patch::Set(profile), ..first_name("New") };
    let values = patch(&world, alice.id, request).await.unwrap().values;
    assert_eq!((values.age, values.profile), (0, Some(Profile { experience: 3, ..Profile::default() })));
    let request = PatchUserRequest { profile: Patch::Remove, ..PatchUserRequest::default() };
    assert_eq!(patch(&world, alice.id, request).await.unwrap().values.profile, None);
}

#[tokio::test]
async fn what_fails_is_named_and_nothing_changes() {
    let world = World::new();
    let alice = create_alice(&world).await;
    let wrong = PatchUserRequest {
        id: Patch::Set(7_000),
        username: Patch::Remove,
        age: Patch::Set(151),
        active: Patch::Remove,
        ..PatchUserRequest::default()
    };
    let Err(UpdateUserError::Failure(Failure::Invalid(errors))) = patch(&world, alice.id, wrong).await else {
        panic!("an invalid patch was accepted")
    };
    let expected = [
        "username: username cannot be empty",
        "age: age cannot exceed 150",
        "id: id cannot be changed",
        "active: active cannot be removed",
    ];
    assert_eq!(failing_members(&errors), expected);
    assert_eq!(world.find(alice.id).await, Some(alice));
}

/// Security checklist: 52.
#[tokio::test]
async fn members_may_patch_themselves_except_for_roles_status_and_address() {
    let world = World::new();
    let diana = world.create_administrator("diana").await;
    let alice = create_alice(&world).await;
    let myself = member(alice.id);
    patch_as(&world, &myself, alice.id, first_name("New")).await.unwrap();
    let as_it_is = PatchUserRequest {
        roles: Patch::Set(vec!["editor".to_owned()]),
        active: Patch::Set(true),
        email: Patch::Set("alice@example.com".to_owned()),
        ..PatchUserRequest::default()
    };
    patch_as(&world, &myself, alice.id, as_it_is.clone()).await.unwrap();
    let before = world.find(alice.id).await;
    let roles = PatchUserRequest { roles: Patch::Set(vec!["admin".to_owned()]), ..as_it_is.clone() };
    let active = PatchUserRequest { active: Patch::Set(false), ..as_it_is.clone() };
    let email = PatchUserRequest { email: Patch::Set("mallory@example.com".to_owned()), ..as_it_is };
    for (request, name) in [(roles, "roles"), (active, "active"), (email, "email")] {
        let answer = patch_as(&world, &myself, alice.id, request.clone()).await;
        assert_eq!(
            answer,
            Err(UpdateUserError::Failure(Failure::Forbidden(
                format!("only administrators can change {name}").into()
            )))
        );
        patch_as(&world, &administrator(diana.id), alice.id, request).await.unwrap();
        world
            .change(alice.id, |request| {
                request.roles = Some(vec!["editor".to_owned()]);
                request.active = Some(true);
                request.email = "alice@example.com".to_owned();
            })
            .await;
    }
    assert_eq!(world.find(alice.id).await.map(|user| user.values), before.map(|user| user.values));
}

#[tokio::test]
async fn for_strangers_and_other_members_nobody_is_there_to_be_patched() {
    let world = World::new();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    for context in [stranger(), member(bob.id)] {
        for id in [alice.id, UserId::new(99)] {
            world.store.reset();
            let answer = patch_as(&world, &context, id, first_name("New")).await;
            assert_eq!(answer, Err(UpdateUserError::NotFound(id)));
            assert_eq!(world.store.all_calls(), BTreeMap::new(), "the store was asked about {id}");
        }
    }
    let answer = patch(&world, UserId::new(99), first_name("New")).await;
    assert_eq!(answer, Err(UpdateUserError::NotFound(UserId::new(99))));
}

#[tokio::test]
async fn somebody_else_s_name_is_refused() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.create("bob").await;
    let request = PatchUserRequest { username: Patch::Set("BOB".to_owned()), ..PatchUserRequest::default() };
    let error = patch(&world, alice.id, request).await.unwrap_err();
    assert_eq!(error.to_string(), "username 'BOB' already exists");
    assert_eq!(world.find(alice.id).await, Some(alice));
}

#[tokio::test]
async fn who_is_switched_off_by_a_patch_loses_sessions_and_tokens() {
    let world = World::new();
    let alice = world.create("alice").await;
    let session = world.open_session(alice.id).await;
    let token = world.obtain_verification("alice@example.com").await;
    let request = PatchUserRequest { active: Patch::Set(false), ..PatchUserRequest::default() };
    patch(&world, alice.id, request).await.unwrap();
    assert!(!world.session_is_open(&session).await);
    assert!(!world.keeps_token(TokenPurpose::EmailVerification, &token).await);
}

#[tokio::test]
async fn of_two_patches_at_once_neither_undoes_the_other() {
    let world = World::new();
    let alice = create_alice(&world).await;
    let last_name =
        PatchUserRequest { last_name: Patch::Set("Two".to_owned()), ..PatchUserRequest::default() };
    let rival = world.rival();
    World::hold_next_commits(&[&world, &rival]);
    let (one, two) =
        tokio::join!(patch(&world, alice.id, first_name("One")), patch(&rival, alice.id, last_name));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    let values = world.find(alice.id).await.unwrap().values;
    assert_eq!((values.first_name.as_str(), values.last_name.as_str(), values.age), ("One", "Two", 30));
}

#[tokio::test]
async fn a_failure_of_the_store_is_passed_on() {
    let world = World::new();
    let alice = world.create("alice").await;
    let failure = StoreFailure::Unavailable("gone".into());
    world.fail_next_commit(failure.clone());
    assert_eq!(patch(&world, alice.id, first_name("New")).await, Err(UpdateUserError::from(failure)));
}

//! Deleting users.

use chrono::Duration;
use denizen_models::{CreateUserRequest, UserId};
use denizen_services::{
    AccessContext, Clock as _, DeleteUserError,
    store::{AuditEvent, AuditKind, Recipient, StoreFailure},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, administrator, new_user};

#[tokio::test]
async fn a_deleted_user_is_gone_and_the_address_is_free() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.delete(alice.id).await;
    assert_eq!(world.find(alice.id).await, None);
    let request = CreateUserRequest { username: "alice2".to_owned(), ..new_user("alice") };
    let again = world.users.create_user(&AccessContext::system(), request).await.unwrap();
    assert!(again.id > alice.id, "{} was given twice", alice.id);
}

#[tokio::test]
async fn nobody_is_deleted_twice() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.delete(alice.id).await;
    let error = world.try_delete(&AccessContext::system(), alice.id).await.unwrap_err();
    assert_eq!(error, DeleteUserError::NotFound(alice.id));
    assert_eq!(error.to_string(), format!("user with ID {} not found", alice.id));
    assert_eq!(world.recorded(AuditKind::UserDeleted).await, 1);
}

#[tokio::test]
async fn sessions_go_with_the_user_and_those_of_others_stay() {
    let world = World::new();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    let sessions = [world.open_session(alice.id).await, world.open_session(bob.id).await];
    world.delete(alice.id).await;
    assert!(!world.session_is_open(&sessions[0]).await);
    assert!(world.session_is_open(&sessions[1]).await);
}

#[tokio::test]
async fn waiting_notices_go_with_the_user_and_those_to_others_stay() {
    let world = World::new();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    for name in ["alice", "bob"] {
        let somebody = world.enter(name).await;
        world.change_password(&somebody.context, OLD_PASSWORD, NEW_PASSWORD).await.unwrap();
    }
    assert_eq!(world.jobs().await.len(), 2);
    world.delete(alice.id).await;
    assert_eq!(world.only_job().await.mail.recipient(), Recipient::User(bob.id));
}

/// Security checklist: 60.
#[tokio::test]
async fn the_trail_keeps_what_happened_to_the_deleted_user() {
    let world = World::new();
    let (alice, diana) = (world.create("alice").await, world.create_administrator("diana").await);
    let context = administrator(diana.id);
    world.clock.advance(Duration::seconds(5));
    world.try_delete(&context, alice.id).await.unwrap();
    let of_alice: Vec<_> =
        world.audit().await.into_iter().filter(|event| event.target == Some(alice.id)).collect();
    assert_eq!(of_alice[0].kind, AuditKind::UserCreated);
    let expected = AuditEvent {
        kind: AuditKind::UserDeleted,
        at: world.clock.now(),
        actor: format!("user:{}", diana.id),
        target: Some(alice.id),
        key: None,
        ip: context.ip,
        request_id: context.request_id,
    };
    assert_eq!(of_alice[1..], [expected]);
}

#[tokio::test]
async fn an_unknown_user_is_not_deleted_and_a_failure_of_the_store_is_passed_on() {
    let world = World::new();
    let alice = world.create("alice").await;
    let answer = world.try_delete(&AccessContext::system(), UserId::new(99)).await;
    assert_eq!(answer, Err(DeleteUserError::NotFound(UserId::new(99))));
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    let answer = world.try_delete(&AccessContext::system(), alice.id).await;
    assert_eq!(answer, Err(DeleteUserError::from(busy)));
    assert_eq!(world.find(alice.id).await, Some(alice));
}

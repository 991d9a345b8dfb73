//! What somebody learns who does not get in, and what it costs.

use std::collections::BTreeMap;

use denizen_models::{LoginRequest, Secret};
use denizen_services::{
    Failure, HashError, LoginError,
    store::{AuditEvent, AuditKind, StoreFailure},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, failing_members, stranger};

/// A world with alice, with bob who is switched off, and with carol who has no password.
async fn populated() -> World {
    let world = World::new();
    world.create("alice").await;
    let bob = world.create("bob").await;
    world.switch_off(bob.id).await;
    world.create_without_password("carol").await;
    // The first limit that is counted has its key made.
    world.log_in("first", OLD_PASSWORD).await.unwrap_err();
    world
}

/// Who does not get in, and with what.
const REFUSED: [(&str, &str); 10] = [
    ("nobody", OLD_PASSWORD),
    ("nobody@example.com", OLD_PASSWORD),
    ("nobody in the world", OLD_PASSWORD),
    ("@", OLD_PASSWORD),
    ("alice", NEW_PASSWORD),
    ("alice@example.com", NEW_PASSWORD),
    ("bob", OLD_PASSWORD),
    ("bob", NEW_PASSWORD),
    ("carol", OLD_PASSWORD),
    ("alice", "x"),
];

/// Security checklist: 37.
#[tokio::test]
async fn whoever_does_not_get_in_gets_the_same_answer_for_the_same_work() {
    let world = populated().await;
    let hashes = world.hasher.hashes();
    for (login, password) in REFUSED {
        world.store.reset();
        let compared = world.hasher.verifications();
        let error = world.log_in(login, password).await.unwrap_err();
        assert_eq!((&error, error.to_string().as_str()), (&LoginError::Rejected, "wrong login or password"));
        let calls = world.store.all_calls();
        // To find who is meant, and to find the password; to count the attempt twice, and to record it.
        assert_eq!((calls.len(), world.store.user_reads(), calls["commit"]), (3, 2, 3), "{login}: {calls:?}");
        assert_eq!(calls["find_credentials"], 1);
        assert_eq!((world.hasher.verifications() - compared, world.hasher.hashes()), (1, hashes), "{login}");
    }
}

/// Security checklist: 8, 60.
#[tokio::test]
async fn a_failure_is_recorded_with_the_user_who_was_meant_but_not_with_what_was_typed() {
    let world = populated().await;
    let alice = world.find_at("alice@example.com").await.unwrap();
    let event = |target| AuditEvent {
        kind: AuditKind::LoginFailed,
        at: alice.created_at,
        actor: "anonymous".to_owned(),
        target,
        key: None,
        ip: stranger().ip,
        request_id: "stranger".to_owned(),
    };
    for (login, target) in [("alice", Some(alice.id)), ("hunter2hunter2", None)] {
        world.log_in(login, NEW_PASSWORD).await.unwrap_err();
        assert_eq!(world.audit().await.pop(), Some(event(target)), "{login}");
    }
}

#[tokio::test]
async fn what_is_missing_is_said_and_costs_nothing() {
    let world = World::new();
    let request = LoginRequest { login: Secret::from(" "), ..LoginRequest::default() };
    let Err(LoginError::Failure(Failure::Invalid(errors))) = world.auth.login(&stranger(), request).await
    else {
        panic!("not refused")
    };
    let expected = ["login: login cannot be empty", "password: password cannot be empty"];
    assert_eq!(failing_members(&errors), expected);
    assert_eq!((world.store.all_calls(), world.hasher.verifications()), (BTreeMap::new(), 0));
}

#[tokio::test]
async fn a_busy_hasher_and_a_failing_store_are_told_and_open_nothing() {
    let world = World::new();
    let alice = world.create("alice").await;
    world.hasher.fail_next(HashError::Busy);
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), HashError::Busy.into());
    let busy = StoreFailure::Busy("a full queue".into());
    for password in [OLD_PASSWORD, NEW_PASSWORD] {
        world.fail_next_commit(busy.clone());
        assert_eq!(world.log_in("alice", password).await.unwrap_err(), LoginError::from(busy.clone()));
    }
    assert_eq!((world.story_of(alice.id).await, world.sessions_of(alice.id).await.len()), (vec![], 0));
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_password_that_is_replaced_while_it_is_compared_opens_nothing() {
    let world = World::new();
    let alice = world.create("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.replace_password(alice.id, NEW_PASSWORD).await });
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    assert!(world.sessions_of(alice.id).await.is_empty());
}

/// Security checklist: 45.
#[tokio::test]
async fn a_user_who_is_switched_off_while_the_password_is_compared_does_not_get_in() {
    let world = World::new();
    let alice = world.create("alice").await;
    let rival = world.rival();
    world.before_next_credentials(async move { rival.switch_off(alice.id).await });
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    world.switch_on(alice.id).await;
    assert!(world.sessions_of(alice.id).await.is_empty());
}

//! From the password to the session.

use std::collections::BTreeSet;

use chrono::Duration;
use denizen_models::{Secret, User};
use denizen_services::{
    Clock as _, PasswordHash,
    store::{AuditEvent, AuditKind, NewSession, UnitOfWork, WriteStore as _},
};
use denizen_testkit::{InsecureTestHasher, user_values};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, stranger};

async fn world_with_alice() -> (World, User) {
    let world = World::new();
    let alice = world.create("alice").await;
    (world, alice)
}

#[tokio::test]
async fn whoever_knows_the_password_gets_in_by_name_or_address_in_any_case() {
    let (world, alice) = world_with_alice().await;
    for login in ["alice", "ALICE", " Alice ", "alice@example.com", "Alice@EXAMPLE.com"] {
        let signed_in = world.log_in(login, OLD_PASSWORD).await.unwrap();
        assert_eq!(signed_in.user, alice);
        assert_eq!(signed_in.expires_at, world.clock.now() + Duration::days(30));
        let entered = world.use_session(&signed_in).await.unwrap();
        assert_eq!((entered.user, entered.session.id), (alice.clone(), signed_in.session), "{login}");
    }
}

/// Security checklist: 44.
#[tokio::test]
async fn a_session_keeps_where_it_comes_from_but_not_its_token() {
    let (world, alice) = world_with_alice().await;
    let signed_in = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    let session = world.sessions_of(alice.id).await.remove(0);
    let opened = NewSession {
        user: alice.id,
        token: signed_in.token.hash(),
        created_at: world.clock.now(),
        expires_at: signed_in.expires_at,
        ip: stranger().ip,
        user_agent: stranger().user_agent,
    };
    assert_eq!((session.opened, session.last_seen_at), (opened, world.clock.now()));
}

/// Security checklist: 44.
#[tokio::test]
async fn nobody_is_given_the_same_token_twice() {
    let (world, _) = world_with_alice().await;
    let mut tokens = BTreeSet::new();
    for _ in 0..20 {
        let token = world.log_in("alice", OLD_PASSWORD).await.unwrap().token;
        assert_eq!(token.expose().len(), 64);
        tokens.insert(token.expose().to_owned());
    }
    assert_eq!(tokens.len(), 20);
}

/// Security checklist: 60.
#[tokio::test]
async fn signing_in_is_recorded_and_changes_nothing_about_the_user() {
    let (world, alice) = world_with_alice().await;
    world.clock.advance(Duration::hours(1));
    world.log_in("alice", OLD_PASSWORD).await.unwrap();
    let expected = AuditEvent {
        kind: AuditKind::LoginSucceeded,
        at: world.clock.now(),
        actor: "anonymous".to_owned(),
        target: Some(alice.id),
        key: None,
        ip: stranger().ip,
        request_id: "stranger".to_owned(),
    };
    assert_eq!(world.audit().await.pop(), Some(expected));
    assert_eq!(world.find(alice.id).await, Some(alice));
}

/// Somebody whose hash comes from another system.
async fn import(world: &World, hash: PasswordHash) -> User {
    let work = UnitOfWork::new().insert_user(user_values("alice"), Some(hash), world.clock.now());
    let id = world.store.commit(work).await.unwrap().user().unwrap();
    world.find(id).await.unwrap()
}

/// Security checklist: 32.
#[tokio::test]
async fn a_hash_that_is_out_of_date_is_replaced_by_whoever_knows_its_password() {
    let world = World::new();
    let outdated = InsecureTestHasher::outdated_hash(OLD_PASSWORD);
    let alice = import(&world, outdated.clone()).await;
    world.log_in("alice", NEW_PASSWORD).await.unwrap_err();
    assert_eq!(world.password_hash(alice.id).await, Some(outdated.clone()));
    let earlier = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    let replaced = world.password_hash(alice.id).await;
    assert_ne!(replaced, Some(outdated));
    // It is the same password: nothing ends, and nobody is kept from what they had decided on.
    assert_eq!(world.find(alice.id).await, Some(alice.clone()));
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok() && world.lets_in(&earlier).await);
    assert_eq!((world.password_hash(alice.id).await, world.hasher.hashes()), (replaced, 1));
}

/// Security checklist: 69, 81.
#[tokio::test]
async fn a_session_that_is_opened_by_a_clock_which_went_back_is_not_the_one_to_end() {
    let (world, alice) = world_with_alice().await;
    for _ in 0..100 {
        world.open_session(alice.id).await;
    }
    world.clock.advance(-Duration::hours(14));
    let signed_in = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    assert!(world.lets_in(&signed_in).await);
    assert_eq!(world.sessions_of(alice.id).await.len(), 100);
}

#[tokio::test]
async fn the_session_that_was_used_longest_ago_ends_when_there_are_more_than_a_hundred() {
    let (world, alice) = world_with_alice().await;
    let mut sessions = Vec::new();
    for _ in 0..100 {
        sessions.push(world.log_in("alice", OLD_PASSWORD).await.unwrap());
        world.clock.advance(Duration::seconds(1));
    }
    world.clock.advance(Duration::minutes(2));
    assert!(world.lets_in(&sessions[0]).await);
    world.accounts.flush_last_seen().await.unwrap();
    let newest = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    assert_eq!(world.sessions_of(alice.id).await.len(), 100);
    assert!(!world.lets_in(&sessions[1]).await);
    for session in [&sessions[0], &sessions[2], &newest] {
        assert!(world.lets_in(session).await);
    }
}

#[tokio::test]
async fn a_token_that_was_never_given_opens_nothing() {
    let (world, _) = world_with_alice().await;
    world.log_in("alice", OLD_PASSWORD).await.unwrap();
    for token in ["", "x", &"0".repeat(64), &"f".repeat(1_000_000)] {
        assert_eq!(world.present(&Secret::from(token)).await, None);
    }
}

/// NIST SP 800-63B-4, section 3.1.1.2: to change it now and then makes no password better. Security checklist: 36.
#[tokio::test]
async fn a_password_never_grows_too_old() {
    let (world, alice) = world_with_alice().await;
    world.clock.advance(Duration::days(3653));
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap().user, alice);
}

//! Who sees which sessions, and who ends them.

use chrono::Duration;
use denizen_models::UserId;
use denizen_services::{
    AccessContext, Clock as _, Failure, SessionError,
    store::{AuditKind, SessionId},
};

use crate::support::{Entered, OLD_PASSWORD, World, stranger};

const NOBODY: UserId = UserId::new(99);

/// A world in which alice and bob have signed in.
async fn world_with_two() -> (World, Entered, Entered) {
    let world = World::new();
    for name in ["alice", "bob"] {
        world.create(name).await;
    }
    let (alice, bob) = (world.enter("alice").await, world.enter("bob").await);
    (world, alice, bob)
}

async fn list(world: &World, context: &AccessContext, user: UserId) -> Result<Vec<SessionId>, SessionError> {
    let sessions = world.auth.list_sessions(context, user).await?;
    Ok(sessions.into_iter().map(|session| session.id).collect())
}

/// Security checklist: 45.
#[tokio::test]
async fn whoever_signs_out_ends_this_session_and_no_other() {
    let (world, alice, bob) = world_with_two().await;
    let other = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    assert_eq!(world.auth.logout(&alice.context).await, Ok(()));
    assert!(!world.lets_in(&alice.signed_in).await);
    assert!(world.lets_in(&other).await && world.lets_in(&bob.signed_in).await);
    assert_eq!(world.auth.logout(&alice.context).await, Err(Failure::Unauthenticated.into()));
    let story = [AuditKind::LoginSucceeded, AuditKind::LoginSucceeded, AuditKind::LoggedOut];
    assert_eq!(world.story_of(alice.user.id).await, story);
}

#[tokio::test]
async fn whoever_has_not_signed_in_cannot_sign_out() {
    let (world, ..) = world_with_two().await;
    for context in [stranger(), AccessContext::system()] {
        assert_eq!(world.auth.logout(&context).await, Err(SessionError::NotFound));
    }
}

#[tokio::test]
async fn users_see_their_open_sessions_the_one_used_last_first() {
    let (world, alice, _) = world_with_two().await;
    world.clock.advance(Duration::days(3));
    let second = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    world.clock.advance(Duration::days(3));
    let third = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    let listed = list(&world, &alice.context, alice.user.id).await;
    assert_eq!(listed, Ok(vec![third.session, second.session, alice.session.id]));
    assert!(world.lets_in(&second).await);
    world.accounts.flush_last_seen().await.unwrap();
    world.clock.advance(Duration::days(1));
    let listed = list(&world, &alice.context, alice.user.id).await;
    assert_eq!(listed, Ok(vec![third.session, second.session]), "the first was not used for a week");
}

/// Security checklist: 47.
#[tokio::test]
async fn users_end_one_of_their_sessions_by_its_number() {
    let (world, alice, _) = world_with_two().await;
    let other = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    let revoke = async |session| world.auth.revoke_session(&alice.context, alice.user.id, session).await;
    assert_eq!(revoke(other.session).await, Ok(()));
    assert!(!world.lets_in(&other).await && world.lets_in(&alice.signed_in).await);
    assert_eq!(revoke(other.session).await, Err(SessionError::NotFound));
    assert_eq!(world.recorded(AuditKind::LoggedOut).await, 1);
    assert_eq!(world.recorded(AuditKind::SessionEndedByAdmin).await, 0, "it is their own session");
}

/// Security checklist: 47.
#[tokio::test]
async fn the_sessions_of_others_are_not_there() {
    let (world, alice, bob) = world_with_two().await;
    let session = bob.session.id;
    for (context, id) in [
        (&alice.context, bob.user.id),
        (&alice.context, NOBODY),
        (&stranger(), bob.user.id),
        (&world.administrator().await, NOBODY),
    ] {
        let not_found = SessionError::UserNotFound(id);
        assert_eq!(list(&world, context, id).await, Err(not_found.clone()));
        assert_eq!(world.auth.revoke_session(context, id, session).await, Err(not_found.clone()));
        assert_eq!(world.auth.revoke_sessions(context, id).await, Err(not_found));
    }
    // Not under one's own name either.
    let answer = world.auth.revoke_session(&alice.context, alice.user.id, session).await;
    assert_eq!(answer, Err(SessionError::NotFound));
    assert!(world.lets_in(&bob.signed_in).await);
}

/// Security checklist: 47.
#[tokio::test]
async fn users_end_all_their_sessions_but_the_one_they_use() {
    let (world, alice, bob) = world_with_two().await;
    let others = [
        world.log_in("alice", OLD_PASSWORD).await.unwrap(),
        world.log_in("alice", OLD_PASSWORD).await.unwrap(),
    ];
    assert_eq!(world.auth.revoke_sessions(&alice.context, alice.user.id).await, Ok(2));
    for other in &others {
        assert!(!world.lets_in(other).await);
    }
    assert!(world.lets_in(&alice.signed_in).await && world.lets_in(&bob.signed_in).await);
    assert_eq!(world.auth.revoke_sessions(&alice.context, alice.user.id).await, Ok(0));
}

/// Security checklist: 48, 60.
#[tokio::test]
async fn administrators_see_and_end_the_sessions_of_a_user_and_that_is_recorded() {
    let (world, alice, _) = world_with_two().await;
    let context = world.administrator().await;
    let other = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    let listed = list(&world, &context, alice.user.id).await;
    assert_eq!(listed, Ok(vec![other.session, alice.session.id]));
    assert_eq!(world.auth.revoke_session(&context, alice.user.id, other.session).await, Ok(()));
    assert_eq!(world.auth.revoke_sessions(&context, alice.user.id).await, Ok(1));
    assert!(!world.lets_in(&alice.signed_in).await && !world.lets_in(&other).await);
    let trail = world.audit().await;
    let kinds = [AuditKind::SessionEndedByAdmin, AuditKind::SessionsRevoked];
    for (event, kind) in trail[trail.len() - 2..].iter().zip(kinds) {
        let (administrator, _) = context.actor.user().unwrap();
        assert_eq!((event.kind, event.target), (kind, Some(alice.user.id)));
        assert_eq!(event.actor, format!("user:{administrator}"));
        assert_eq!(event.at, world.clock.now());
    }
}

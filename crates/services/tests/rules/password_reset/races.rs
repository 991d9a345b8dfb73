//! What happens while a reset is under way.

use denizen_models::{User, UserId};
use denizen_services::{
    ResetPasswordError,
    store::{AuditKind, MailKind},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World};

async fn alice_with_token() -> (World, User, String) {
    let world = World::tutorial();
    let alice = world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    (world, alice, token)
}

/// The reset is refused, nothing about the password changes, and nothing tells that it did.
async fn assert_too_late(world: &World, alice: UserId, token: &str) {
    assert_eq!(world.reset(token, NEW_PASSWORD).await, Err(ResetPasswordError::InvalidToken));
    assert!(!world.can_log_in_with(alice, NEW_PASSWORD).await);
    assert_eq!(world.recorded(AuditKind::PasswordReset).await, 0);
    assert_eq!(world.waiting(MailKind::PasswordChanged).await, 0);
}

/// Security checklist: 14.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_confirmations_of_one_token_exactly_one_succeeds() {
    let (world, alice, token) = alice_with_token().await;
    // All of them have seen a live token and hashed their password before the first one is committed.
    world.hold_commits_until_there_are(50);
    let attempts: Vec<_> = (0..50)
        .map(|number| {
            let (world, token) = (world.clone(), token.clone());
            tokio::spawn(async move { world.reset(&token, &format!("password of {number}")).await })
        })
        .collect();
    let mut winners = Vec::new();
    for (number, attempt) in attempts.into_iter().enumerate() {
        match attempt.await.unwrap() {
            Ok(()) => winners.push(number),
            Err(error) => assert_eq!(error, ResetPasswordError::InvalidToken),
        }
    }
    assert_eq!((winners.len(), world.hasher.hashes()), (1, 51));
    for number in 0..50 {
        let works = world.can_log_in_with(alice.id, &format!("password of {number}")).await;
        assert_eq!(works, winners == [number], "the password of {number}");
    }
    assert_eq!(world.find(alice.id).await.unwrap().security_version, alice.security_version + 1);
    assert_eq!(world.recorded(AuditKind::PasswordReset).await, 1);
    assert_eq!(world.waiting(MailKind::PasswordChanged).await, 1);
}

#[tokio::test]
async fn a_user_who_is_switched_off_meanwhile_gets_no_new_password() {
    let (world, alice, token) = alice_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.switch_off(alice.id).await });
    assert_too_late(&world, alice.id, &token).await;
    world.switch_on(alice.id).await;
    assert!(world.can_log_in_with(alice.id, OLD_PASSWORD).await);
}

#[tokio::test]
async fn a_user_whose_address_changes_meanwhile_gets_no_new_password() {
    let (world, alice, token) = alice_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.change_email(alice.id, "new@example.com").await });
    assert_too_late(&world, alice.id, &token).await;
    assert!(!world.find(alice.id).await.unwrap().values.email_verified);
}

#[tokio::test]
async fn a_token_that_is_replaced_meanwhile_opens_nothing() {
    let (world, alice, token) = alice_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.obtain_token("alice@example.com").await;
    });
    assert_too_late(&world, alice.id, &token).await;
    assert_eq!(world.reset(&world.token_for("alice@example.com"), NEW_PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn a_user_who_is_deleted_meanwhile_stays_deleted() {
    let (world, alice, token) = alice_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move { rival.delete(alice.id).await });
    assert_too_late(&world, alice.id, &token).await;
    assert_eq!(world.find(alice.id).await, None);
}

#[tokio::test]
async fn a_changed_profile_does_not_get_in_the_way() {
    let (world, alice, token) = alice_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.change(alice.id, |request| request.first_name = "Alicia".to_owned()).await;
    });
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
    assert_eq!(world.find(alice.id).await.unwrap().values.first_name, "Alicia");
    assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
}

#[tokio::test]
async fn roles_that_change_meanwhile_cost_the_attempt_but_not_the_token() {
    let (world, alice, token) = alice_with_token().await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.change(alice.id, |request| request.roles = Some(vec!["admin".to_owned()])).await;
    });
    assert_too_late(&world, alice.id, &token).await;
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
}

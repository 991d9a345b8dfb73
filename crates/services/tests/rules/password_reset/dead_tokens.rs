//! Tokens that open nothing.

use chrono::Duration;
use denizen_models::UserValues;
use denizen_services::{
    Clock as _, ResetPasswordError, TokenHash,
    store::{AuditKind, UnitOfWork, WriteStore as _},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World};

/// A world that tells dead tokens apart, with alice and her token.
async fn world_with_token() -> (World, String) {
    let world = World::tutorial();
    world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    (world, token)
}

async fn assert_invalid(world: &World, token: &str) {
    let hashed = world.hasher.hashes();
    let error = world.reset(token, NEW_PASSWORD).await.unwrap_err();
    assert_eq!(error, ResetPasswordError::InvalidToken, "{token:?}");
    assert_eq!(error.to_string(), "invalid reset token");
    assert_eq!(world.hasher.hashes(), hashed, "a password was hashed for {token:?}");
}

/// Security checklist: 14.
#[tokio::test]
async fn a_token_works_once() {
    let (world, token) = world_with_token().await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    for _ in 0..3 {
        assert_invalid(&world, &token).await;
    }
    assert_eq!(world.recorded(AuditKind::PasswordReset).await, 1);
}

/// Security checklist: 10.
#[tokio::test]
async fn a_second_request_replaces_the_first_token() {
    let (world, first) = world_with_token().await;
    let second = world.obtain_token("alice@example.com").await;
    assert_invalid(&world, &first).await;
    assert_eq!(world.reset(&second, NEW_PASSWORD).await, Ok(()));
}

#[tokio::test]
async fn a_reset_kills_the_token_that_was_mailed_before_it() {
    let (world, first) = world_with_token().await;
    let second = world.obtain_token("alice@example.com").await;
    world.reset(&second, NEW_PASSWORD).await.unwrap();
    assert_invalid(&world, &first).await;
    assert_invalid(&world, &second).await;
}

/// Security checklist: 15.
#[tokio::test]
async fn a_token_is_dead_from_the_instant_it_expires() {
    let (world, token) = world_with_token().await;
    let hashed = world.hasher.hashes();
    for wait in [Duration::minutes(30), Duration::microseconds(1), Duration::days(400)] {
        world.clock.advance(wait);
        assert!(!world.validate(&token).await.valid);
        let error = world.reset(&token, NEW_PASSWORD).await.unwrap_err();
        assert_eq!(error, ResetPasswordError::ExpiredToken);
        assert_eq!(error.to_string(), "reset token has expired");
    }
    assert_eq!(world.hasher.hashes(), hashed);
}

#[tokio::test]
async fn a_token_lives_from_its_mail_not_from_its_request() {
    let (world, _) = world_with_token().await;
    world.request_reset("alice@example.com").await;
    world.clock.advance(Duration::hours(5));
    world.deliver_mail().await;
    let token = world.token_for("alice@example.com");
    world.clock.advance(Duration::minutes(29));
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
}

/// Security checklist: 16, 25.
#[tokio::test]
async fn what_was_never_given_opens_nothing_and_harms_no_token() {
    let (world, token) = world_with_token().await;
    for guess in [
        "x",
        "0",
        &"0".repeat(64),
        &token.to_uppercase(),
        &token[..63],
        &format!("{token}0"),
        &format!(" {token}"),
        &"🦀".repeat(10_000),
        "' OR 1=1 --",
        "\0",
    ] {
        assert_invalid(&world, guess).await;
        assert!(!world.validate(guess).await.valid);
    }
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
}

/// Security checklist: 7.
#[tokio::test]
async fn what_the_store_keeps_of_a_token_is_no_token() {
    let (world, token) = world_with_token().await;
    let kept = TokenHash::of(&token.as_str().into());
    assert_invalid(&world, &hex::encode(kept.as_bytes())).await;
}

/// Security checklist: 25.
#[tokio::test]
async fn a_token_opens_the_account_that_it_was_mailed_to_and_no_other() {
    let world = World::tutorial();
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    let hers = world.obtain_token("alice@example.com").await;
    let his = world.obtain_token("bob@example.com").await;
    world.reset(&hers, NEW_PASSWORD).await.unwrap();
    assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
    assert!(world.can_log_in_with(bob.id, OLD_PASSWORD).await);
    assert!(world.validate(&his).await.valid);
}

#[tokio::test]
async fn a_user_who_is_switched_off_is_mailed_nothing() {
    let (world, _) = world_with_token().await;
    let bob = world.create("bob").await;
    world.switch_off(bob.id).await;
    world.request_reset("bob@example.com").await;
    assert_eq!(world.deliver_mail().await, 1);
    assert!(world.mailer.sent_to("bob@example.com").is_empty() && world.jobs().await.is_empty());
    assert_eq!(world.tokens.minted().len(), 1);
}

/// Security checklist: 16.
#[tokio::test]
async fn a_token_is_dead_while_its_user_is_off_even_if_nobody_revoked_it() {
    let world = World::tutorial();
    let alice = world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    let off = UserValues { active: false, ..alice.values };
    let work = UnitOfWork::new().update_user(alice.id, alice.revision, off, world.clock.now());
    world.store.commit(work).await.unwrap();
    assert!(!world.validate(&token).await.valid);
    assert_invalid(&world, &token).await;
}

#[tokio::test]
async fn the_token_of_a_deleted_user_is_dead() {
    let (world, token) = world_with_token().await;
    let bob = world.create("bob").await;
    let his = world.obtain_token("bob@example.com").await;
    world.delete(bob.id).await;
    assert_invalid(&world, &his).await;
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
}

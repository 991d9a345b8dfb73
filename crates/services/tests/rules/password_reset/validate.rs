//! Asking about a token.

use std::collections::BTreeMap;

use chrono::Duration;
use denizen_models::{ResetTokenStatus, Secret, TokenRequest};
use denizen_services::{Clock as _, Failure};

use crate::support::{NEW_PASSWORD, World, failing_members, stranger};

const INVALID: ResetTokenStatus = ResetTokenStatus { valid: false, expires_at: None };

/// Security checklist: 15, 17.
#[tokio::test]
async fn a_live_token_is_valid_until_it_expires_however_often_one_asks() {
    let world = World::new();
    world.create("alice").await;
    let token = world.obtain_token("alice@example.com").await;
    let expires_at = Some(world.clock.now() + Duration::minutes(30));
    world.store.reset();
    for _ in 0..20 {
        assert_eq!(world.validate(&token).await, ResetTokenStatus { valid: true, expires_at });
    }
    let calls = BTreeMap::from([("commit", 20), ("find_token", 20), ("find_user", 20)]);
    assert_eq!(world.store.all_calls(), calls);
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));
}

/// Security checklist: 16.
#[tokio::test]
async fn nothing_is_told_about_a_dead_token_whatever_killed_it() {
    for world in [World::new(), World::tutorial()] {
        let alice = world.create("alice").await;
        assert_eq!(world.validate(&"0".repeat(64)).await, INVALID);
        let replaced = world.obtain_token("alice@example.com").await;
        let used = world.obtain_token("alice@example.com").await;
        assert_eq!(world.validate(&replaced).await, INVALID);
        world.reset(&used, NEW_PASSWORD).await.unwrap();
        assert_eq!(world.validate(&used).await, INVALID);
        let expired = world.obtain_token("alice@example.com").await;
        world.clock.advance(Duration::minutes(30));
        assert_eq!(world.validate(&expired).await, INVALID);
        let revoked = world.obtain_token("alice@example.com").await;
        world.switch_off(alice.id).await;
        assert_eq!(world.validate(&revoked).await, INVALID);
    }
}

#[tokio::test]
async fn a_question_needs_a_token() {
    let world = World::new();
    for token in ["", " \n"] {
        let request = TokenRequest { token: Secret::from(token) };
        let Err(Failure::Invalid(errors)) = world.users.validate_reset_token(&stranger(), request).await
        else {
            panic!("{token:?} was looked up")
        };
        assert_eq!(failing_members(&errors), ["token: token cannot be empty"]);
    }
    assert_eq!(world.store.all_calls(), BTreeMap::new());
}

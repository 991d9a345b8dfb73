//! A forgotten password in three tests. The guide has its reader write them.

use chrono::Duration;
use denizen_services::ResetPasswordError;

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World};

/// Security checklist: 13.
#[tokio::test]
async fn the_new_password_works_and_the_old_one_does_not() {
    let world = World::new();
    let alice = world.create("alice").await;

    world.request_reset("alice@example.com").await;
    world.deliver_mail().await;
    let token = world.token_for("alice@example.com");
    assert_eq!(world.reset(&token, NEW_PASSWORD).await, Ok(()));

    assert!(world.can_log_in_with(alice.id, NEW_PASSWORD).await);
    assert!(!world.can_log_in_with(alice.id, OLD_PASSWORD).await);
}

/// Security checklist: 15.
#[tokio::test]
async fn a_token_works_for_half_an_hour_and_not_a_microsecond_longer() {
    let last_moment = Duration::minutes(30) - Duration::microseconds(1);
    let dead = Err(ResetPasswordError::InvalidOrExpired);
    for (wait, answer) in [(last_moment, Ok(())), (Duration::minutes(30), dead)] {
        let world = World::new();
        world.create("alice").await;
        let token = world.obtain_token("alice@example.com").await;

        world.clock.advance(wait);

        assert_eq!(world.validate(&token).await.valid, answer.is_ok());
        assert_eq!(world.reset(&token, NEW_PASSWORD).await, answer);
    }
}

#[tokio::test]
async fn a_stranger_is_answered_the_same_whether_or_not_there_is_an_account() {
    let world = World::new();
    world.create("alice").await;

    for address in ["alice@example.com", "nobody@example.com"] {
        assert_eq!(world.try_request_reset(address).await, Ok(()));
        assert_eq!(world.deliver_mail().await, 1);
    }

    let mails = world.mailer.sent();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "alice@example.com"));
}

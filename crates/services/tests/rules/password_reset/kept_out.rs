//! A reset by mail lets in whom others have kept out by guessing.

use chrono::Duration;
use denizen_services::{Failure, Limits, LoginError, ServiceSettings};

use crate::support::{NEW_PASSWORD, World};

/// A world with the default limits, except that all of its people share an address, and with alice, for whom somebody
/// tries wrong passwords, this many of them, and this far apart.
async fn world_with_guesses(guesses: usize, spacing: Duration) -> World {
    let limits = Limits { login_per_ip: Limits::GENEROUS.login_per_ip, ..Limits::default() };
    let world = World::with(ServiceSettings { limits, ..ServiceSettings::default() });
    world.create("alice").await;
    for _ in 0..guesses {
        assert_eq!(world.log_in("alice", NEW_PASSWORD).await.unwrap_err(), LoginError::Rejected);
        world.clock.advance(spacing);
    }
    assert!(matches!(
        world.log_in("alice", NEW_PASSWORD).await,
        Err(LoginError::Failure(Failure::RateLimited(_)))
    ));
    world
}

async fn assert_reset_lets_in(world: &World) {
    let token = world.obtain_token("alice@example.com").await;
    world.reset(&token, NEW_PASSWORD).await.unwrap();
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok());
}

/// Security checklist: 39.
#[tokio::test]
async fn a_reset_by_mail_lets_a_user_in_again_whom_others_have_kept_out() {
    let world = world_with_guesses(10, Duration::zero()).await;
    assert_reset_lets_in(&world).await;
}

/// Security checklist: 38, 39.
#[tokio::test]
async fn a_reset_by_mail_opens_an_account_that_fifty_failures_in_a_row_have_closed() {
    let world = world_with_guesses(50, Duration::minutes(1)).await;
    world.clock.advance(Duration::days(7));
    assert!(matches!(
        world.log_in("alice", NEW_PASSWORD).await,
        Err(LoginError::Failure(Failure::RateLimited(_)))
    ));
    assert_reset_lets_in(&world).await;
}

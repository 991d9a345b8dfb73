//! A reset by mail lets in whom others have kept out by guessing.

use chrono::Duration;
use denizen_services::{Failure, Limits, LoginError, ServiceSettings};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World};

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
    world
}

async fn assert_reset_lets_in(world: &World) {
    let (device, _) = world.reset_on_device("alice@example.com", NEW_PASSWORD).await;
    assert!(world.log_in_on(&device, "alice", NEW_PASSWORD).await.is_ok());
}

/// Security checklist: 39.
#[tokio::test]
async fn a_reset_by_mail_lets_a_user_in_again_whom_others_have_kept_out() {
    let world = world_with_guesses(10, Duration::zero()).await;
    let answer = world.log_in("alice", OLD_PASSWORD).await.unwrap_err();
    assert_eq!(answer, LoginError::Failure(Failure::RateLimited(Duration::minutes(2))));
    assert_reset_lets_in(&world).await;
}

/// Security checklist: 38, 39.
#[tokio::test]
async fn a_reset_by_mail_opens_an_account_that_fifty_failures_in_a_row_have_closed() {
    let world = world_with_guesses(50, Duration::minutes(2)).await;
    world.clock.advance(Duration::days(7));
    assert_eq!(world.log_in("alice", OLD_PASSWORD).await.unwrap_err(), LoginError::Rejected);
    assert_reset_lets_in(&world).await;
    assert!(world.log_in("alice", NEW_PASSWORD).await.is_ok(), "on any device");
}

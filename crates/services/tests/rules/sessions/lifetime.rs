//! How long a session lasts, and how its use is noted.

use chrono::Duration;
use denizen_models::ADMIN_ROLE;
use denizen_services::{Clock as _, Limits, ServiceSettings, store::StoreFailure};

use crate::support::{OLD_PASSWORD, World};

const MOMENT: Duration = Duration::microseconds(1);

async fn world_with_alice() -> World {
    let world = World::new();
    world.create("alice").await;
    world
}

/// Security checklist: 46.
#[tokio::test]
async fn a_session_that_nobody_uses_ends_after_seven_days() {
    let world = world_with_alice().await;
    let session = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    world.clock.advance(Duration::days(7) - MOMENT);
    assert!(world.lets_in(&session).await);
    world.clock.advance(MOMENT);
    assert!(!world.lets_in(&session).await);
}

/// Security checklist: 46.
#[tokio::test]
async fn a_session_in_use_ends_after_thirty_days_to_the_moment() {
    let world = world_with_alice().await;
    let session = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    for _ in 0..5 {
        world.clock.advance(Duration::days(6) - MOMENT);
        assert!(world.lets_in(&session).await);
        world.accounts.flush_last_seen().await.unwrap();
    }
    world.clock.set(session.expires_at - MOMENT);
    assert!(world.lets_in(&session).await);
    world.clock.set(session.expires_at);
    assert!(!world.lets_in(&session).await);
}

#[tokio::test]
async fn both_times_are_those_of_the_settings() {
    let settings = ServiceSettings {
        session_lifetime: Duration::minutes(10),
        session_idle_timeout: Duration::minutes(5),
        limits: Limits::GENEROUS,
        ..ServiceSettings::default()
    };
    let world = World::with(settings);
    world.create("alice").await;
    let session = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    assert_eq!(session.expires_at, world.clock.now() + Duration::minutes(10));
    world.clock.advance(Duration::minutes(5));
    assert!(!world.lets_in(&session).await);
}

#[tokio::test]
async fn uses_are_noted_together_and_each_session_at_most_once_a_minute() {
    let world = world_with_alice().await;
    let alice = world.enter("alice").await;
    let other = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    world.clock.advance(Duration::minutes(1) - MOMENT);
    for _ in 0..20 {
        assert!(world.lets_in(&alice.signed_in).await);
    }
    world.accounts.flush_last_seen().await.unwrap();
    assert_eq!(world.store.calls("touch_sessions"), 0);
    world.clock.advance(MOMENT);
    for _ in 0..20 {
        assert!(world.lets_in(&alice.signed_in).await && world.lets_in(&other).await);
    }
    for _ in 0..3 {
        world.accounts.flush_last_seen().await.unwrap();
    }
    assert_eq!(world.store.calls("touch_sessions"), 1);
    for session in world.sessions_of(alice.user.id).await {
        assert_eq!(session.last_seen_at, world.clock.now());
    }
}

#[tokio::test]
async fn to_use_a_session_writes_nothing() {
    let world = world_with_alice().await;
    let session = world.log_in("alice", OLD_PASSWORD).await.unwrap();
    world.clock.advance(Duration::hours(1));
    world.store.reset();
    assert!(world.lets_in(&session).await);
    let calls = world.store.all_calls();
    assert_eq!(calls, [("find_session", 1), ("find_user", 1)].into(), "{calls:?}");
}

#[tokio::test]
async fn a_use_that_cannot_be_noted_costs_nobody_the_session() {
    let world = world_with_alice().await;
    let alice = world.enter("alice").await;
    let opened_at = world.clock.now();
    world.clock.advance(Duration::hours(1));
    assert!(world.lets_in(&alice.signed_in).await);
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_touch(busy.clone());
    assert_eq!(world.accounts.flush_last_seen().await, Err(busy));
    assert_eq!(world.sessions_of(alice.user.id).await[0].last_seen_at, opened_at);
    assert!(world.lets_in(&alice.signed_in).await);
}

/// Security checklist: 45.
#[tokio::test]
async fn a_session_that_ended_is_not_revived_by_its_last_use() {
    let world = world_with_alice().await;
    let alice = world.enter("alice").await;
    world.clock.advance(Duration::hours(1));
    assert!(world.lets_in(&alice.signed_in).await);
    world.switch_off(alice.user.id).await;
    world.accounts.flush_last_seen().await.unwrap();
    world.switch_on(alice.user.id).await;
    assert!(!world.lets_in(&alice.signed_in).await);
}

/// Security checklist: 50.
#[tokio::test]
async fn what_a_user_becomes_is_seen_with_the_next_use() {
    let world = world_with_alice().await;
    let alice = world.enter("alice").await;
    assert!(!alice.context.is_admin());
    world.change(alice.user.id, |request| request.roles = Some(vec![ADMIN_ROLE.to_owned()])).await;
    assert!(world.use_session(&alice.signed_in).await.unwrap().context.is_admin());
    world.create_administrator("diana").await;
    world.delete(alice.user.id).await;
    assert!(!world.lets_in(&alice.signed_in).await);
}

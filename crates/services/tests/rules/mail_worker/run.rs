//! The worker's loop: when it wakes, and how it stops.
//!
//! Tokio's clock stands still in here and jumps only when everybody waits, so it shows exactly who waited for what.

use std::time::Duration as StdDuration;

use chrono::Duration;
use denizen_services::{ServiceSettings, store::StoreFailure};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, advance, timeout},
};

use crate::support::World;

const ALICE: &str = "alice@example.com";

async fn world_of(names: &[&str]) -> World {
    let world = World::new();
    for name in names {
        world.create(name).await;
    }
    world
}

/// By then the worker has looked at the queue ten times.
const PATIENCE: StdDuration = StdDuration::from_secs(10);

async fn wait_for_mail_to(world: &World, address: &str) {
    let token = timeout(PATIENCE, world.mailer.next_token_for(address)).await;
    assert!(token.is_ok(), "no mail to {address}");
}

async fn wait_for_end_of(running: JoinHandle<()>) {
    timeout(PATIENCE, running).await.expect("a worker that stops").expect("a worker that does not panic");
}

/// Lets the worker run until it is told to stop.
fn start(world: &World) -> (watch::Sender<bool>, JoinHandle<()>) {
    let ((stop, stopped), worker) = (watch::channel(false), world.worker.clone());
    (stop, tokio::spawn(async move { worker.run(stopped).await }))
}

#[tokio::test(start_paused = true)]
async fn a_commit_wakes_the_worker_at_once() {
    let world = world_of(&["alice"]).await;
    let _running = start(&world);
    // Long enough for a worker that has found nothing to fall asleep.
    advance(StdDuration::from_millis(1_500)).await;
    let asked = Instant::now();
    for _ in 0..10 {
        world.request_verification(ALICE).await;
        wait_for_mail_to(&world, ALICE).await;
    }
    assert_eq!(asked.elapsed(), StdDuration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_request_while_another_mail_is_sent_is_not_forgotten() {
    let world = world_of(&["alice", "bob"]).await;
    let _running = start(&world);
    let (asked, asking) = (Instant::now(), world.clone());
    world.while_sending_next(async move { asking.request_verification("bob@example.com").await });
    world.request_verification(ALICE).await;
    wait_for_mail_to(&world, "bob@example.com").await;
    assert_eq!(asked.elapsed(), StdDuration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_was_queued_before_the_worker_started_is_delivered() {
    let world = world_of(&["alice"]).await;
    world.rival().request_verification(ALICE).await;
    let (started, _running) = (Instant::now(), start(&world));
    wait_for_mail_to(&world, ALICE).await;
    assert_eq!(started.elapsed(), StdDuration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_due_without_a_commit_is_found_within_a_second() {
    let world = world_of(&["alice"]).await;
    world.request_verification(ALICE).await;
    world.clock.advance(-Duration::hours(1));
    let _running = start(&world);
    advance(StdDuration::from_millis(2_500)).await;
    assert!(world.mailer.sent().is_empty());
    world.clock.advance(Duration::hours(1));
    let due = Instant::now();
    wait_for_mail_to(&world, ALICE).await;
    assert!(due.elapsed() <= StdDuration::from_secs(1), "{:?}", due.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_told_to_stop_ends_after_the_current_mail_and_leaves_the_rest_to_others() {
    let world = World::with(ServiceSettings { mail_workers: 1, ..ServiceSettings::default() });
    for name in ["alice", "bob", "carol"] {
        world.create(name).await;
    }
    for name in ["alice", "bob", "carol"] {
        world.request_verification(&format!("{name}@example.com")).await;
    }
    let (stop, running) = start(&world);
    world.while_sending_next(async move { stop.send(true).unwrap() });
    wait_for_end_of(running).await;
    assert_eq!((world.mailer.sent().len(), world.mailer.sent_to(ALICE).len()), (1, 1));
    assert_eq!(world.jobs().await.len(), 2);
    // At the same instant: nothing of the rest is leased.
    assert_eq!(world.rival().deliver_mail().await, 2);
}

#[tokio::test(start_paused = true)]
async fn a_sleeping_worker_stops_at_once() {
    let world = world_of(&[]).await;
    let (stop, running) = start(&world);
    advance(StdDuration::from_millis(1_500)).await;
    let told = Instant::now();
    stop.send(true).unwrap();
    wait_for_end_of(running).await;
    assert_eq!(told.elapsed(), StdDuration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_nobody_can_stop_any_more_stops() {
    let world = world_of(&[]).await;
    let (stop, running) = start(&world);
    drop(stop);
    wait_for_end_of(running).await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_was_stopped_before_it_started_sends_nothing() {
    let world = world_of(&["alice"]).await;
    world.request_verification(ALICE).await;
    let (_stop, stopped) = watch::channel(true);
    let worker = world.worker.clone();
    wait_for_end_of(tokio::spawn(async move { worker.run(stopped).await })).await;
    assert_eq!((world.mailer.sent().len(), world.jobs().await.len()), (0, 1));
    assert_eq!(world.deliver_mail().await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_be_read_is_read_again() {
    let world = world_of(&["alice"]).await;
    for _ in 0..3 {
        world.fail_next_lease(StoreFailure::Busy("a full queue".into()));
    }
    let _running = start(&world);
    world.request_verification(ALICE).await;
    wait_for_mail_to(&world, ALICE).await;
    assert!(world.store.calls("lease_mail") > 3);
}

#[tokio::test]
async fn a_failure_of_the_queue_is_passed_on_to_whoever_delivers_by_hand() {
    let world = world_of(&["alice"]).await;
    world.request_verification(ALICE).await;
    let failure = StoreFailure::Unavailable("gone".into());
    world.fail_next_lease(failure.clone());
    assert_eq!(world.worker.deliver_now().await, Err(failure.into()));
    assert_eq!(world.worker.deliver_now().await, Ok(1));
}

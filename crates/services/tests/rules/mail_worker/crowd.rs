//! Several mails at once, and what becomes of those that are sent and not finished.

use std::{future::pending, sync::Arc, time::Duration as StdDuration};

use chrono::Duration;
use denizen_services::{Limits, ServiceSettings, store::StoreFailure};
use tokio::{
    sync::{Barrier, Notify, watch},
    time::{Instant, timeout},
};

use crate::support::World;

/// A world with a worker that sends this many mails at once, and with some who wait for mail.
async fn world_of(mail_workers: usize, waiting: usize) -> World {
    let limits = Limits::GENEROUS;
    let world = World::with(ServiceSettings { mail_workers, limits, ..ServiceSettings::default() });
    for number in 0..waiting {
        world.create(&format!("user{number}")).await;
        world.request_verification(&address(number)).await;
    }
    world
}

fn address(number: usize) -> String {
    format!("user{number}@example.com")
}

fn busy() -> StoreFailure {
    StoreFailure::Busy("a full queue".into())
}

#[tokio::test(start_paused = true)]
async fn as_many_mails_are_sent_at_once_as_the_settings_say() {
    let world = world_of(3, 3).await;
    let barrier = Arc::new(Barrier::new(3));
    for _ in 0..3 {
        let barrier = barrier.clone();
        world.while_sending_next(async move {
            barrier.wait().await;
        });
    }
    let delivered = timeout(StdDuration::from_secs(60), world.deliver_mail()).await;
    assert_eq!((delivered, world.mailer.sent().len()), (Ok(3), 3));
}

#[tokio::test]
async fn no_more_are_leased_than_are_sent_at_once() {
    for (workers, begun) in [(0, 1), (1, 1), (2, 2)] {
        let world = world_of(workers, 5).await;
        let rival = world.rival_with(ServiceSettings::default());
        world.while_sending_next(async move { assert_eq!(rival.deliver_mail().await, 5 - begun) });
        assert_eq!(world.deliver_mail().await, begun, "{workers}");
        assert_eq!(world.mailer.sent().len(), 5);
    }
}

/// Security checklist: 61.
#[tokio::test(start_paused = true)]
async fn a_mail_server_that_keeps_one_mail_waiting_does_not_keep_the_others() {
    let world = world_of(2, 1).await;
    world.while_sending_next(pending());
    let (_stop, stopped) = watch::channel(false);
    let worker = world.worker.clone();
    let running = tokio::spawn(async move { worker.run(stopped).await });
    tokio::time::sleep(StdDuration::from_millis(1_500)).await;
    let asked = Instant::now();
    for number in 1..20 {
        world.create(&format!("user{number}")).await;
        world.request_verification(&address(number)).await;
        let token = timeout(StdDuration::from_secs(10), world.mailer.next_token_for(&address(number))).await;
        assert!(token.is_ok(), "no mail to {number}");
    }
    assert_eq!((asked.elapsed(), world.mailer.sent_to(&address(0)).len()), (StdDuration::ZERO, 0));
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_told_to_stop_finishes_every_mail_it_has_begun() {
    let world = world_of(2, 4).await;
    let (stop, stopped) = watch::channel(false);
    let go_on = Arc::new(Notify::new());
    for _ in 0..2 {
        let go_on = go_on.clone();
        world.while_sending_next(async move { go_on.notified().await });
    }
    let worker = world.worker.clone();
    let running = tokio::spawn(async move { worker.run(stopped).await });
    tokio::time::sleep(StdDuration::from_millis(1_500)).await;
    stop.send(true).unwrap();
    tokio::time::sleep(StdDuration::from_secs(1)).await;
    assert!(!running.is_finished() && world.mailer.sent().is_empty());
    go_on.notify_waiters();
    timeout(StdDuration::from_secs(10), running).await.unwrap().unwrap();
    assert_eq!((world.mailer.sent().len(), world.jobs().await.len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_takes_too_long_at_the_stop_does_not_wait_for_its_lease() {
    let world = world_of(1, 1).await;
    let (stop, stopped) = watch::channel(false);
    world.while_sending_next(std::future::pending());
    let worker = world.worker.clone();
    let running = tokio::spawn(async move { worker.run(stopped).await });
    tokio::time::sleep(StdDuration::from_millis(1_500)).await;
    stop.send(true).unwrap();
    timeout(StdDuration::from_secs(3), running).await.expect("an end").unwrap();
    assert_eq!((world.mailer.sent().len(), world.jobs().await.len()), (0, 1));
    world.clock.advance(Duration::seconds(3));
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!((world.mailer.sent().len(), world.jobs().await.len()), (1, 0));
}

/// Security checklist: 4.
#[tokio::test]
async fn a_panic_while_one_mail_is_sent_costs_no_other_mail() {
    let world = world_of(1, 2).await;
    world.while_sending_next(async { panic!("a bug in the mailer") });
    assert_eq!(world.deliver_mail().await, 2);
    assert_eq!((world.mailer.sent().len(), world.jobs().await.len()), (1, 1));
    world.clock.advance(Duration::minutes(5));
    assert_eq!((world.deliver_mail().await, world.mailer.sent().len()), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_is_sent_is_not_sent_again_because_the_store_is_busy_for_a_moment() {
    let world = world_of(1, 1).await;
    for _ in 0..5 {
        world.fail_next_finish(busy());
    }
    let begun = Instant::now();
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!((begun.elapsed(), world.jobs().await.len()), (StdDuration::from_secs(31), 0));
    world.clock.advance(Duration::minutes(5));
    assert_eq!((world.deliver_mail().await, world.mailer.sent().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stays_busy_is_left_alone_long_before_the_lease_ends() {
    let world = world_of(1, 1).await;
    for _ in 0..6 {
        world.fail_next_finish(busy());
    }
    let begun = Instant::now();
    assert_eq!(world.worker.deliver_now().await, Err(busy().into()));
    assert!(begun.elapsed() < StdDuration::from_secs(60), "{:?}", begun.elapsed());
    world.clock.advance(Duration::minutes(5));
    assert_eq!((world.deliver_mail().await, world.mailer.sent().len(), world.jobs().await.len()), (1, 2, 0));
}

#[tokio::test]
async fn a_failure_ends_the_delivery_by_hand_only_when_what_was_begun_is_done() {
    let world = world_of(2, 3).await;
    let failing = world.clone();
    world.while_sending_next(async move { failing.fail_next_lease(busy()) });
    assert_eq!(world.worker.deliver_now().await, Err(busy().into()));
    assert_eq!((world.mailer.sent().len(), world.jobs().await.len()), (2, 1));
}

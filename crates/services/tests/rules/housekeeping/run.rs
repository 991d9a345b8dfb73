//! The housekeeper's loops: what happens every second, what every minute, and how they end.
//!
//! Tokio's clock stands still in here and jumps only when everybody waits.

use std::{future::pending, time::Duration as StdDuration};

use chrono::{DateTime, Duration, Utc};
use denizen_services::{
    Clock as _, ServiceSettings,
    store::{ReadStore as _, StoreFailure},
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::House;
use crate::support::log;

pub(super) fn start(house: &House) -> (watch::Sender<bool>, JoinHandle<()>) {
    let ((stop, stopped), keeper) = (watch::channel(false), house.keeper.clone());
    (stop, tokio::spawn(async move { keeper.run(stopped).await }))
}

/// Lets everybody do what they do in this time, which should not end just when something is due.
pub(super) async fn let_pass(millis: u64) {
    let nothing = timeout(StdDuration::from_millis(millis), pending::<()>()).await;
    assert!(nothing.is_err(), "time passes");
}

async fn wait_for_end_of(running: JoinHandle<()>) {
    let end = timeout(StdDuration::from_secs(10), running).await;
    end.expect("a housekeeper that stops").expect("a housekeeper that does not panic");
}

fn logged(text: &str) -> usize {
    log::lines().iter().filter(|line| line.contains(text)).count()
}

#[tokio::test(start_paused = true)]
async fn the_use_of_a_session_is_noted_within_a_second() {
    let house = House::new();
    let alice = house.world.create("alice").await;
    let session = house.sign_in(&alice).await;
    let _running = start(&house);
    let_pass(10_500).await;
    house.world.clock.advance(Duration::hours(1));
    house.authenticate(&session).await;
    let_pass(1_000).await;
    let sessions = house.world.store.list_sessions(alice.id).await.unwrap();
    assert_eq!(sessions[0].last_seen_at - sessions[0].opened.created_at, Duration::hours(1));
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_removed_within_a_minute_however_much_it_is() {
    let house = House::new();
    house.record(2_500).await;
    house.world.clock.advance(Duration::days(365));
    let _running = start(&house);
    let_pass(500).await;
    assert!(!house.world.audit().await.is_empty());
    house.world.clock.advance(Duration::days(1));
    let_pass(60_000).await;
    assert!(house.world.audit().await.is_empty());
}

/// The days on which the records that are left were written.
async fn days(house: &House, first: DateTime<Utc>) -> Vec<i64> {
    house.world.audit().await.iter().map(|event| (event.at - first).num_days()).collect()
}

/// A house with an event on each of these days, on the day on which the retention of the first one ends.
async fn house_with_events_on(days: &[i64]) -> (House, DateTime<Utc>) {
    let house = House::new();
    let first = house.world.clock.now();
    for day in days {
        house.world.clock.set(first + Duration::days(*day));
        house.record(1).await;
    }
    house.world.clock.set(first + Duration::days(365));
    log::capture();
    (house, first)
}

const HOUR: u64 = 3_600_000;

/// Security checklist: 69.
#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_ahead_costs_a_day_of_the_audit_trail_an_hour_and_the_log_says_so() {
    let (house, first) = house_with_events_on(&[0, 1, 2, 5]).await;
    let _running = start(&house);
    let_pass(30_500).await;
    assert_eq!((days(&house, first).await, logged("audit_retention")), (vec![0, 1, 2, 5], 0));
    house.world.clock.advance(Duration::days(500));
    for left in [&[1, 2, 5][..], &[2, 5], &[5], &[5], &[5], &[]] {
        let_pass(2 * 60_000).await;
        assert_eq!(days(&house, first).await, left);
        let_pass(HOUR - 2 * 60_000).await;
        assert_eq!(days(&house, first).await, left, "at the end of the hour");
    }
    let warning = "WARN denizen_services::housekeeping much of the audit trail is older than audit_retention: one \
                   day of it is removed each hour; if the setting was not changed, check the clock, which says \
                   2028-05-15 00:00";
    assert_eq!(logged(warning), 6, "{:#?}", log::lines());
}

/// Security checklist: 69.
#[tokio::test(start_paused = true)]
async fn a_clock_that_is_right_again_costs_no_more_of_the_audit_trail() {
    let (house, first) = house_with_events_on(&[0, 1, 2]).await;
    let _running = start(&house);
    let_pass(30_500).await;
    house.world.clock.advance(Duration::days(500));
    let_pass(2 * 60_000).await;
    house.world.clock.advance(-Duration::days(500));
    let_pass(5 * HOUR).await;
    assert_eq!(days(&house, first).await, [1, 2]);
}

/// Security checklist: 69.
#[tokio::test(start_paused = true)]
async fn neither_restarts_nor_further_processes_make_the_audit_trail_shrink_faster() {
    let (house, first) = house_with_events_on(&[0, 1, 2]).await;
    house.world.clock.advance(Duration::days(500));
    for _ in 0..100 {
        let restarted = House::of(house.world.clone(), ServiceSettings::default(), None);
        let (stop, running) = start(&restarted);
        let_pass(10_500).await;
        stop.send(true).unwrap();
        wait_for_end_of(running).await;
    }
    assert_eq!(days(&house, first).await, [0, 1, 2]);
    let processes = [(); 3].map(|()| House::of(house.world.clone(), ServiceSettings::default(), None));
    let _running = processes.each_ref().map(start);
    let_pass(HOUR - 60_000).await;
    assert_eq!(days(&house, first).await, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn records_of_a_clock_that_had_lost_the_time_do_not_keep_the_others_for_ever() {
    let audit_retention = Some(Duration::hours(10));
    let house = House::with(ServiceSettings { audit_retention, ..ServiceSettings::default() });
    let first = house.world.clock.now();
    for day in [-20_000, 0] {
        house.world.clock.set(first + Duration::days(day));
        house.record(1).await;
    }
    house.world.clock.advance(Duration::days(1));
    let _running = start(&house);
    let_pass(2 * 60_000).await;
    assert_eq!(days(&house, first).await, [0]);
    let_pass(HOUR).await;
    assert!(days(&house, first).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_idle_house_is_looked_through_once_a_minute() {
    let house = House::new();
    let _running = start(&house);
    let_pass(599_000).await;
    let calls: Vec<_> = house.world.store.all_calls().into_iter().collect();
    let every_minute = ["commit", "find_earliest_audit_time", "list_password_schemes"];
    assert_eq!(calls, every_minute.map(|call| (call, 10)));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_logged_once_until_it_is_over() {
    let house = House::new();
    log::capture();
    for _ in 0..3 {
        house.world.fail_next_commit(StoreFailure::Busy("locked".into()));
    }
    let _running = start(&house);
    let_pass(150_000).await;
    let complaint = "WARN denizen_services::housekeeping removing what has expired fails, and is tried again: \
                     the store is busy: locked";
    assert_eq!((logged(complaint), logged("works again")), (1, 0), "{:#?}", log::lines());
    let_pass(60_000).await;
    assert_eq!((logged(complaint), logged("removing what has expired works again")), (1, 1));
    house.world.fail_next_commit(StoreFailure::Busy("locked".into()));
    let_pass(120_000).await;
    assert_eq!((logged(complaint), logged("works again")), (2, 2), "another failure is another one");
}

#[tokio::test(start_paused = true)]
async fn it_stops_at_once() {
    let house = House::new();
    let (stop, running) = start(&house);
    let_pass(10_500).await;
    let told = Instant::now();
    stop.send(true).unwrap();
    wait_for_end_of(running).await;
    assert_eq!(told.elapsed(), StdDuration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn it_stops_in_the_middle_of_much_to_remove() {
    let house = House::new();
    let alice = house.world.create("alice").await;
    for _ in 0..2_500 {
        house.world.open_session(alice.id).await;
    }
    house.world.clock.advance(Duration::days(366));
    let (stop, stopped) = watch::channel(false);
    house.world.before_next_commit(async move { stop.send(true).unwrap() });
    house.world.store.reset();
    house.keeper.run(stopped).await;
    assert_eq!(house.world.store.calls("commit"), 1);
    assert_eq!(house.world.sessions_of(alice.id).await.len(), 500);
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_can_stop_any_more_stops() {
    let house = House::new();
    let (stop, running) = start(&house);
    drop(stop);
    wait_for_end_of(running).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_stopped_before_it_started_does_nothing() {
    let house = House::new();
    let (_stop, stopped) = watch::channel(true);
    house.keeper.run(stopped).await;
    assert!(house.world.store.all_calls().is_empty());
}

//! What is measured of the mails.

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{EmailAddress, PasswordResetRequest, UserId};
use denizen_services::{
    AccessContext, Clock as _, CrowdedLimits, DefaultMetricsService, Failure, Limits, LoginError, MailError,
    MailResult, Metrics, MetricsService as _, ServiceSettings,
    store::{MailJob, MailKind, MailPhase, NewMailJob, StoreFailure, UnitOfWork, WriteStore as _},
};
use denizen_testkit::{Call, HookedStore, StoreHook};

use crate::support::{OLD_PASSWORD, World, log, stranger};

const NOTICE: MailKind = MailKind::PasswordChanged;

async fn measure(world: &World) -> Metrics {
    measure_with(world, Arc::default()).await
}

async fn measure_with(world: &World, limits: Arc<CrowdedLimits>) -> Metrics {
    let (store, clock) = (world.store.clone(), world.clock.clone());
    DefaultMetricsService::new(store, clock, world.worker.counters(), limits).metrics().await
}

/// Security checklist: 67.
#[tokio::test]
async fn a_limit_without_room_is_counted_and_said_once_a_minute_and_touches_no_other() {
    let limits = Limits { capacity: 20, ..Limits::default() };
    let world = World::with(ServiceSettings { limits, ..ServiceSettings::default() });
    let crowded = Arc::<CrowdedLimits>::default();
    world.store.observe(crowded.clone());
    let ask = async |number: u32, email: &str| {
        let ip = Some(std::net::Ipv4Addr::from_bits(0xc000_0200 + number).into());
        let request = PasswordResetRequest { email: email.to_owned() };
        world.users.request_password_reset(&AccessContext { ip, ..stranger() }, request).await
    };
    for number in 0..20 {
        world.log_in(&format!("user{number}"), OLD_PASSWORD).await.unwrap_err();
        ask(number, &format!("user{number}@example.com")).await.unwrap();
    }
    log::capture();
    assert!(measure_with(&world, crowded.clone()).await.crowded_limits.counts().is_empty());
    for (number, pause) in [(20, 0), (21, 59), (22, 1), (23, 59)] {
        ask(number, "alice@example.com").await.ok();
        ask(number, &format!("user{number}@example.com")).await.unwrap();
        world.clock.advance(Duration::seconds(pause));
    }
    let counts = measure_with(&world, crowded).await.crowded_limits.counts();
    let names: Vec<_> = counts.iter().map(|(limit, _)| *limit).collect();
    assert_eq!(names, ["reset.address", "reset.ip", "reset.pace"], "{counts:?}");
    let lines = log::lines().into_iter().filter(|line| line.contains("has no room"));
    let of_address: Vec<_> = lines.filter(|line| line.contains("reset.address")).collect();
    assert_eq!(of_address.len(), 2, "{of_address:?}");
    // The limits of signing in are as they were.
    for number in 0..20 {
        let login = format!("user{number}");
        for _ in 1..10 {
            assert_eq!(
                world.log_in_from(&AccessContext::anonymous(), &login, OLD_PASSWORD).await.unwrap_err(),
                LoginError::Rejected
            );
        }
        let refused = world.log_in_from(&AccessContext::anonymous(), &login, OLD_PASSWORD).await.unwrap_err();
        assert!(matches!(refused, LoginError::Failure(Failure::RateLimited(_))), "{login}: {refused}");
    }
}

/// How many notices were sent, failed, and were given up.
async fn results(world: &World) -> [u64; 3] {
    let mails = measure(world).await.mails;
    for kind in MailKind::ALL.into_iter().filter(|kind| *kind != NOTICE) {
        assert_eq!(MailResult::ALL.map(|result| mails.count(kind, result)), [0; 3], "{kind:?}");
    }
    [MailResult::Sent, MailResult::Failed, MailResult::GivenUp].map(|result| mails.count(NOTICE, result))
}

async fn notify(world: &World, user: UserId) {
    let notice = MailJob::PasswordChanged { user: user.into() };
    let job = NewMailJob::new(notice, &AccessContext::system(), world.clock.now());
    world.store.commit(UnitOfWork::new().enqueue_mail(job)).await.unwrap();
}

#[tokio::test]
async fn what_became_of_each_attempt_is_counted_by_kind() {
    let world = World::new();
    let alice = world.create("alice").await;
    assert_eq!(results(&world).await, [0, 0, 0]);
    notify(&world, alice.id).await;
    world.mailer.fail_next(2, MailError::Temporary("no connection".into()));
    for expected in [[0, 1, 0], [0, 2, 0], [1, 2, 0]] {
        world.deliver_mail().await;
        assert_eq!(results(&world).await, expected);
        world.clock.advance(Duration::minutes(1));
    }
    notify(&world, alice.id).await;
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    world.deliver_mail().await;
    assert_eq!(results(&world).await, [1, 2, 1]);
}

#[tokio::test]
async fn a_mail_that_has_become_too_old_counts_as_given_up() {
    let world = World::new();
    let alice = world.create("alice").await;
    notify(&world, alice.id).await;
    world.clock.advance(ServiceSettings::default().mail_max_age);
    world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
    world.deliver_mail().await;
    assert_eq!(results(&world).await, [0, 0, 1]);
}

#[tokio::test]
async fn a_mail_for_nobody_counts_as_nothing() {
    let world = World::new();
    let (nobody, context) = (EmailAddress::parse("nobody@example.com").unwrap(), AccessContext::system());
    let now = world.clock.now();
    let job = NewMailJob::new(MailJob::EmailVerification { address: nobody.key().to_owned() }, &context, now)
        .within(10);
    world.store.commit(UnitOfWork::new().enqueue_mail(job)).await.unwrap();
    assert_eq!((world.deliver_mail().await, results(&world).await), (1, [0, 0, 0]));
}

#[tokio::test]
async fn the_age_is_that_of_the_oldest_mail_that_is_not_dead() {
    let world = World::new();
    let alice = world.create("alice").await;
    assert_eq!(measure(&world).await.oldest_mail_job, Duration::zero());
    notify(&world, alice.id).await;
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    world.deliver_mail().await;
    world.clock.advance(Duration::hours(5));
    notify(&world, alice.id).await;
    world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
    world.deliver_mail().await;
    world.clock.advance(Duration::milliseconds(20));
    notify(&world, alice.id).await;
    world.clock.advance(Duration::milliseconds(300));

    let measured = measure(&world).await;

    assert_eq!(measured.oldest_mail_job, Duration::milliseconds(320));
    let jobs = measured.mail_jobs.unwrap().0.into_iter().map(|(key, count)| (key, count.jobs));
    let one_each = [MailPhase::Waiting, MailPhase::Due, MailPhase::Dead].map(|phase| ((NOTICE, phase), 1));
    assert_eq!(jobs.collect::<Vec<_>>(), one_each);
}

#[tokio::test]
async fn a_mail_of_a_process_whose_clock_is_ahead_is_new() {
    let world = World::new();
    let alice = world.create("alice").await;
    notify(&world, alice.id).await;
    world.clock.advance(Duration::minutes(-1));
    assert_eq!(measure(&world).await.oldest_mail_job, Duration::zero());
}

/// Counts no mails.
#[derive(Default)]
struct Uncountable;

#[async_trait::async_trait]
impl StoreHook for Uncountable {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure> {
        let busy = || StoreFailure::Busy("too many long reads".into());
        if call.method == "count_mail_jobs" { Err(busy()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_store_that_cannot_tell_hides_no_other_number() {
    let world = World::new();
    let alice = world.create("alice").await;
    notify(&world, alice.id).await;
    world.deliver_mail().await;
    let store = HookedStore::<Uncountable>::new(world.store.inner());
    let (clock, mails) = (world.clock.clone(), world.worker.counters());
    let service = DefaultMetricsService::new(Arc::new(store), clock, mails, Arc::default());

    let measured = service.metrics().await;

    assert_eq!((measured.mail_jobs, measured.oldest_mail_job), (None, Duration::zero()));
    assert_eq!(measured.mails.count(NOTICE, MailResult::Sent), 1);
}

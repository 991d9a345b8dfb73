//! What is measured of the mails.

use chrono::Duration;
use denizen_models::UserId;
use denizen_services::{
    AccessContext, Clock as _, MailError, MailResult, Metrics, MetricsService as _,
    defaults::{DefaultMetricsService, ServiceSettings},
    store::{Lease, MailJobId, MailKind, MailOutcome, MailPhase, MailQueue as _, NewMailJob, UnitOfWork, Units as _},
};

use crate::support::World;

const NOTICE: MailKind = MailKind::PasswordChanged;

async fn measure(world: &World) -> Metrics {
    let service =
        DefaultMetricsService::new(world.store.clone(), world.clock.clone(), world.worker.tally());
    service.metrics().await
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
    let job = NewMailJob::to_user(NOTICE, user, &AccessContext::system(), world.clock.now());
    world.store.commit(UnitOfWork::new().enqueue_mail(job)).await.unwrap();
}

#[tokio::test]
async fn what_became_of_each_attempt_is_counted_by_kind() {
    let world = World::new();
    let alice = world.create("alice").await;
    assert_eq!(results(&world).await, [0, 0, 0]);
    notify(&world, alice.id).await;
    world.mailer.fail_next(2, MailError::Temporary("no connection".to_owned()));
    for expected in [[0, 1, 0], [0, 2, 0], [1, 2, 0]] {
        world.deliver_mail().await;
        assert_eq!(results(&world).await, expected);
        world.clock.advance(Duration::minutes(1));
    }
    notify(&world, alice.id).await;
    world.mailer.fail_next(1, MailError::Permanent("no such mailbox".to_owned()));
    world.deliver_mail().await;
    assert_eq!(results(&world).await, [1, 2, 1]);
}

#[tokio::test]
async fn a_mail_that_has_become_too_old_counts_as_given_up() {
    let world = World::new();
    let alice = world.create("alice").await;
    notify(&world, alice.id).await;
    world.clock.advance(ServiceSettings::default().mail_max_age);
    world.mailer.fail_next(1, MailError::Temporary("no connection".to_owned()));
    world.deliver_mail().await;
    assert_eq!(results(&world).await, [0, 0, 1]);
}

#[tokio::test]
async fn a_mail_for_nobody_counts_as_nothing() {
    let world = World::new();
    let address = "nobody@example.com".parse_address();
    let job = NewMailJob::to_address(
        MailKind::EmailVerification,
        &address,
        &AccessContext::anonymous(),
        world.clock.now(),
        10,
    );
    world.store.commit(UnitOfWork::new().enqueue_mail(job)).await.unwrap();
    assert_eq!(world.deliver_mail().await, 1);
    assert_eq!(results(&world).await, [0, 0, 0]);
}

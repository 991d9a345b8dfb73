//! Mail jobs of kinds that only a newer program knows.

use denizen_models::{EmailAddress, UserId};
use denizen_services::{
    AccessContext,
    store::{LeasedMail, MailJob, MailJobId, MailQueue as _, NewMailJob, UnitOfWork, WriteStore as _},
};

use crate::{
    SqliteStore,
    tests::{any_kind, now, open, sign_up, spoil, user_values},
};

const ANN: UserId = UserId::new(1);

fn invitation() -> NewMailJob {
    NewMailJob::new(MailJob::Invitation { user: ANN.into() }, &AccessContext::system(), now())
}

async fn enqueue(store: &SqliteStore, job: NewMailJob) {
    store.commit(UnitOfWork::new().enqueue_mail(job)).await.unwrap();
}

async fn lease(store: &SqliteStore) -> Vec<LeasedMail> {
    store.lease_mail(7, now(), now() + chrono::Duration::hours(1), &any_kind(10)).await.unwrap()
}

#[tokio::test]
async fn a_job_of_an_unknown_kind_waits_and_keeps_no_other_from_being_leased() {
    let (store, _folder) = open();
    store.commit(sign_up(user_values("ann"))).await.unwrap();
    enqueue(&store, invitation()).await;
    spoil(&store, "UPDATE mail_jobs SET kind = 'rumour'").await;
    assert_eq!(lease(&store).await, []);
    // It is not the job that a request of a known kind renews.
    enqueue(&store, invitation()).await;
    let jobs = |leased: Vec<LeasedMail>| leased.iter().map(|mail| mail.lease.job).collect::<Vec<_>>();
    assert_eq!(jobs(lease(&store).await), [MailJobId(2)]);
    store.commit(UnitOfWork::new().drop_mail(MailJobId(2))).await.unwrap();
    // Nobody has held it, nothing about it has changed.
    spoil(&store, "UPDATE mail_jobs SET kind = 'invitation' WHERE lease_id IS NULL AND attempts = 0").await;
    assert_eq!(jobs(lease(&store).await), [MailJobId(1)]);
}

#[tokio::test]
async fn a_renewed_job_goes_to_the_newest_address_under_the_old_lease() {
    let (store, _folder) = open();
    store.commit(sign_up(user_values("ann"))).await.unwrap();
    let to = |address: &str| {
        let address = EmailAddress::parse(address).unwrap();
        NewMailJob::new(MailJob::EmailChange { user: ANN.into(), address }, &AccessContext::system(), now())
    };
    enqueue(&store, to("Old@example.com")).await;
    let held = store.lease_mail(7, now(), now() + chrono::Duration::hours(1), &any_kind(10)).await.unwrap();
    enqueue(&store, to("New@example.com")).await;
    assert_eq!(lease(&store).await, [], "the lease is still held");
    let lost = store.commit(UnitOfWork::new().expect_lease(held[0].lease)).await;
    assert!(lost.is_err(), "a newer request came in");
    let finished = store.finish_mail(held[0].lease, denizen_services::store::MailOutcome::Done).await;
    assert_eq!(finished, Ok(true));
    let renewed = lease(&store).await.remove(0);
    assert_eq!((renewed.lease.job, renewed.lease.generation), (held[0].lease.job, 2));
    let newest = EmailAddress::parse("New@example.com").unwrap();
    assert_eq!(renewed.mail, MailJob::EmailChange { user: ANN, address: newest });
}

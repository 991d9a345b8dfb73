//! How mail jobs get into the queue, and out of it with their users.

use std::{collections::BTreeSet, sync::Arc};

use denizen_models::{EmailAddress, UserId};
use denizen_services::{
    AccessContext,
    store::{
        LeasedMail, MailJob, MailJobId, MailKind, MailOutcome, MailQuery, NewMailJob, Outcome, QueuedMail,
        Recipient, Store, UnitOfWork, UserRef,
    },
};

use crate::{
    contract::{
        examples::notice,
        verbs::{NOBODY, QUEUE_FULL, USER_GONE, any_kind, at, commit, insert, mail_jobs, refusal},
    },
    must, user_values,
};

pub fn request(address: &str, seconds: i64, capacity: u32) -> NewMailJob {
    let address = must(EmailAddress::parse(address));
    let context = AccessContext::anonymous();
    let mail = MailJob::PasswordReset { address: address.key().to_owned() };
    NewMailJob::new(mail, &context, at(seconds)).within(capacity)
}

pub async fn enqueue(store: &Arc<dyn Store>, job: NewMailJob) -> MailJobId {
    let outcomes = commit(store, UnitOfWork::new().enqueue_mail(job)).await;
    let job = |outcome: &Outcome| if let Outcome::Job { id, .. } = outcome { Some(*id) } else { None };
    must(outcomes.iter().find_map(job).ok_or(format!("no job in {outcomes:?}")))
}

/// Leases everything that is due, for five minutes.
pub async fn lease(store: &Arc<dyn Store>, lease_id: i64, seconds: i64) -> Vec<LeasedMail> {
    must(store.lease_mail(lease_id, at(seconds), at(seconds + 300), &any_kind(100)).await)
}

pub async fn finish(store: &Arc<dyn Store>, job: &LeasedMail, outcome: MailOutcome) -> bool {
    must(store.finish_mail(job.lease, outcome).await)
}

pub fn retry(seconds: i64) -> MailOutcome {
    MailOutcome::Retry { at: at(seconds), reason: "no connection".to_owned() }
}

pub fn dead() -> MailOutcome {
    MailOutcome::Dead { reason: "refused".to_owned() }
}

fn fresh(id: MailJobId, mail: MailJob<UserId>, seconds: i64) -> QueuedMail {
    let due_at = at(seconds);
    QueuedMail {
        id,
        mail,
        requested_at: due_at,
        request_id: AccessContext::anonymous().request_id,
        generation: 1,
        attempts: 0,
        due_at,
        dead: false,
        reason: None,
    }
}

pub async fn a_queued_job_waits_until_it_is_done(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let one = enqueue(&store, request("Stranger@example.com", 5, 10)).await;
    let two = enqueue(&store, NewMailJob { at: at(6), ..notice(alice.id) }).await;
    let address = "stranger@example.com".to_owned();
    let expected = [
        fresh(one, MailJob::PasswordReset { address }, 5),
        fresh(two, MailJob::PasswordChanged { user: alice.id }, 6),
    ];
    assert_eq!(mail_jobs(&store).await, expected, "oldest first");
    assert_eq!(must(store.list_mail_jobs(&MailQuery::oldest(1)).await), expected[..1]);
    for job in lease(&store, 1, 10).await {
        assert!(finish(&store, &job, MailOutcome::Done).await, "{job:?}");
    }
    assert_eq!(mail_jobs(&store).await, []);
}

pub async fn a_second_request_for_an_address_renews_its_job(store: Arc<dyn Store>) {
    let first = enqueue(&store, request("alice@example.com", 0, 10)).await;
    let other = enqueue(&store, request("bob@example.com", 0, 10)).await;
    let job = lease(&store, 1, 0).await.remove(0);
    assert_eq!(job.lease.job, first);
    assert!(finish(&store, &job, retry(900)).await);
    let waiting = mail_jobs(&store).await;
    assert_eq!((waiting[0].generation, waiting[0].attempts, waiting[0].due_at), (1, 1, at(900)));
    assert_eq!(enqueue(&store, request("ALICE@example.com", 60, 10)).await, first, "the same job");
    let renewed = mail_jobs(&store).await;
    assert_eq!((renewed[0].generation, renewed[0].attempts, renewed[0].due_at), (2, 0, at(60)));
    assert_eq!(renewed[0].reason, None, "the failure of the old request is not the new one's");
    assert_eq!((renewed[1].id, renewed[1].generation), (other, 1), "others are not touched");
    assert_eq!(renewed.len(), 2);
}

pub async fn a_renewed_job_is_about_the_newest_request(store: Arc<dyn Store>) {
    enqueue(&store, request("alice@example.com", 0, 10)).await;
    let newest = NewMailJob {
        ip: "2001:db8::7".parse().ok(),
        request_id: "the newest".to_owned(),
        ..request("alice@example.com", 60, 10)
    };
    enqueue(&store, newest.clone()).await;
    let leased = lease(&store, 1, 60).await;
    let about = |job: &LeasedMail| (job.requested_at, job.ip, job.request_id.clone(), job.lease.generation);
    let expected = (at(60), newest.ip, newest.request_id, 2);
    assert_eq!(leased.iter().map(about).collect::<Vec<_>>(), [expected]);
}

pub async fn a_dead_job_comes_alive_with_a_new_request(store: Arc<dyn Store>) {
    let id = enqueue(&store, request("alice@example.com", 0, 10)).await;
    let job = lease(&store, 1, 0).await.remove(0);
    assert!(finish(&store, &job, dead()).await);
    assert_eq!(lease(&store, 2, 9_000_000).await, []);
    assert_eq!(enqueue(&store, request("alice@example.com", 60, 10)).await, id);
    let jobs = mail_jobs(&store).await;
    assert_eq!((jobs[0].dead, jobs[0].generation, jobs[0].attempts), (false, 2, 0));
    assert_eq!(lease(&store, 3, 60).await.len(), 1);
}

pub async fn kinds_of_mail_for_one_address_are_jobs_of_their_own(store: Arc<dyn Store>) {
    let expected = MailKind::ALL
        .into_iter()
        .filter_map(|kind| MailJob::from_parts(kind, Recipient::Address("alice@example.com".to_owned())));
    let expected: Vec<MailJob> = expected.collect();
    for mail in expected.clone() {
        enqueue(&store, NewMailJob { mail, ..request("alice@example.com", 0, 10) }).await;
    }
    let jobs = mail_jobs(&store).await;
    assert!(jobs.iter().all(|job| job.generation == 1), "{jobs:?}");
    let kinds = |mail: &MailJob| mail.kind();
    assert_eq!(
        jobs.iter().map(|job| job.mail.kind()).collect::<Vec<_>>(),
        expected.iter().map(kinds).collect::<Vec<_>>()
    );
}

pub async fn a_user_gets_every_notice(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let (one, two) = (enqueue(&store, notice(alice.id)).await, enqueue(&store, notice(alice.id)).await);
    assert_ne!(one, two);
    let jobs: Vec<_> = mail_jobs(&store).await.into_iter().map(|job| (job.id, job.generation)).collect();
    assert_eq!(jobs, [(one, 1), (two, 1)]);
    let unknown = UnitOfWork::new().enqueue_mail(notice(NOBODY));
    assert_eq!(refusal(&store, unknown).await, USER_GONE);
}

pub async fn strangers_find_the_queue_full_at_its_capacity(store: Arc<dyn Store>) {
    enqueue(&store, request("one@example.com", 0, 2)).await;
    enqueue(&store, request("two@example.com", 0, 2)).await;
    let third = |capacity| UnitOfWork::new().enqueue_mail(request("three@example.com", 0, capacity));
    assert_eq!(refusal(&store, third(2)).await, QUEUE_FULL);
    assert_eq!(refusal(&store, third(1)).await, QUEUE_FULL);
    assert_eq!(refusal(&store, third(0)).await, QUEUE_FULL);
    let again = |capacity| UnitOfWork::new().enqueue_mail(request("TWO@example.com", 0, capacity));
    assert_eq!(refusal(&store, again(2)).await, QUEUE_FULL, "who waits already is told the same");
    commit(&store, again(3)).await;
    assert_eq!(mail_jobs(&store).await[1].generation, 2, "and needs no room of his own");
    let leased = lease(&store, 1, 0).await;
    assert_eq!(refusal(&store, third(2)).await, QUEUE_FULL, "what is being sent still waits");
    assert!(finish(&store, &leased[0], MailOutcome::Done).await);
    commit(&store, third(2)).await;
    assert_eq!(mail_jobs(&store).await.len(), 2);
}

pub async fn jobs_for_users_and_dead_jobs_take_no_room(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    enqueue(&store, request("refused@example.com", 0, 1)).await;
    let leased = lease(&store, 1, 0).await;
    assert!(finish(&store, &leased[0], dead()).await);
    for _ in 0..3 {
        enqueue(&store, notice(alice.id)).await;
    }
    enqueue(&store, request("one@example.com", 0, 1)).await;
    for other in ["two@example.com", "refused@example.com"] {
        let other = UnitOfWork::new().enqueue_mail(request(other, 0, 1));
        assert_eq!(refusal(&store, other).await, QUEUE_FULL);
    }
    enqueue(&store, notice(alice.id)).await;
    assert_eq!(mail_jobs(&store).await.len(), 6);
}

pub async fn a_kind_whose_queue_is_full_keeps_no_other_out(store: Arc<dyn Store>) {
    let ask = |kind, name: &str, capacity| {
        let mail = MailJob::from_parts(kind, Recipient::Address(format!("{name}@example.com")));
        let job =
            NewMailJob::new(must(mail.ok_or("a kind for addresses")), &AccessContext::anonymous(), at(0));
        UnitOfWork::new().enqueue_mail(job.within(capacity))
    };
    let kinds = [MailKind::SignUp, MailKind::PasswordReset, MailKind::EmailVerification];
    for (number, kind) in kinds.into_iter().enumerate() {
        for name in ["alice", "bob"] {
            commit(&store, ask(kind, name, 2)).await;
        }
        assert_eq!(refusal(&store, ask(kind, "carol", 2)).await, QUEUE_FULL, "{kind:?}");
        assert_eq!(mail_jobs(&store).await.len(), 2 * (number + 1));
    }
    // What fails and is tried again still waits; what is done or dead does not.
    let leased = lease(&store, 1, 0).await;
    for (job, outcome) in leased.iter().zip([retry(900), dead(), retry(900), MailOutcome::Done]) {
        assert!(finish(&store, job, outcome).await);
    }
    for kind in [MailKind::SignUp, MailKind::PasswordReset] {
        commit(&store, ask(kind, "carol", 2)).await;
        assert_eq!(refusal(&store, ask(kind, "dave", 2)).await, QUEUE_FULL, "{kind:?}");
    }
    assert_eq!(refusal(&store, ask(MailKind::EmailVerification, "carol", 2)).await, QUEUE_FULL);
    let dropped = UnitOfWork::new().drop_mail(leased[4].lease.job);
    commit(&store, dropped).await;
    commit(&store, ask(MailKind::EmailVerification, "carol", 2)).await;
}

pub async fn mail_job_ids_only_grow_and_none_is_given_twice(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let mut last = enqueue(&store, notice(alice.id)).await;
    for _ in 0..4 {
        for job in lease(&store, 1, 0).await {
            assert!(finish(&store, &job, MailOutcome::Done).await);
        }
        let next = enqueue(&store, notice(alice.id)).await;
        assert!(next > last, "{next:?} after {last:?}");
        last = next;
    }
}

pub async fn the_mail_jobs_of_a_deleted_user_are_gone(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let mine = enqueue(&store, notice(alice.id)).await;
    let theirs = enqueue(&store, notice(bob.id)).await;
    let address = enqueue(&store, request(user_values("alice").email.as_str(), 0, 10)).await;
    let leased = lease(&store, 1, 0).await;
    commit(&store, UnitOfWork::new().delete_user(alice.id, None)).await;
    let left: Vec<_> = mail_jobs(&store).await.into_iter().map(|job| job.id).collect();
    assert_eq!(left, [theirs, address], "a job for an address ends in the worker, which looks the user up");
    for job in leased.iter().filter(|job| job.lease.job == mine) {
        assert!(!finish(&store, job, retry(1)).await, "the lease is lost with the job");
    }
    assert_eq!(mail_jobs(&store).await.len(), 2);
}

pub async fn a_job_for_a_created_user_goes_with_its_failing_unit(store: Arc<dyn Store>) {
    let work = UnitOfWork::new()
        .insert_user(user_values("alice"), None, at(0))
        .enqueue_mail(notice(UserRef::Created))
        .enqueue_mail(request("stranger@example.com", 0, 10))
        .expect_user(NOBODY, 1);
    assert_eq!(refusal(&store, work).await, USER_GONE);
    assert_eq!(mail_jobs(&store).await, []);
    assert_eq!(lease(&store, 1, 1000).await, []);
    enqueue(&store, request("stranger@example.com", 0, 10)).await;
    assert_eq!(lease(&store, 1, 1000).await.len(), 1, "the address is not thought to wait already");
}

pub async fn an_address_can_ask_again_when_its_job_is_done(store: Arc<dyn Store>) {
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        let id = enqueue(&store, request("alice@example.com", round, 1)).await;
        assert!(seen.insert(id), "a new job each time");
        let jobs = lease(&store, round, round).await;
        assert_eq!(
            jobs.iter().map(|job| (job.lease.job, job.lease.generation)).collect::<Vec<_>>(),
            [(id, 1)]
        );
        assert!(finish(&store, &jobs[0], MailOutcome::Done).await);
    }
    assert_eq!(mail_jobs(&store).await, []);
}

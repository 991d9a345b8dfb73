//! What operators do with mail jobs.

use std::sync::Arc;

use denizen_services::store::{
    MailJobId, MailOutcome, MailQuery, NewMailJob, Outcome, QueuedMail, Store, UnitOfWork,
};

use super::mail_queue::{dead, enqueue, finish, lease, request, retry};
use crate::{
    contract::{
        examples::notice,
        verbs::{
            JOB_GONE, LEASE_LOST, NOBODY, QUEUE_FULL, USER_GONE, at, commit, insert, mail_jobs, race, refusal,
        },
    },
    must,
};

fn retry_now(job: MailJobId, seconds: i64) -> UnitOfWork {
    UnitOfWork::new().retry_mail(job, at(seconds))
}

fn drop_job(job: MailJobId) -> UnitOfWork {
    UnitOfWork::new().drop_mail(job)
}

async fn listed(store: &Arc<dyn Store>, query: MailQuery) -> Vec<MailJobId> {
    must(store.list_mail_jobs(&query).await).into_iter().map(|job| job.id).collect()
}

/// Queues so many requests, of which those with an odd number are dead.
async fn half_dead(store: &Arc<dyn Store>, number: usize) -> Vec<MailJobId> {
    let mut ids = Vec::new();
    for number in 0..number {
        ids.push(enqueue(store, request(&format!("u{number}@example.com"), 0, 100)).await);
    }
    for job in lease(store, 1, 0).await {
        let alive = ids.iter().position(|id| *id == job.lease.job).is_none_or(|number| number % 2 == 0);
        assert!(finish(store, &job, if alive { retry(500) } else { dead() }).await, "{job:?}");
    }
    ids
}

pub async fn a_job_that_waits_or_is_dead_can_be_tried_at_once(store: Arc<dyn Store>) {
    let ids = half_dead(&store, 3).await;
    let before = mail_jobs(&store).await;
    assert_eq!(lease(&store, 2, 60).await, []);
    assert_eq!(refusal(&store, retry_now(ids[0], 60).expect_user(NOBODY, 1)).await, USER_GONE);
    assert_eq!(mail_jobs(&store).await, before);
    for number in [0, 1] {
        assert_eq!(commit(&store, retry_now(ids[number], 60)).await, [Outcome::Done]);
        let fresh =
            QueuedMail { attempts: 0, due_at: at(60), dead: false, reason: None, ..before[number].clone() };
        assert_eq!(mail_jobs(&store).await[number], fresh, "as if it were new, but no newer request");
    }
    assert_eq!(mail_jobs(&store).await[2], before[2]);
    let leased: Vec<_> =
        lease(&store, 2, 60).await.into_iter().map(|job| (job.lease.job, job.attempts)).collect();
    assert_eq!(leased, [(ids[0], 0), (ids[1], 0)]);
}

pub async fn a_job_that_is_retried_stays_leased(store: Arc<dyn Store>) {
    let id = enqueue(&store, request("alice@example.com", 0, 10)).await;
    let job = lease(&store, 1, 0).await.remove(0);
    commit(&store, retry_now(id, 60)).await;
    commit(&store, UnitOfWork::new().expect_lease(job.lease)).await;
    assert_eq!(lease(&store, 2, 60).await, [], "it is being sent at this moment");
    assert!(finish(&store, &job, MailOutcome::Done).await);
    assert_eq!(mail_jobs(&store).await, []);
    assert_eq!(refusal(&store, retry_now(id, 60)).await, JOB_GONE);
}

pub async fn a_dead_job_that_is_retried_takes_room_again(store: Arc<dyn Store>) {
    let id = enqueue(&store, request("alice@example.com", 0, 1)).await;
    let job = lease(&store, 1, 0).await.remove(0);
    assert!(finish(&store, &job, dead()).await);
    commit(&store, retry_now(id, 60)).await;
    let stranger = || UnitOfWork::new().enqueue_mail(request("bob@example.com", 60, 1));
    assert_eq!(refusal(&store, stranger()).await, QUEUE_FULL);
    commit(&store, drop_job(id)).await;
    commit(&store, stranger()).await;
}

pub async fn a_dropped_job_is_gone_with_its_lease(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let asked = enqueue(&store, request("alice@example.com", 0, 10)).await;
    let told = enqueue(&store, notice(alice.id)).await;
    assert_eq!(refusal(&store, drop_job(asked).expect_user(NOBODY, 1)).await, USER_GONE);
    let jobs = lease(&store, 1, 0).await;
    assert_eq!(jobs.len(), 2);
    assert!(matches!(commit(&store, drop_job(asked)).await[..], [Outcome::Unsent(_)]));
    assert_eq!(listed(&store, MailQuery::oldest(10)).await, [told]);
    assert_eq!(refusal(&store, UnitOfWork::new().expect_lease(jobs[0].lease)).await, LEASE_LOST);
    assert!(!finish(&store, &jobs[0], retry(1)).await);
    assert_eq!(refusal(&store, drop_job(asked)).await, JOB_GONE);
    let anew = enqueue(&store, request("alice@example.com", 60, 10)).await;
    assert!(anew > told, "a new job, and no old number");
    assert!(finish(&store, &jobs[1], dead()).await);
    commit(&store, drop_job(told)).await;
    assert_eq!(listed(&store, MailQuery::oldest(10)).await, [anew]);
}

pub async fn of_fifty_who_drop_one_job_one_succeeds(store: Arc<dyn Store>) {
    let id = enqueue(&store, request("alice@example.com", 0, 10)).await;
    assert_eq!(race(&store, 50, |_| drop_job(id), JOB_GONE).await, 1);
}

pub async fn mail_jobs_are_listed_by_what_they_wait_for(store: Arc<dyn Store>) {
    let ids = half_dead(&store, 5).await;
    let query = |dead| MailQuery { dead, ..MailQuery::oldest(10) };
    assert_eq!(listed(&store, query(None)).await, ids);
    assert_eq!(listed(&store, query(Some(true))).await, [ids[1], ids[3]]);
    assert_eq!(listed(&store, query(Some(false))).await, [ids[0], ids[2], ids[4]]);
    assert_eq!(lease(&store, 2, 500).await.len(), 3);
    assert_eq!(listed(&store, query(Some(false))).await.len(), 3, "what is being sent still waits");
    let first = |dead, limit| MailQuery { dead, ..MailQuery::oldest(limit) };
    assert_eq!(listed(&store, first(Some(true), 1)).await, [ids[1]]);
    assert_eq!(listed(&store, first(Some(false), 2)).await, [ids[0], ids[2]]);
    assert_eq!(listed(&store, first(None, 0)).await, []);
}

pub async fn paging_through_mail_jobs_neither_repeats_nor_hides_one(store: Arc<dyn Store>) {
    let ids = half_dead(&store, 7).await;
    for (dead, expected) in [
        (None, ids.clone()),
        (Some(true), ids.iter().copied().skip(1).step_by(2).collect()),
        (Some(false), ids.iter().copied().step_by(2).collect::<Vec<_>>()),
    ] {
        let (mut seen, mut after) = (Vec::new(), None);
        // As many pages as there can be, and an empty one.
        for _ in 0..=expected.len().div_ceil(2) {
            let page = listed(&store, MailQuery { dead, after, limit: 2 }).await;
            after = page.last().copied().or(after);
            seen.extend(page);
        }
        assert_eq!(seen, expected, "{dead:?}");
    }
    // The bookmark may be gone, and others may come.
    commit(&store, drop_job(ids[2])).await;
    let newest = enqueue(&store, NewMailJob { at: at(1), ..request("new@example.com", 1, 100) }).await;
    let behind = MailQuery { after: Some(ids[2]), ..MailQuery::oldest(10) };
    assert_eq!(listed(&store, behind).await, [&ids[3..], &[newest]].concat());
}

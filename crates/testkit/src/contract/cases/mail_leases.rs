//! Who may work on a mail job, and what becomes of it.

use std::{collections::BTreeSet, sync::Arc};

use chrono::Duration;
use denizen_services::store::{
    Lease, LeasedMail, MailJob, MailJobId, MailKind, MailOutcome, NewMailJob, Outcome, Store, UnitOfWork,
};
use tokio::task::JoinSet;

use super::mail_queue::{dead, enqueue, finish, lease, request, retry};
use crate::{
    contract::{
        examples::notice,
        verbs::{LEASE_LOST, any_kind, at, commit, insert, mail_jobs, refusal},
    },
    must,
};

fn job_ids(leased: &[LeasedMail]) -> Vec<MailJobId> {
    leased.iter().map(|job| job.lease.job).collect()
}

fn expecting(lease: Lease) -> UnitOfWork {
    UnitOfWork::new().expect_lease(lease)
}

pub async fn a_leased_job_tells_all_about_its_request(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let stranger = NewMailJob { ip: "::ffff:192.0.2.1".parse().ok(), ..request("A@example.com", 5, 10) };
    let one = enqueue(&store, stranger.clone()).await;
    let member = NewMailJob { at: at(6), request_id: "of alice".to_owned(), ..notice(alice.id) };
    let two = enqueue(&store, member.for_version(5)).await;
    let expected = [
        LeasedMail {
            security_version: None,
            lease: Lease { job: one, id: -77, generation: 1 },
            mail: MailJob::PasswordReset { address: "a@example.com".to_owned() },
            attempts: 0,
            requested_at: at(5),
            ip: stranger.ip,
            request_id: stranger.request_id,
        },
        LeasedMail {
            security_version: Some(5),
            lease: Lease { job: two, id: -77, generation: 1 },
            mail: MailJob::PasswordChanged { user: alice.id },
            attempts: 0,
            requested_at: at(6),
            ip: None,
            request_id: "of alice".to_owned(),
        },
    ];
    assert_eq!(lease(&store, -77, 10).await, expected);
}

pub async fn jobs_are_leased_when_due_and_the_oldest_first(store: Arc<dyn Store>) {
    let late = enqueue(&store, request("late@example.com", 30, 10)).await;
    let early = enqueue(&store, request("early@example.com", 10, 10)).await;
    let middle = enqueue(&store, request("middle@example.com", 20, 10)).await;
    let lease = async |lease_id, now, limit| {
        job_ids(&must(store.lease_mail(lease_id, now, at(1000), &any_kind(limit)).await))
    };
    assert_eq!(lease(1, at(10) - Duration::microseconds(1), 10).await, []);
    assert_eq!(lease(2, at(40), 0).await, []);
    assert_eq!(lease(3, at(40), 2).await, [early, middle], "not in the order in which they came");
    assert_eq!(lease(4, at(40), 2).await, [late]);
    assert_eq!(lease(5, at(40), 2).await, []);
    let due_now = enqueue(&store, request("now@example.com", 50, 10)).await;
    assert_eq!(lease(6, at(50), 2).await, [due_now], "due from this instant on");
}

pub async fn each_kind_is_leased_up_to_a_number_of_its_own(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let sign_up = |number: i64| {
        let mail = MailJob::SignUp { address: format!("user{number}@example.com") };
        NewMailJob { mail, ..request("any@example.com", number, 10) }
    };
    let mut sign_ups = Vec::new();
    for number in 0..5 {
        sign_ups.push(enqueue(&store, sign_up(number)).await);
    }
    let told = enqueue(&store, NewMailJob { at: at(2), ..notice(alice.id) }).await;
    let reset = enqueue(&store, request("alice@example.com", 7, 10)).await;
    let lease = async |lease_id, room: &[(MailKind, usize)]| {
        job_ids(&must(store.lease_mail(lease_id, at(10), at(1000), room).await))
    };
    assert_eq!(lease(1, &[]).await, []);
    assert_eq!(lease(2, &[(MailKind::SignUp, 0), (MailKind::EmailChange, 9)]).await, []);
    let room = [(MailKind::PasswordReset, 2), (MailKind::SignUp, 2)];
    assert_eq!(
        lease(3, &room).await,
        [sign_ups[0], sign_ups[1], reset],
        "older ones of another kind do not come first"
    );
    let room = [(MailKind::SignUp, 2), (MailKind::PasswordChanged, 1)];
    assert_eq!(lease(4, &room).await, [sign_ups[2], told, sign_ups[3]], "the oldest due first");
    assert_eq!(lease(5, &any_kind(9)).await, [sign_ups[4]]);
}

pub async fn a_leased_job_is_nobody_elses_until_the_lease_ends(store: Arc<dyn Store>) {
    let id = enqueue(&store, request("alice@example.com", 0, 10)).await;
    let first = lease(&store, 1, 0).await.remove(0);
    let lease_at = async |lease_id, now| must(store.lease_mail(lease_id, now, at(900), &any_kind(10)).await);
    assert_eq!(lease_at(2, at(0)).await, []);
    assert_eq!(lease_at(3, at(300) - Duration::microseconds(1)).await, []);
    let second = lease_at(4, at(300)).await;
    assert_eq!(job_ids(&second), [id]);
    assert_eq!(refusal(&store, expecting(first.lease)).await, LEASE_LOST);
    commit(&store, expecting(second[0].lease)).await;
    for outcome in [MailOutcome::Done, retry(1), dead()] {
        assert!(!finish(&store, &first, outcome).await, "the lease was lost");
    }
    commit(&store, expecting(second[0].lease)).await;
    let job = &mail_jobs(&store).await[0];
    assert!(!job.dead && job.due_at == at(0), "nothing was changed: {job:?}");
    assert!(finish(&store, &second[0], MailOutcome::Done).await);
    assert!(!finish(&store, &second[0], MailOutcome::Done).await, "once");
}

pub async fn a_lease_that_ended_is_good_until_somebody_else_has_it(store: Arc<dyn Store>) {
    enqueue(&store, request("alice@example.com", 0, 10)).await;
    let job = must(store.lease_mail(1, at(0), at(0), &any_kind(10)).await).remove(0);
    commit(&store, expecting(job.lease)).await;
    assert!(finish(&store, &job, MailOutcome::Done).await);
    assert_eq!(mail_jobs(&store).await, []);
}

pub async fn a_failed_job_is_tried_again_at_its_time(store: Arc<dyn Store>) {
    let id = enqueue(&store, request("alice@example.com", 0, 10)).await;
    for attempt in 1..=3_u32 {
        let now = i64::from(attempt) * 1000;
        let job = lease(&store, i64::from(attempt), now).await.remove(0);
        assert_eq!((job.attempts, job.requested_at), (attempt - 1, at(0)));
        assert!(finish(&store, &job, retry(now + 500)).await);
        assert_eq!(refusal(&store, expecting(job.lease)).await, LEASE_LOST, "finishing ends the lease");
        let waiting = mail_jobs(&store).await.remove(0);
        assert_eq!((waiting.id, waiting.attempts, waiting.due_at), (id, attempt, at(now + 500)));
        assert_eq!((waiting.dead, waiting.reason.as_deref()), (false, Some("no connection")));
        assert_eq!(lease(&store, 99, now + 499).await, []);
    }
    assert_eq!(job_ids(&lease(&store, 4, 3500).await), [id]);
}

pub async fn a_dead_job_is_kept_and_never_tried_again(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let (one, two) =
        (enqueue(&store, request("a@example.com", 0, 10)).await, enqueue(&store, notice(alice.id)).await);
    for job in lease(&store, 1, 0).await {
        assert!(finish(&store, &job, dead()).await);
        assert!(!finish(&store, &job, MailOutcome::Done).await, "finishing ends the lease");
    }
    let jobs = mail_jobs(&store).await;
    let kept: Vec<_> = jobs.iter().map(|job| (job.id, job.dead, job.reason.as_deref())).collect();
    assert_eq!(kept, [(one, true, Some("refused")), (two, true, Some("refused"))]);
    assert_eq!(lease(&store, 2, 1_000_000).await, []);
}

pub async fn a_request_during_the_sending_is_not_forgotten(store: Arc<dyn Store>) {
    let mut generation = 1;
    let id = enqueue(&store, request("alice@example.com", 0, 10)).await;
    for (round, outcome) in [MailOutcome::Done, retry(9_000), dead()].into_iter().enumerate() {
        let now = 1000 * (1 + round as i64);
        let job = lease(&store, 1, now).await.remove(0);
        assert_eq!(job.lease.generation, generation);
        commit(&store, expecting(job.lease)).await;
        assert_eq!(enqueue(&store, request("alice@example.com", now + 10, 10)).await, id);
        generation += 1;
        assert_eq!(refusal(&store, expecting(job.lease)).await, LEASE_LOST, "a newer request came in");
        assert_eq!(lease(&store, 2, now + 20).await, [], "the lease is still held");
        assert!(finish(&store, &job, outcome.clone()).await, "{outcome:?}");
        let waiting = mail_jobs(&store).await.remove(0);
        assert_eq!((waiting.id, waiting.dead, waiting.due_at), (id, false, at(now + 10)), "{outcome:?}");
        assert_eq!((waiting.generation, waiting.attempts), (generation, 0), "{outcome:?}");
    }
}

pub async fn a_lease_of_another_number_or_generation_is_none(store: Arc<dyn Store>) {
    enqueue(&store, request("alice@example.com", 0, 10)).await;
    let Lease { job, id, generation } = lease(&store, 7, 0).await.remove(0).lease;
    for wrong in [
        Lease { job, id: id + 1, generation },
        Lease { job, id, generation: generation + 1 },
        Lease { job, id, generation: generation - 1 },
        Lease { job: MailJobId(job.0 + 1), id, generation },
    ] {
        assert_eq!(refusal(&store, expecting(wrong)).await, LEASE_LOST, "{wrong:?}");
    }
    let foreign = Lease { job, id: id + 1, generation };
    assert!(!must(store.finish_mail(foreign, MailOutcome::Done).await));
    let gone = Lease { job: MailJobId(job.0 + 1), id, generation };
    assert!(!must(store.finish_mail(gone, MailOutcome::Done).await));
    assert_eq!(commit(&store, expecting(Lease { job, id, generation })).await, [Outcome::Done]);
}

pub async fn a_job_that_nobody_leased_has_no_lease(store: Arc<dyn Store>) {
    let job = enqueue(&store, request("alice@example.com", 0, 10)).await;
    for id in [0, 1, -1] {
        let lease = Lease { job, id, generation: 1 };
        assert_eq!(refusal(&store, expecting(lease)).await, LEASE_LOST);
        assert!(!must(store.finish_mail(lease, MailOutcome::Done).await));
    }
    assert_eq!(mail_jobs(&store).await.len(), 1);
}

pub async fn workers_who_race_for_jobs_never_share_one(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let jobs = (0..30).fold(UnitOfWork::new(), |work, _| work.enqueue_mail(notice(alice.id)));
    commit(&store, jobs).await;
    let mut workers = JoinSet::new();
    for worker in 1..=12 {
        let store = store.clone();
        workers.spawn(async move { must(store.lease_mail(worker, at(1), at(301), &any_kind(3)).await) });
    }
    let leased = workers.join_all().await;
    assert!(leased.iter().all(|jobs| jobs.len() <= 3), "{leased:?}");
    let leased = leased.concat();
    let distinct: BTreeSet<_> = job_ids(&leased).into_iter().collect();
    assert_eq!((leased.len(), distinct.len()), (30, 30));
    for job in &leased {
        assert!(finish(&store, job, MailOutcome::Done).await, "{job:?}");
    }
    assert_eq!(mail_jobs(&store).await, []);
}

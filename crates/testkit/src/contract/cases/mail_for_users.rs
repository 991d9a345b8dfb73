//! Mails with tokens for users: one job at most of a kind and a user, at whatever address.

use std::sync::Arc;

use denizen_models::UserId;
use denizen_services::{
    AccessContext,
    store::{
        MailJob, MailKind, MailOutcome, NewMailJob, Outcome, QueuedMail, Store, UnitOfWork, UnsentMail,
        UserRef,
    },
};

use super::mail_queue::{dead, enqueue, finish, lease, request, retry};
use crate::{
    contract::{
        examples::notice,
        verbs::{
            LEASE_LOST, NOBODY, QUEUE_FULL, USER_GONE, address, at, commit, insert, mail_jobs, race, refusal,
        },
    },
    must, user_values,
};

fn invitation(user: impl Into<UserRef>, seconds: i64) -> NewMailJob {
    NewMailJob::new(MailJob::Invitation { user: user.into() }, &AccessContext::system(), at(seconds))
}

fn change_to(user: UserId, text: &str, seconds: i64) -> NewMailJob {
    let mail = MailJob::EmailChange { user: user.into(), address: address(text) };
    NewMailJob::new(mail, &AccessContext::system(), at(seconds))
}

fn changed_from(user: UserId, text: &str) -> NewMailJob {
    let mail = MailJob::EmailChanged { user: user.into(), address: address(text) };
    NewMailJob::new(mail, &AccessContext::system(), at(0))
}

fn mails(jobs: &[QueuedMail]) -> Vec<MailJob<UserId>> {
    jobs.iter().map(|job| job.mail.clone()).collect()
}

pub async fn a_second_mail_with_a_token_for_a_user_renews_the_job(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let first = enqueue(&store, invitation(alice.id, 0)).await;
    let other = enqueue(&store, invitation(bob.id, 0)).await;
    let job = lease(&store, 1, 0).await.remove(0);
    assert!(finish(&store, &job, retry(900)).await);
    let again = NewMailJob { request_id: "again".to_owned(), ..invitation(alice.id, 60) };
    assert_eq!(enqueue(&store, again).await, first, "the same job");
    let jobs = mail_jobs(&store).await;
    let renewed = QueuedMail {
        id: first,
        mail: MailJob::Invitation { user: alice.id },
        requested_at: at(60),
        request_id: "again".to_owned(),
        generation: 2,
        attempts: 0,
        due_at: at(60),
        dead: false,
        reason: None,
    };
    assert_eq!(jobs[0], renewed);
    assert_eq!((jobs.len(), jobs[1].id, jobs[1].generation), (2, other, 1), "others are not touched");
}

pub async fn every_kind_with_a_token_is_one_job_of_a_user(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    for generation in 1..=3 {
        enqueue(&store, invitation(alice.id, 0)).await;
        enqueue(&store, change_to(alice.id, "new@example.com", 0)).await;
        let jobs = mail_jobs(&store).await;
        let jobs: Vec<_> = jobs.iter().map(|job| (job.mail.kind(), job.generation)).collect();
        assert_eq!(jobs, [(MailKind::Invitation, generation), (MailKind::EmailChange, generation)]);
    }
    let notices = [MailKind::PasswordChanged, MailKind::EmailChanged, MailKind::AccountDeleted];
    assert!(MailKind::ALL.iter().all(|kind| kind.carries_token() != notices.contains(kind)));
}

pub async fn a_renewal_makes_the_lease_of_the_old_generation_useless(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let id = enqueue(&store, change_to(alice.id, "one@example.com", 0)).await;
    for (generation, outcome) in [(1, retry(9_000)), (2, dead())] {
        let job = lease(&store, generation, 1000 * generation).await.remove(0);
        let expect = || UnitOfWork::new().expect_lease(job.lease);
        commit(&store, expect()).await;
        let renewal = change_to(alice.id, "two@example.com", 1000 * generation + 10);
        assert_eq!(enqueue(&store, renewal).await, id);
        assert_eq!(refusal(&store, expect()).await, LEASE_LOST, "the token would go to the old address");
        assert_eq!(lease(&store, 99, 1000 * generation + 20).await, [], "the lease is still held");
        assert!(finish(&store, &job, outcome).await);
        let waiting = mail_jobs(&store).await.remove(0);
        assert_eq!((waiting.generation, waiting.attempts, waiting.dead), (generation + 1, 0, false));
        assert_eq!(waiting.due_at, at(1000 * generation + 10));
    }
}

pub async fn a_dead_job_of_a_user_comes_alive_with_a_renewal(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let id = enqueue(&store, invitation(alice.id, 0)).await;
    let job = lease(&store, 1, 0).await.remove(0);
    assert!(finish(&store, &job, dead()).await);
    assert_eq!(enqueue(&store, invitation(alice.id, 60)).await, id);
    let alive = mail_jobs(&store).await.remove(0);
    assert_eq!((alive.dead, alive.attempts, alive.reason, alive.generation), (false, 0, None, 2));
    let leased = lease(&store, 2, 60).await;
    assert_eq!(leased.iter().map(|job| job.lease.generation).collect::<Vec<_>>(), [2]);
    assert!(finish(&store, &leased[0], MailOutcome::Done).await);
    let anew = enqueue(&store, invitation(alice.id, 120)).await;
    assert!(anew > id, "what is done is not renewed");
}

pub async fn a_renewal_brings_the_new_address(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let id = enqueue(&store, change_to(alice.id, "First.Choice@Example.com", 0)).await;
    let to = |text| MailJob::EmailChange { user: alice.id, address: address(text) };
    let at_first = to("First.Choice@Example.com");
    assert_eq!(lease(&store, 1, 0).await.remove(0).mail, at_first);
    assert_eq!(mails(&mail_jobs(&store).await), [at_first], "as it was typed");
    let second = "second@example.com";
    assert_eq!(enqueue(&store, change_to(alice.id, second, 300)).await, id);
    let renewed = lease(&store, 2, 300).await.remove(0);
    assert_eq!((&renewed.mail, &mail_jobs(&store).await[0].mail), (&to(second), &to(second)));
    let own = alice.values.email.as_str();
    assert_eq!(enqueue(&store, change_to(alice.id, own, 600)).await, id, "one job, at whatever address");
    assert_eq!(mails(&mail_jobs(&store).await), [to(own)]);
    assert_eq!(enqueue(&store, change_to(alice.id, second, 900)).await, id);
    assert_eq!(mails(&mail_jobs(&store).await), [to(second)]);
}

pub async fn notices_are_never_renewed(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let moved = |text| changed_from(alice.id, text);
    let mut ids = Vec::new();
    for job in [notice(alice.id), notice(alice.id), moved("a@example.com"), moved("a@example.com")] {
        ids.push(enqueue(&store, job).await);
    }
    let jobs = mail_jobs(&store).await;
    assert_eq!(jobs.iter().map(|job| (job.id, job.generation)).collect::<Vec<_>>(), {
        ids.sort_unstable();
        ids.into_iter().map(|id| (id, 1)).collect::<Vec<_>>()
    });
    let own = MailJob::PasswordChanged { user: alice.id };
    let old = MailJob::EmailChanged { user: alice.id, address: address("a@example.com") };
    assert_eq!(mails(&jobs), [own.clone(), own, old.clone(), old]);
}

pub async fn jobs_of_users_and_of_addresses_do_not_meet(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let own = alice.values.email.as_str();
    let asked = enqueue(&store, request(own, 0, 1)).await;
    let sent = enqueue(&store, change_to(alice.id, own, 0).within(0)).await;
    assert_ne!(asked, sent);
    assert_eq!(enqueue(&store, change_to(alice.id, own, 1).within(0)).await, sent, "and need no room");
    assert_eq!(enqueue(&store, request(own, 2, 2)).await, asked);
    let jobs: Vec<_> = mail_jobs(&store).await.iter().map(|job| (job.id, job.generation)).collect();
    assert_eq!(jobs, [(asked, 2), (sent, 2)]);
    let stranger = UnitOfWork::new().enqueue_mail(request("stranger@example.com", 3, 1));
    assert_eq!(refusal(&store, stranger).await, QUEUE_FULL);
}

pub async fn a_mail_for_nobody_is_refused_wherever_it_should_go(store: Arc<dyn Store>) {
    let new = UnitOfWork::new;
    let (wanted, old) = ("new@example.com", "old@example.com");
    for job in
        [invitation(NOBODY, 0), notice(NOBODY), change_to(NOBODY, wanted, 0), changed_from(NOBODY, old)]
    {
        assert_eq!(refusal(&store, new().enqueue_mail(job.clone())).await, USER_GONE, "{job:?}");
    }
    let invite =
        new().insert_user(user_values("alice"), None, at(0)).enqueue_mail(invitation(UserRef::Created, 0));
    assert_eq!(refusal(&store, invite.clone().expect_user(NOBODY, 1)).await, USER_GONE);
    let alice = must(must(store.commit(invite).await).user());
    assert_eq!(mails(&mail_jobs(&store).await), [MailJob::Invitation { user: alice }]);
    assert_eq!(mail_jobs(&store).await[0].generation, 1, "the unit that failed left no job to be renewed");
}

/// Security checklist: 81.
pub async fn what_a_change_keeps_from_being_mailed_is_named_by_its_outcome(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let asked = |job: NewMailJob, request_id: &str| {
        UnitOfWork::new().enqueue_mail(NewMailJob { request_id: request_id.to_owned(), ..job })
    };
    let ask = async |job, request_id: &str| match commit(&store, asked(job, request_id)).await.remove(0) {
        Outcome::Job { replaced, .. } => replaced,
        other => must(Err(format!("no job: {other:?}"))),
    };
    let (to, new) = (|seconds| change_to(alice.id, "new@example.com", seconds), "new@example.com");
    assert_eq!(ask(to(0), "first").await, None);
    assert_eq!(ask(to(60), "second").await, Some("first".to_owned()));
    assert_eq!(ask(request(new, 0, 10), "third").await, None);
    assert_eq!(ask(request(new, 60, 10), "fourth").await, Some("third".to_owned()));
    assert_eq!(lease(&store, 1, 60).await.len(), 2);
    for (job, request_id) in [(to(120), "fifth"), (request(new, 120, 10), "sixth")] {
        assert_eq!(ask(job, request_id).await, None, "what a worker holds may be sent");
    }
    assert_eq!(ask(to(360), "seventh").await, Some("fifth".to_owned()), "its lease has ended");
    let unsent = |kind, request_id: &str| UnsentMail { kind, request_id: request_id.to_owned() };
    let drop_first = UnitOfWork::new().drop_mail(mail_jobs(&store).await[0].id);
    let dropped = unsent(MailKind::EmailChange, "seventh");
    assert_eq!(commit(&store, drop_first).await, [Outcome::Unsent(vec![dropped])]);
    commit(&store, asked(invitation(alice.id, 0), "invited")).await;
    commit(&store, asked(notice(alice.id), "noticed")).await;
    commit(&store, asked(notice(bob.id), "another user's")).await;
    let mut deleted = commit(&store, UnitOfWork::new().delete_user(alice.id, None)).await;
    let Outcome::Unsent(mut mails) = deleted.remove(0) else { must(Err(format!("{deleted:?}"))) };
    mails.sort_by(|one, other| one.request_id.cmp(&other.request_id));
    let expected = [unsent(MailKind::Invitation, "invited"), unsent(MailKind::PasswordChanged, "noticed")];
    assert_eq!(mails, expected);
    let stale = UnitOfWork::new().delete_user(bob.id, Some(99));
    assert_eq!(refusal(&store, stale).await, USER_GONE);
    assert_eq!(mail_jobs(&store).await.len(), 2, "a refused deletion removes nothing");
}

pub async fn a_deleted_user_leaves_no_job_to_be_renewed(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    enqueue(&store, invitation(alice.id, 0)).await;
    enqueue(&store, change_to(alice.id, "new@example.com", 0)).await;
    enqueue(&store, changed_from(alice.id, "old@example.com")).await;
    let theirs = enqueue(&store, change_to(bob.id, "new@example.com", 0)).await;
    commit(&store, UnitOfWork::new().delete_user(alice.id, None)).await;
    let left: Vec<_> = mail_jobs(&store).await.into_iter().map(|job| job.id).collect();
    assert_eq!(left, [theirs]);
    assert_eq!(refusal(&store, UnitOfWork::new().enqueue_mail(invitation(alice.id, 1))).await, USER_GONE);
}

pub async fn mails_that_race_for_one_user_become_one_job(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let change = |number: u8| {
        UnitOfWork::new().enqueue_mail(change_to(alice.id, &format!("u{number}@example.com"), 0))
    };
    assert_eq!(race(&store, 40, change, USER_GONE).await, 40);
    let jobs = mail_jobs(&store).await;
    assert_eq!(jobs.iter().map(|job| job.generation).collect::<Vec<_>>(), [40]);
}

pub async fn the_jobs_for_one_user_are_those_of_its_number_and_of_its_address(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let mut expected = Vec::new();
    for job in [
        invitation(alice.id, 0),
        request("alice@example.com", 0, 100),
        change_to(alice.id, "bob@example.com", 0),
        notice(alice.id),
    ] {
        expected.push(enqueue(&store, job).await);
    }
    for job in
        [invitation(bob.id, 0), request("bob@example.com", 0, 100), request("malice@example.com", 0, 100)]
    {
        enqueue(&store, job).await;
    }
    let jobs = must(store.list_mail_jobs_for(alice.id, "alice@example.com").await);
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), expected);
    assert_eq!(jobs[0].mail, MailJob::Invitation { user: alice.id });
    assert_eq!(must(store.list_mail_jobs_for(NOBODY, "nobody@example.com").await), []);
}

//! How long the queue of mails is.

use std::sync::Arc;

use denizen_services::store::{MailKind, MailOutcome, MailPhase, Store};

use super::mail_queue::{dead, enqueue, finish, lease, request, retry};
use crate::{
    contract::{
        examples::notice,
        verbs::{at, insert},
    },
    must,
};

const RESET: MailKind = MailKind::PasswordReset;

/// What is counted so many seconds after the beginning: kind, phase, number, and when the oldest was asked for.
type Counted = Vec<(MailKind, MailPhase, u64, i64)>;

async fn counted(store: &Arc<dyn Store>, seconds: i64, limit: usize) -> Counted {
    let counts = must(store.count_mail_jobs(at(seconds), limit).await).0.into_iter();
    counts
        .map(|((kind, phase), found)| (kind, phase, found.jobs, (found.oldest - at(0)).num_seconds()))
        .collect()
}

async fn ask(store: &Arc<dyn Store>, seconds: &[i64]) {
    for seconds in seconds {
        enqueue(store, request(&format!("u{seconds}@example.com"), *seconds, 100)).await;
    }
}

pub async fn an_empty_queue_has_nothing_to_count(store: Arc<dyn Store>) {
    assert_eq!(counted(&store, 0, 10).await, []);
    ask(&store, &[0]).await;
    let job = lease(&store, 1, 0).await.remove(0);
    assert!(finish(&store, &job, MailOutcome::Done).await);
    assert_eq!(counted(&store, 0, 10).await, []);
}

pub async fn mail_jobs_are_counted_by_what_they_wait_for(store: Arc<dyn Store>) {
    ask(&store, &[1, 2, 3, 4]).await;
    let leased = lease(&store, 1, 4).await;
    assert!(finish(&store, &leased[0], dead()).await);
    assert!(finish(&store, &leased[1], retry(60)).await);
    // The oldest is not the first.
    ask(&store, &[6, 5]).await;

    let (leased, dead) = ((RESET, MailPhase::Leased, 2, 3), (RESET, MailPhase::Dead, 1, 1));
    let before = [(RESET, MailPhase::Waiting, 1, 2), (RESET, MailPhase::Due, 2, 5), leased, dead];
    assert_eq!(counted(&store, 59, 10).await, before);
    let after = [(RESET, MailPhase::Due, 3, 2), leased, dead];
    assert_eq!(counted(&store, 60, 10).await, after, "it is due from that instant on");
}

pub async fn mail_jobs_are_counted_by_kind(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    ask(&store, &[7]).await;
    for _ in 0..2 {
        enqueue(&store, notice(alice.id)).await;
    }
    let expected = [(RESET, MailPhase::Due, 1, 7), (MailKind::PasswordChanged, MailPhase::Due, 2, 0)];
    assert_eq!(counted(&store, 7, 10).await, expected);
}

pub async fn a_lease_counts_until_the_instant_at_which_it_ends(store: Arc<dyn Store>) {
    ask(&store, &[0]).await;
    lease(&store, 1, 0).await;
    assert_eq!(counted(&store, 299, 10).await, [(RESET, MailPhase::Leased, 1, 0)]);
    assert_eq!(counted(&store, 300, 10).await, [(RESET, MailPhase::Due, 1, 0)]);
}

pub async fn no_more_mail_jobs_are_counted_than_asked_for(store: Arc<dyn Store>) {
    ask(&store, &[1, 2, 3]).await;
    for job in lease(&store, 1, 3).await {
        assert!(finish(&store, &job, dead()).await);
    }
    ask(&store, &[6, 5, 4]).await;
    // The first two of the living and the first two of the dead.
    let expected = [(RESET, MailPhase::Due, 2, 5), (RESET, MailPhase::Dead, 2, 1)];
    assert_eq!(counted(&store, 9, 2).await, expected);
    assert_eq!(counted(&store, 9, 0).await, []);
}

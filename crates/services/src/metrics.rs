//! What can be measured, for whoever watches over the service.
//!
//! Nothing of it is about a person. But whoever can read it all the time can ask for a mail, and see from what becomes of it
//! whether there is such an account: it is for those who run the service.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::named_enum;

use crate::{
    common::CrowdedLimits,
    ports::{
        Clock,
        store::{
            Change, CommitObserver, Committed, MailCounts, MailKind, MailPhase, Outcome, Store, UnitOfWork,
            UnsentReason,
        },
    },
};

/// How many jobs that are alive, and how many dead ones, are looked at: more than strangers can queue of the three kinds that
/// they can ask for, unless they are allowed more. Beyond that, a number says enough by being so large.
const MOST_JOBS: usize = 40_000;

named_enum! {
    /// What became of an attempt to send a mail.
    pub enum MailResult {
        /// The transport has taken it.
        Sent = "sent",
        /// It came to nothing, and is repeated later.
        Failed = "failed",
        /// It came to nothing, and is not repeated.
        GivenUp = "given_up",
    }
}

/// What became of the mails of this process since it began. As an observer of commits, it also counts and logs the jobs
/// that a change ends before their mails are sent.
#[derive(Debug, Default)]
pub struct MailCounters {
    attempts: [[AtomicU64; MailResult::ALL.len()]; MailKind::ALL.len()],
    unsent: [AtomicU64; UnsentReason::ALL.len()],
}

impl MailCounters {
    /// How many mails of this kind had this result.
    #[must_use]
    pub fn count(&self, kind: MailKind, result: MailResult) -> u64 {
        self.attempts[kind as usize][result as usize].load(Ordering::Relaxed)
    }

    /// Counts one more. For workers.
    pub fn add(&self, kind: MailKind, result: MailResult) {
        self.attempts[kind as usize][result as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many mails were not sent for this reason.
    #[must_use]
    pub fn count_unsent(&self, reason: UnsentReason) -> u64 {
        self.unsent[reason as usize].load(Ordering::Relaxed)
    }

    /// Counts and logs that the mail of this request is not sent.
    pub fn add_unsent(&self, kind: MailKind, request_id: &str, reason: UnsentReason) {
        log::info!("mail {} of {request_id} is not sent: {}", kind.as_str(), reason.as_str());
        self.unsent[reason as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl CommitObserver for MailCounters {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        for (change, outcome) in work.changes().iter().zip(&committed.0) {
            let (reason, mails) = match (change, outcome) {
                (Change::EnqueueMail(job), Outcome::Job { replaced: Some(request_id), .. }) => {
                    self.add_unsent(job.mail.kind(), request_id, UnsentReason::Replaced);
                    continue;
                }
                (Change::DeleteUser { .. }, Outcome::Unsent(mails)) => (UnsentReason::Deleted, mails),
                (_, Outcome::Unsent(mails)) => (UnsentReason::Dropped, mails),
                _ => continue,
            };
            for mail in mails {
                self.add_unsent(mail.kind, &mail.request_id, reason);
            }
        }
    }
}

/// What is measured at a moment.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// The mail jobs of all processes; `None` if the store cannot tell. Of many thousands, only the first are counted.
    pub mail_jobs: Option<MailCounts>,
    /// How long ago the oldest mail was asked for that is to be sent yet; nothing if there is none.
    pub oldest_mail_job: Duration,
    /// What the worker of this process has done.
    pub mails: Arc<MailCounters>,
    /// Which limits had no room for more clients in this process.
    pub crowded_limits: Arc<CrowdedLimits>,
}

/// Tells how much there is of what.
#[async_trait]
pub trait MetricsService: Send + Sync {
    /// Measures now. Never fails: what cannot be reached is not measured.
    async fn metrics(&self) -> Metrics;
}

/// The implementation of [`MetricsService`].
pub struct DefaultMetricsService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    mails: Arc<MailCounters>,
    crowded_limits: Arc<CrowdedLimits>,
}

impl DefaultMetricsService {
    /// Measures a store, a worker by its [counters](crate::MailWorker::counters), and limits by an observer of the store.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        mails: Arc<MailCounters>,
        crowded_limits: Arc<CrowdedLimits>,
    ) -> Self {
        Self { store, clock, mails, crowded_limits }
    }
}

#[async_trait]
impl MetricsService for DefaultMetricsService {
    async fn metrics(&self) -> Metrics {
        let now = self.clock.now();
        let counted = self.store.count_mail_jobs(now, MOST_JOBS).await;
        let mail_jobs =
            counted.inspect_err(|error| log::warn!("the mail queue cannot be measured: {error}")).ok();
        let counts = mail_jobs.iter().flat_map(|counts| &counts.0);
        let alive = counts.filter(|((_, phase), _)| *phase != MailPhase::Dead);
        let oldest = alive.map(|(_, count)| now - count.oldest).max().unwrap_or_default();
        // Another process's clock may be ahead.
        let oldest_mail_job = oldest.max(Duration::zero());
        let (mails, crowded_limits) = (Arc::clone(&self.mails), Arc::clone(&self.crowded_limits));
        Metrics { mail_jobs, oldest_mail_job, mails, crowded_limits }
    }
}

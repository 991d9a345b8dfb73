//! # The store port
//!
//! A service decides; it never holds a database transaction. It reads what it needs through [`ReadStore`], builds a
//! [`UnitOfWork`] — a value that lists the changes which belong together — and hands it to [`WriteStore::commit`], which
//! applies all of it or nothing.
//!
//! Four things are no units, because they return data or must not fail together: leasing and finishing mail jobs
//! ([`MailQueue`]), noting that sessions and keys are used ([`SessionTouches`]), agreeing on a secret ([`Secrets`]), and imports
//! ([`WriteStore::commit_batch`]).
//!
//! # Writing a store
//!
//! Implement the five traits; [`Store`] then follows by itself. Run the contract suite of `denizen-testkit` against
//! it: `denizen_testkit::store_contract!(|| async { … })` is the whole test file. The in-memory store of this crate
//! is the model in the fewest lines. The rules that the suite holds a store to:
//!
//! 1. Preconditions are checked *inside* the transaction that writes; the actor's [`Authority`] before all others.
//! 2. Changes apply in order; the first failure names the error, and nothing of the unit remains.
//! 3. Dropping the future of a commit drops the answer, never the commit.
//! 4. Observers are called after the commit and before the answer, in commit order.
//! 5. Ids only grow, and none is given twice, even if its user was deleted.

mod audit;
mod authority;
mod change;
mod cursor;
mod error;
mod limits;
mod mail_jobs;
mod metrics;
mod reads;
mod records;
mod secrets;
mod unit_of_work;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use crate::ports::cause::Cause;
pub use audit::{AuditEvent, AuditId, AuditKind, AuditQuery, AuditRecord, actor_name, key_name};
pub use authority::{Authority, Needs, SessionValidity};
pub use change::{Change, Purge};
pub use cursor::{Cursor, UserSort};
pub use error::{CommitError, Precondition, StoreFailure, UniqueKey};
pub use limits::{BucketKey, Quota};
pub use mail_jobs::{
    LONGEST_DELAY, Lease, LeasedMail, MailJob, MailJobId, MailKind, MailOutcome, MailQuery, NewMailJob,
    QueuedMail, Recipient, UnsentMail, UnsentReason,
};
pub use metrics::{MailCount, MailCounts, MailPhase};
pub use reads::{PageRequest, ReadStore, UserFilter, UserPage};
pub use records::{
    ClientKind, Credentials, FailedAttempts, KeyId, KeyTouch, NameKey, NewKey, NewSession, PasswordScheme,
    Registration, ServiceKey, Session, SessionId, SessionTouch, StoredToken, UserRef,
};
pub use secrets::{SecretName, ServiceSecret};
pub(crate) use unit_of_work::verbs;
pub use unit_of_work::{Committed, Outcome, UnitOfWork};

/// The write port.
#[async_trait]
pub trait WriteStore: Send + Sync {
    /// Applies `work` as a whole, durably, or not at all.
    ///
    /// # Errors
    /// See [`CommitError`]. After `Unavailable` the caller does not know whether it was written; after every other
    /// error it was not.
    async fn commit(&self, work: UnitOfWork) -> Result<Committed, CommitError>;

    /// Applies many units in few transactions, for imports: each one succeeds or fails for itself. The answers are
    /// in the order of the units.
    async fn commit_batch(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, CommitError>>;

    /// Registers an observer of all commits made through this store from now on.
    fn observe(&self, observer: Arc<dyn CommitObserver>);

    /// Returns when the store can no longer write, with the reason; for most stores that is never. A server stops
    /// then: half a store is worse than a restart.
    async fn failed(&self) -> StoreFailure {
        std::future::pending().await
    }
}

/// Told of every commit: the place for caches and live events.
pub trait CommitObserver: Send + Sync {
    /// Called after the commit and before its answer, in commit order, also if the caller is gone. MUST NOT block;
    /// a panic in here is caught and logged ([`tell_observers`]). `committed` has one outcome per change of `work`.
    fn committed(&self, work: &UnitOfWork, committed: &Committed);
}

/// Tells every observer of a commit. For stores: one that panics harms neither the store nor the others.
pub fn tell_observers(observers: &[Arc<dyn CommitObserver>], work: &UnitOfWork, committed: &Committed) {
    for observer in observers {
        if catch_unwind(AssertUnwindSafe(|| observer.committed(work, committed))).is_err() {
            log::error!("an observer of commits panicked");
        }
    }
}

/// The queue of mail jobs. Jobs get into it as [`Change::EnqueueMail`].
#[async_trait]
pub trait MailQueue: Send + Sync {
    /// Leases jobs that are due at `now` and that are not leased to another caller, until `until`: of each kind the oldest
    /// due, up to the number in `room`, and none of a kind that is not in it. Returns the oldest due first. A job is leased
    /// to one caller only, whatever the number of processes.
    ///
    /// # Errors
    /// See [`StoreFailure`].
    async fn lease_mail(
        &self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        room: &[(MailKind, usize)],
    ) -> Result<Vec<LeasedMail>, StoreFailure>;

    /// Says what became of a leased job. If a newer request came in meanwhile (higher generation), the job is only
    /// released, and stays due. `false`: the lease was lost, and nothing was changed.
    ///
    /// # Errors
    /// See [`StoreFailure`].
    async fn finish_mail(&self, lease: Lease, outcome: MailOutcome) -> Result<bool, StoreFailure>;
}

/// Noting that sessions and service keys are used: off the request path, and never of consequence if it is lost.
#[async_trait]
pub trait SessionTouches: Send + Sync {
    /// Moves `last_seen_at` of these sessions forward, never backward. A session that is gone stays gone.
    ///
    /// # Errors
    /// See [`StoreFailure`].
    async fn touch_sessions(&self, touches: Vec<SessionTouch>) -> Result<(), StoreFailure>;

    /// Moves `last_used_at` of these service keys forward, never backward. A key that is gone stays gone.
    ///
    /// # Errors
    /// See [`StoreFailure`].
    async fn touch_keys(&self, touches: Vec<KeyTouch>) -> Result<(), StoreFailure>;
}

/// The secrets of a service, which all its processes have in common.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The secret of this name, forever the same; `candidate` becomes it if there is none yet. Of several processes
    /// that ask at once, all are given the same.
    ///
    /// # Errors
    /// See [`StoreFailure`].
    async fn keep_secret(
        &self,
        name: SecretName,
        candidate: ServiceSecret,
    ) -> Result<ServiceSecret, StoreFailure>;
}

/// Everything that a store can do.
pub trait Store: ReadStore + WriteStore + MailQueue + SessionTouches + Secrets {}

impl<T: ReadStore + WriteStore + MailQueue + SessionTouches + Secrets + ?Sized> Store for T {}

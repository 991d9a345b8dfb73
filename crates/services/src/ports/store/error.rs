//! How a store fails. Nothing of any driver shows in here.

use chrono::Duration;

use crate::ports::cause::Cause;

/// A value that may exist only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UniqueKey {
    /// [`denizen_models::Username::key`].
    #[error("the user name")]
    Username,
    /// [`denizen_models::EmailAddress::key`].
    #[error("the e-mail address")]
    Email,
}

/// What was no longer as the unit of work expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Precondition {
    /// The actor no longer exists, is inactive, or has no live session; or the service key is revoked or has expired.
    #[error("the actor is not signed in")]
    Actor,
    /// The actor does not have the role that the unit needs, or the service key not the scope.
    #[error("the actor does not have the role")]
    Role,
    /// The user is gone, or is not of the expected revision or security version.
    #[error("the user has changed or is gone")]
    User,
    /// There is no such live token.
    #[error("no such token")]
    Token,
    /// The lease was lost, or a newer request replaced the job.
    #[error("the lease is lost")]
    Lease,
    /// Too many requests of strangers are waiting to be mailed, or to be confirmed.
    #[error("too many are waiting")]
    QueueRoom,
    /// The user has no such session.
    #[error("no such session")]
    Session,
    /// There is no other administrator who could sign in.
    #[error("there is no other administrator")]
    Administrator,
    /// Too many attempts to sign in have failed in a row.
    #[error("too many attempts have failed")]
    FailedAttempts,
    /// There are as many service keys as are kept.
    #[error("too many service keys")]
    KeyRoom,
    /// There is no such service key.
    #[error("no such service key")]
    Key,
    /// There is no such mail job.
    #[error("no such mail job")]
    MailJob,
    /// The user name was another user's, and is reserved.
    #[error("the user name is reserved")]
    Username,
}

/// The store failed, whatever it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFailure {
    /// Too much to do, or it would take too long. Nothing was written.
    #[error("the store is busy: {0}")]
    Busy(#[source] Cause),
    /// The store cannot be reached or is stopping. Whether a unit was written is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Cause),
    /// The store holds a value that it cannot have written.
    #[error("the store is corrupt: {0}")]
    Corrupt(#[source] Cause),
    /// The request contradicts itself: a fault of the program, not of its user.
    #[error("malformed request to the store: {0}")]
    Malformed(#[source] Cause),
}

/// Why a unit of work was not committed.
///
/// When two things are wrong at once, every store reports the same one: changes are applied in order and the first
/// failure wins; within one change the user's version comes before the user name, and that before the e-mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Another user has this value.
    #[error("{0} is taken")]
    Conflict(UniqueKey),
    /// The stored state has changed since the caller read it. Nothing was written.
    #[error("precondition failed: {0}")]
    PreconditionFailed(Precondition),
    /// A bucket of the unit is empty. Nothing was written.
    #[error("too many requests")]
    RateLimited {
        /// After this time the bucket is no longer empty.
        retry_after: Duration,
    },
    /// The store failed.
    #[error(transparent)]
    Failed(#[from] StoreFailure),
}

//! How a store fails. Nothing of any driver shows in here.

use std::fmt;

use chrono::Duration;

/// A value that may exist only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UniqueKey {
    /// [`denizen_models::Username::key`].
    Username,
    /// [`denizen_models::EmailAddress::key`].
    Email,
}

/// What was no longer as the unit of work expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// The user is gone, or is not of the expected revision or security version.
    User,
    /// There is no such live token.
    Token,
    /// The lease was lost, or a newer request replaced the job.
    Lease,
    /// Too many requests of strangers are waiting to be mailed, or to be confirmed.
    QueueRoom,
    /// The user has no such session.
    Session,
    /// There is no other administrator who could sign in.
    Administrator,
    /// There is no such registration.
    Registration,
    /// There is no such mail job.
    MailJob,
}

/// Why a store did not do what it was asked.
///
/// When two things are wrong at once, every store reports the same one: changes are applied in order and the first
/// failure wins; within one change the user's version comes before the user name, and that before the e-mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another user has this value.
    #[error("{0} is taken")]
    Conflict(UniqueKey),
    /// The world changed since the caller looked. Nothing was written.
    #[error("precondition failed: {0}")]
    PreconditionFailed(Precondition),
    /// Somebody does something too often. Nothing was written.
    #[error("too many requests")]
    RateLimited {
        /// After this time it may be done again.
        retry_after: Duration,
    },
    /// Too much to do, or it would take too long. Nothing was written.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// The store cannot be reached or is stopping. Whether the unit was written is unknown.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store holds something that it cannot have written.
    #[error("the store is corrupt: {0}")]
    Corrupt(String),
    /// The unit of work makes no sense. A fault of the program, not of its user.
    #[error("malformed unit of work: {0}")]
    Malformed(String),
}

impl fmt::Display for UniqueKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Username => "the user name",
            Self::Email => "the e-mail address",
        })
    }
}

impl fmt::Display for Precondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "the user has changed or is gone",
            Self::Token => "no such token",
            Self::Lease => "the lease is lost",
            Self::QueueRoom => "too many are waiting",
            Self::Session => "no such session",
            Self::Administrator => "there is no other administrator",
            Self::Registration => "no such registration",
            Self::MailJob => "no such mail job",
        })
    }
}

//! Password hashing, as a port.

use async_trait::async_trait;
use denizen_models::{Password, redacted};

use crate::ports::cause::Cause;

/// A password hash as text that names its function and parameters (`$argon2id$v=19$…`). Not printable: a leaked hash
/// can be attacked at leisure.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps what a hasher made or a store kept. A hash from elsewhere comes in through `import` of the hashing crate.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the store.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

redacted! { PasswordHash }

/// Why a password could not be hashed or compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many are waiting. Nothing happened; try again later.
    #[error("the hashing queue is full")]
    Busy,
    /// The hasher failed or is gone.
    #[error("hashing failed: {0}")]
    Failed(#[source] Cause),
}

/// Why a hash that another system made is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHash {
    /// It is no hash of a function that can be compared.
    #[error("not a password hash of a supported kind")]
    Unsupported,
    /// The function is known, but the rest cannot be read. The text names what is wrong with it, never what it holds.
    #[error("malformed password hash: {0}")]
    Malformed(String),
    /// A single comparison would take seconds or gigabytes.
    #[error("the password hash costs too much to compare")]
    TooCostly,
}

/// What came of comparing a password with a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Match,
    /// It is the password, but the hash is weaker or of another kind than what the hasher makes now: whoever holds the
    /// password should hash it again, and store that.
    Outdated,
    /// It is another password.
    Mismatch,
}

impl Verdict {
    /// Whether it is the password.
    #[must_use]
    pub const fn is_match(self) -> bool {
        matches!(self, Self::Match | Self::Outdated)
    }
}

/// Work for [`PasswordHasher::run`].
pub type CostlyWork = Box<dyn FnOnce() + Send>;

/// Turns passwords into hashes and compares them.
///
/// Hashing is slow on purpose, so an implementation MUST NOT run any of it on the caller's thread, MUST bound how many
/// jobs run and how many wait, all methods taken together, and answers [`HashError::Busy`] beyond that. A job that
/// panics MUST NOT cost more than its own answer, which is [`HashError::Failed`]. A job whose caller has gone before
/// its turn SHOULD NOT run.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes the composed form of `password` ([`Password::as_bytes`]) with a fresh salt. [`Self::verify`] MUST answer
    /// [`Verdict::Match`] for what it returns.
    ///
    /// # Errors
    /// See [`HashError`].
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError>;

    /// Whether `hash` was made from `password`.
    ///
    /// A hash that this hasher did not make may be of what the user typed before it was composed
    /// ([`Password::as_typed`]): that form MUST be tried, too, and first. A match of it is [`Verdict::Outdated`].
    ///
    /// # Errors
    /// See [`HashError`]; a hash that cannot be read, or costs too much, is [`HashError::Failed`], never a match.
    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<Verdict, HashError>;

    /// Compares `password` with the hash of nobody: for unknown users, and for users without a password, so that the
    /// time of the answer does not tell them from others.
    ///
    /// MUST do the work of [`Self::verify`] with a wrong password and a hash that [`Self::hash`] has just made, MUST
    /// count against the same bounds, and MUST answer [`Verdict::Mismatch`].
    ///
    /// # Errors
    /// See [`HashError`].
    async fn verify_dummy(&self, password: Password) -> Result<Verdict, HashError>;

    /// Runs work that takes about as long as a hash, where hashes are made, so that it keeps no async thread from its
    /// requests: judging a password's strength takes tens of milliseconds. When the answer is `Ok`, it MUST have run.
    ///
    /// # Errors
    /// See [`HashError`].
    async fn run(&self, work: CostlyWork) -> Result<(), HashError>;
}

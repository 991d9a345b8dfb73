//! Password hashing, as a port.

use std::fmt;

use async_trait::async_trait;
use denizen_models::Password;

/// A password hash in PHC string format (`$argon2id$v=19$…`). Not printable: a leaked hash can be attacked at leisure.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    #[must_use]
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The PHC string, for the store.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Why a password could not be hashed or compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many are waiting. Nothing happened; try again later.
    #[error("the hashing queue is full")]
    Busy,
    /// The hasher failed or is gone.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// Turns passwords into hashes and compares them.
///
/// Hashing is slow on purpose, so an implementation MUST NOT run it on the caller's thread, MUST bound how many
/// run and how many wait, and answers [`HashError::Busy`] beyond that.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes `password` with a fresh salt.
    ///
    /// # Errors
    /// See [`HashError`].
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError>;

    /// Whether `hash` was made from `password`.
    ///
    /// # Errors
    /// See [`HashError`]; a hash that cannot be read is [`HashError::Failed`], never a match.
    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<bool, HashError>;
}

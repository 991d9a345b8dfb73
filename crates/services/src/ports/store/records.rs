//! What stores keep beside users.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, KeyScope, UserId, redacted};

use super::error::StoreFailure;
use crate::ports::{hasher::PasswordHash, randomness::TokenHash};

/// A user of a unit of work: one that exists, or the one that the same unit creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRef {
    /// One that exists.
    Id(UserId),
    /// The one that an earlier change of this unit inserts.
    Created,
}

impl UserRef {
    /// The user that is meant, if `created` is the one that the unit has inserted so far.
    ///
    /// # Errors
    /// [`StoreFailure::Malformed`] if there is none; [`apply`](super::UnitOfWork::apply) has looked for that before.
    pub fn resolve(self, created: Option<UserId>) -> Result<UserId, StoreFailure> {
        match self {
            Self::Id(id) => Ok(id),
            Self::Created => created.ok_or_else(Self::unknown),
        }
    }

    pub(super) fn unknown() -> StoreFailure {
        StoreFailure::Malformed("a user is referred to before it is created".into())
    }
}

impl From<UserId> for UserRef {
    fn from(id: UserId) -> Self {
        Self::Id(id)
    }
}

/// By whom an attempt to sign in is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// A client of which nothing is known.
    Stranger,
    /// A device that the user has signed in with, or an open session of the user.
    Known,
}

/// How many attempts to sign in have failed since the last one that succeeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailedAttempts {
    /// By [`ClientKind::Stranger`].
    pub stranger: u32,
    /// By [`ClientKind::Known`].
    pub known: u32,
}

impl FailedAttempts {
    /// How many of them such clients made.
    #[must_use]
    pub const fn by(self, client: ClientKind) -> u32 {
        match client {
            ClientKind::Stranger => self.stranger,
            ClientKind::Known => self.known,
        }
    }
}

/// What is needed to check a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The hash; none until a password is set.
    pub hash: Option<PasswordHash>,
    /// The version that belongs to this reading.
    pub security_version: i64,
    /// The security version that came with the present password: [`Change::SetPassword`](super::Change) raises it. A
    /// user without a password has 1.
    pub password_version: i64,
    /// Failed attempts to sign in since the last success.
    pub failed_attempts: FailedAttempts,
}

/// How many users have a hash of which scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordScheme {
    /// [`PasswordHash::scheme`].
    pub scheme: PasswordHash,
    /// At least one.
    pub users: u64,
}

/// A live or expired token; consumed and revoked ones are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// Whose it is.
    pub user: UserId,
    /// The instant from which it is dead.
    pub expires_at: DateTime<Utc>,
    /// The address that it proves to be the user's, if that is not the account's own.
    pub address: Option<EmailAddress>,
}

/// A user name that was given up: its HMAC, so that no former name is at rest in a form that can be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameKey([u8; 32]);

impl NameKey {
    /// Wraps an HMAC.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

redacted! { NameKey }

/// A pending registration: the e-mail address of a sign-up, and the token that was mailed to it. One at most per address.
/// It holds nothing else: what the client of a sign-up typed is not known to be the owner's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// [`EmailAddress::key`].
    pub address: String,
    /// What is kept of the token.
    pub token: TokenHash,
    /// The number of confirmations that were tried with this token.
    pub attempts: u32,
    /// The instant from which the token is dead.
    pub expires_at: DateTime<Utc>,
}

/// A session's number, as its owner may see it. Knowing it opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

/// A session to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Whose it is.
    pub user: UserId,
    /// What is kept of its secret.
    pub token: TokenHash,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it ends whatever happens.
    pub expires_at: DateTime<Utc>,
    /// From where.
    pub ip: Option<IpAddr>,
    /// What the client says it is.
    pub user_agent: Option<String>,
}

/// An open session; revoked ones are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// As it was opened.
    pub opened: NewSession,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
}

/// That a session was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTouch {
    /// Which one.
    pub session: SessionId,
    /// When.
    pub at: DateTime<Utc>,
}

/// The number of a service key, which is a part of the key. Knowing it opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub i64);

/// A service key to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What administrators know it by.
    pub name: String,
    /// What is kept of its secret part.
    pub hash: TokenHash,
    /// What it is good for. Never changes.
    pub scopes: Vec<KeyScope>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The instant from which it is dead; absent for a key without an end.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A service key; revoked ones are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceKey {
    /// Its number.
    pub id: KeyId,
    /// As it was created.
    pub created: NewKey,
    /// When it was last used, to the minute; absent before its first use.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// That a service key was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTouch {
    /// Which one.
    pub key: KeyId,
    /// When.
    pub at: DateTime<Utc>,
}

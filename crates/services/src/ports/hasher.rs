//! Password hashing, as a port.

use std::net::{IpAddr, Ipv6Addr};

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

    /// Returns the scheme of this hash: a hash that no password has, with the same function and parameters, whose salt and
    /// output are blank and as long. To compare a password with it costs the same.
    ///
    /// ```
    /// # use denizen_services::PasswordHash;
    /// let scheme = |text: &str| PasswordHash::new(text.to_owned()).scheme().expose().to_owned();
    /// assert_eq!(scheme("$argon2id$v=19$m=64,t=2,p=1$c2FsdA$b3V0cHV0"), "$argon2id$v=19$m=64,t=2,p=1$AAAAAA$AAAAAAAA");
    /// assert_eq!(scheme("$2b$04$CfYVFcBukA"), "$2b$04$..........");
    /// ```
    #[must_use]
    pub fn scheme(&self) -> Self {
        // Of bcrypt, cost and output are divided alike, and zeros are written as dots.
        let is_bcrypt = self.0.starts_with("$2") && self.0.get(3..4) == Some("$");
        let (fields, zero) = if is_bcrypt { (1, ".") } else { (2, "A") };
        let blank = |field: &str| zero.repeat(field.chars().count());
        let mut fields: Vec<_> = self.0.rsplitn(fields + 1, '$').map(str::to_owned).collect();
        let kept = fields.pop();
        let blanked = fields.iter().rev().map(|field| blank(field));
        Self(kept.into_iter().chain(blanked).collect::<Vec<_>>().join("$"))
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
    /// A comparison would take many times as long as with the hasher's own hashes, or gigabytes.
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

/// On whose behalf a password is hashed: networks have equal shares of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(Option<IpAddr>);

impl Network {
    /// The service itself, or a program that embeds it.
    pub const SERVICE: Self = Self(None);

    /// Returns the network of a client: an IPv4 address, or the /48 of an IPv6 address, which is the largest that one
    /// subscriber is given (RFC 6177). A caller without an address is the service.
    #[must_use]
    pub fn of(ip: Option<IpAddr>) -> Self {
        Self(ip.map(|ip| match ip.to_canonical() {
            IpAddr::V4(ip) => ip.into(),
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 80)).into(),
        }))
    }
}

/// Work for [`PasswordHasher::run`].
pub type CostlyWork = Box<dyn FnOnce() + Send>;

/// Turns passwords into hashes and compares them.
///
/// Hashing is slow on purpose, so an implementation MUST NOT run any of it on the caller's thread, MUST bound how many
/// jobs run and how many wait, all methods taken together, and answers [`HashError::Busy`] beyond that. Each [`Network`]
/// SHOULD have a fair share of that, and networks that wait SHOULD be served in turn, so that one network cannot keep
/// others out. A job that panics MUST NOT cost more than its own answer, which is [`HashError::Failed`]. A job whose caller
/// has gone before its turn SHOULD NOT run.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes the composed form of `password` ([`Password::as_bytes`]) with a fresh salt. [`Self::verify`] MUST answer
    /// [`Verdict::Match`] for what it returns.
    ///
    /// # Errors
    /// See [`HashError`].
    async fn hash(&self, network: Network, password: Password) -> Result<PasswordHash, HashError>;

    /// Whether `hash` was made from `password`.
    ///
    /// A hash that another system made may be of what the user typed before it was composed ([`Password::as_typed`]):
    /// that form MUST be tried, too, and first. A match of it is [`Verdict::Outdated`]. For a hash of its own, a hasher
    /// MUST NOT hash more than once.
    ///
    /// # Errors
    /// See [`HashError`]; a hash that cannot be read, or costs too much, is [`HashError::Failed`], never a match.
    async fn verify(
        &self,
        network: Network,
        password: Password,
        hash: PasswordHash,
    ) -> Result<Verdict, HashError>;

    /// Does the work of comparing `password` with a hash: for unknown users, and for users without a password, so that the
    /// time of the answer does not tell them from others.
    ///
    /// MUST do the work of [`Self::verify`] with a wrong password and a hash of this [scheme](PasswordHash::scheme), or one
    /// that [`Self::hash`] has just made if no scheme is given; MUST count against the same bounds, and MUST answer
    /// [`Verdict::Mismatch`].
    ///
    /// # Errors
    /// See [`HashError`].
    async fn verify_dummy(
        &self,
        network: Network,
        password: Password,
        scheme: Option<PasswordHash>,
    ) -> Result<Verdict, HashError>;

    /// Runs work that takes about as long as a hash, where hashes are made, so that it keeps no async thread from its
    /// requests: judging a password's strength takes tens of milliseconds. When the answer is `Ok`, it MUST have run.
    ///
    /// # Errors
    /// See [`HashError`].
    async fn run(&self, network: Network, work: CostlyWork) -> Result<(), HashError>;
}

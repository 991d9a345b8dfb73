//! A unit of work: the changes that belong together, as a value.

use chrono::{DateTime, Utc};
use denizen_models::{UserId, UserValues};

use super::{
    audit::AuditEvent,
    error::StoreError,
    limits::{BucketKey, Quota},
    mail_jobs::{Lease, MailJobId, NewMailJob, Recipient},
    records::{NewSession, SessionId, UserRef},
};
use crate::{
    hashing::PasswordHash,
    tokens::{TokenHash, TokenPurpose},
};

/// One change, or a condition that must hold for the others.
///
/// "Exactly one" means that the change fails its precondition if there is no such row; "any number" never fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Writes nothing. Exactly one: the user exists with this security version, else `Precondition::User`.
    ExpectUser {
        /// Who.
        user: UserId,
        /// As it was read.
        security_version: i64,
    },
    /// Writes nothing. Exactly one: the lease is held and no newer request came in, else `Precondition::Lease`.
    ExpectLease(Lease),
    /// Takes one from a bucket, or fails with [`StoreError::RateLimited`] if it is empty. Of several in a unit all are
    /// taken or none. A bucket that is full again needs no row: with each new one a store forgets up to two that are;
    /// if it has `capacity` of them, the two that are nearest to it, so that nobody who floods the limits locks out
    /// others or fills the disk.
    TakeFromBucket {
        /// From which.
        bucket: BucketKey,
        /// What it holds.
        quota: Quota,
        /// The present. If it goes back, nothing comes back with it.
        now: DateTime<Utc>,
        /// How many buckets of all kinds are kept.
        capacity: u32,
    },
    /// Inserts a user with revision and security version 1. At most one in a unit. Yields `Outcome::User`.
    /// A taken user name or e-mail is a `Conflict`; the user name is looked at first.
    InsertUser {
        /// What is set on it.
        values: UserValues,
        /// The first password, if any.
        password: Option<PasswordHash>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Exactly one: replaces the values of the user with this *revision*, else `Precondition::User`. Raises the
    /// revision, and the security version if the folded e-mail, the status or the roles become others. Conflicts
    /// as for `InsertUser`.
    UpdateUser {
        /// Who.
        user: UserId,
        /// As it was read.
        revision: i64,
        /// What replaces the old values.
        values: UserValues,
        /// When.
        at: DateTime<Utc>,
    },
    /// Exactly one: sets the password of the user with this security version, else `Precondition::User`. Raises
    /// both versions.
    SetPassword {
        /// Who.
        user: UserId,
        /// The new hash.
        hash: PasswordHash,
        /// As it was read.
        security_version: i64,
        /// When.
        at: DateTime<Utc>,
    },
    /// Any number: marks the address of the user as confirmed, raising the revision if it was not.
    VerifyEmail {
        /// Who.
        user: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Exactly one: deletes the user with its sessions, tokens and mail jobs, else `Precondition::User`.
    DeleteUser {
        /// Who.
        user: UserId,
        /// As it was read; none for a user of any revision.
        revision: Option<i64>,
    },
    /// Replaces the token of this user and purpose: there is one at most. An unknown user is `Precondition::User`.
    PutToken {
        /// Whose it is.
        user: UserRef,
        /// What for.
        purpose: TokenPurpose,
        /// What is kept of it.
        hash: TokenHash,
        /// The instant from which it is dead.
        expires_at: DateTime<Utc>,
    },
    /// Exactly one: removes this token of this user if it is alive at `now`, else `Precondition::Token`.
    ConsumeToken {
        /// Whose it is.
        user: UserId,
        /// What for.
        purpose: TokenPurpose,
        /// Which.
        hash: TokenHash,
        /// The present; a token is dead from the instant it expires.
        now: DateTime<Utc>,
    },
    /// Any number: removes all tokens of the user. Yields `Outcome::Count`.
    RevokeTokens {
        /// Whose.
        user: UserId,
    },
    /// Opens a session. Yields `Outcome::Session`. Combine with `ExpectUser`. An unknown user is `Precondition::User`.
    InsertSession(NewSession),
    /// Any number: ends the sessions of the user. Yields `Outcome::Count`.
    RevokeSessions {
        /// Whose.
        user: UserId,
        /// The one to keep.
        except: Option<SessionId>,
    },
    /// Queues a mail. Yields `Outcome::Job`.
    ///
    /// For an address: one statement, whatever is known of the address. A waiting job of the same kind and address
    /// is renewed (higher generation, due at once, attempts at 0, no failure, alive again if it was dead); a new one
    /// beyond the capacity fails with `Precondition::QueueRoom`. For a user: always a new job; an unknown one is
    /// `Precondition::User`.
    EnqueueMail(NewMailJob),
    /// Appends to the audit trail.
    Record(AuditEvent),
}

impl Change {
    /// The user that this change refers to by reference, if any.
    const fn user_ref(&self) -> Option<UserRef> {
        match self {
            Self::PutToken { user, .. }
            | Self::EnqueueMail(NewMailJob { recipient: Recipient::User(user), .. }) => Some(*user),
            Self::Record(event) => event.target,
            Self::ExpectUser { .. }
            | Self::ExpectLease(_)
            | Self::TakeFromBucket { .. }
            | Self::InsertUser { .. }
            | Self::UpdateUser { .. }
            | Self::SetPassword { .. }
            | Self::VerifyEmail { .. }
            | Self::DeleteUser { .. }
            | Self::ConsumeToken { .. }
            | Self::RevokeTokens { .. }
            | Self::InsertSession(_)
            | Self::RevokeSessions { .. }
            | Self::EnqueueMail(NewMailJob { recipient: Recipient::Address(_), .. }) => None,
        }
    }
}

/// Changes that are applied together or not at all. A value: it can be inspected, sent and run again.
///
/// ```
/// use denizen_services::store::UnitOfWork;
/// # use denizen_models::UserId;
/// let work = UnitOfWork::new().expect_user(UserId::new(1), 3).revoke_tokens(UserId::new(1));
/// assert_eq!(work.changes().len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a unit of work does nothing until a store commits it"]
pub struct UnitOfWork(Vec<Change>);

impl UnitOfWork {
    /// No change yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The changes in the order in which they are applied.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.0
    }

    /// Adds any change. The verbs below read better.
    pub fn with(mut self, change: Change) -> Self {
        self.0.push(change);
        self
    }

    /// See [`Change::ExpectUser`].
    pub fn expect_user(self, user: UserId, security_version: i64) -> Self {
        self.with(Change::ExpectUser { user, security_version })
    }

    /// See [`Change::ExpectLease`].
    pub fn expect_lease(self, lease: Lease) -> Self {
        self.with(Change::ExpectLease(lease))
    }

    /// See [`Change::TakeFromBucket`].
    pub fn take_from_bucket(
        self,
        bucket: BucketKey,
        quota: Quota,
        now: DateTime<Utc>,
        capacity: u32,
    ) -> Self {
        self.with(Change::TakeFromBucket { bucket, quota, now, capacity })
    }

    /// See [`Change::InsertUser`].
    pub fn insert_user(self, values: UserValues, password: Option<PasswordHash>, at: DateTime<Utc>) -> Self {
        self.with(Change::InsertUser { values, password, at })
    }

    /// See [`Change::UpdateUser`].
    pub fn update_user(self, user: UserId, revision: i64, values: UserValues, at: DateTime<Utc>) -> Self {
        self.with(Change::UpdateUser { user, revision, values, at })
    }

    /// See [`Change::SetPassword`].
    pub fn set_password(
        self,
        user: UserId,
        hash: PasswordHash,
        security_version: i64,
        at: DateTime<Utc>,
    ) -> Self {
        self.with(Change::SetPassword { user, hash, security_version, at })
    }

    /// See [`Change::VerifyEmail`].
    pub fn verify_email(self, user: UserId, at: DateTime<Utc>) -> Self {
        self.with(Change::VerifyEmail { user, at })
    }

    /// See [`Change::DeleteUser`]; of any revision.
    pub fn delete_user(self, user: UserId) -> Self {
        self.with(Change::DeleteUser { user, revision: None })
    }

    /// See [`Change::PutToken`].
    pub fn put_token(
        self,
        user: impl Into<UserRef>,
        purpose: TokenPurpose,
        hash: TokenHash,
        expires_at: DateTime<Utc>,
    ) -> Self {
        self.with(Change::PutToken { user: user.into(), purpose, hash, expires_at })
    }

    /// See [`Change::ConsumeToken`].
    pub fn consume_token(
        self,
        user: UserId,
        purpose: TokenPurpose,
        hash: TokenHash,
        now: DateTime<Utc>,
    ) -> Self {
        self.with(Change::ConsumeToken { user, purpose, hash, now })
    }

    /// See [`Change::RevokeTokens`].
    pub fn revoke_tokens(self, user: UserId) -> Self {
        self.with(Change::RevokeTokens { user })
    }

    /// See [`Change::InsertSession`].
    pub fn insert_session(self, session: NewSession) -> Self {
        self.with(Change::InsertSession(session))
    }

    /// See [`Change::RevokeSessions`].
    pub fn revoke_sessions(self, user: UserId, except: Option<SessionId>) -> Self {
        self.with(Change::RevokeSessions { user, except })
    }

    /// See [`Change::EnqueueMail`].
    pub fn enqueue_mail(self, job: NewMailJob) -> Self {
        self.with(Change::EnqueueMail(job))
    }

    /// See [`Change::Record`].
    pub fn record(self, event: AuditEvent) -> Self {
        self.with(Change::Record(event))
    }

    /// Every store calls this before it applies a unit, so that all refuse the same nonsense.
    ///
    /// # Errors
    /// [`StoreError::Malformed`]: two inserted users, or a reference to one that is not inserted before it.
    pub fn check(&self) -> Result<(), StoreError> {
        let mut created = false;
        for change in &self.0 {
            if matches!(change, Change::InsertUser { .. }) {
                if created {
                    return Err(StoreError::Malformed("two users are created in one unit".to_owned()));
                }
                created = true;
            }
            if change.user_ref() == Some(UserRef::Created) && !created {
                return Err(UserRef::unknown());
            }
        }
        Ok(())
    }
}

/// What one change gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to tell.
    Done,
    /// The new user.
    User(UserId),
    /// The new session.
    Session(SessionId),
    /// The new or renewed mail job.
    Job(MailJobId),
    /// How many rows were removed.
    Count(u64),
}

/// What a committed unit gave: one outcome per change, in the same order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed(pub Vec<Outcome>);

impl Committed {
    /// The user that the unit created.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if there is none, which only a faulty store can bring about.
    pub fn user(&self) -> Result<UserId, StoreError> {
        self.find(|outcome| if let Outcome::User(id) = outcome { Some(id) } else { None })
    }

    /// The session that the unit opened.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if there is none, which only a faulty store can bring about.
    pub fn session(&self) -> Result<SessionId, StoreError> {
        self.find(|outcome| if let Outcome::Session(id) = outcome { Some(id) } else { None })
    }

    fn find<T>(&self, id: impl FnMut(Outcome) -> Option<T>) -> Result<T, StoreError> {
        let found = self.0.iter().copied().find_map(id);
        found.ok_or_else(|| StoreError::Corrupt("a committed unit gave no id of what it inserted".to_owned()))
    }
}

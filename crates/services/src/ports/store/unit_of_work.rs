//! A unit of work: the changes that belong together, as a value.

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId, UserValues};

use super::{
    audit::AuditEvent,
    change::{Change, Purge},
    error::StoreFailure,
    limits::{BucketKey, Quota},
    mail_jobs::{Lease, MailJobId, NewMailJob},
    records::{NewSession, Registration, SessionId, UserRef},
};
use crate::ports::{
    hasher::PasswordHash,
    randomness::{TokenHash, TokenPurpose},
};

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

    /// See [`Change::ResetBucket`].
    pub fn reset_bucket(self, bucket: BucketKey) -> Self {
        self.with(Change::ResetBucket { bucket })
    }

    /// See [`Change::ExpectOtherAdministrator`].
    pub fn expect_other_administrator(self, user: UserId) -> Self {
        self.with(Change::ExpectOtherAdministrator { user })
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

    /// See [`Change::Rehash`].
    pub fn rehash(self, user: UserId, hash: PasswordHash, security_version: i64) -> Self {
        self.with(Change::Rehash { user, hash, security_version })
    }

    /// See [`Change::VerifyEmail`].
    pub fn verify_email(self, user: UserId, at: DateTime<Utc>) -> Self {
        self.with(Change::VerifyEmail { user, at })
    }

    /// See [`Change::DeleteUser`].
    pub fn delete_user(self, user: UserId, revision: Option<i64>) -> Self {
        self.with(Change::DeleteUser { user, revision })
    }

    /// See [`Change::PutToken`].
    pub fn put_token(
        self,
        user: impl Into<UserRef>,
        purpose: TokenPurpose,
        hash: TokenHash,
        expires_at: DateTime<Utc>,
    ) -> Self {
        self.with(Change::PutToken { user: user.into(), purpose, hash, expires_at, address: None })
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

    /// See [`Change::RevokeSession`].
    pub fn revoke_session(self, user: UserId, session: SessionId) -> Self {
        self.with(Change::RevokeSession { user, session })
    }

    /// See [`Change::TrimSessions`].
    pub fn trim_sessions(self, user: UserId, keep: u32) -> Self {
        self.with(Change::TrimSessions { user, keep })
    }

    /// See [`Change::PutRegistration`].
    pub fn put_registration(self, registration: Registration, capacity: u32) -> Self {
        self.with(Change::PutRegistration { registration, capacity })
    }

    /// See [`Change::PutRegistrationToken`].
    pub fn put_registration_token(
        self,
        address: &EmailAddress,
        hash: TokenHash,
        expires_at: DateTime<Utc>,
    ) -> Self {
        self.with(Change::PutRegistrationToken { address: address.key().to_owned(), hash, expires_at })
    }

    /// See [`Change::ConsumeRegistration`].
    pub fn consume_registration(self, hash: TokenHash, now: DateTime<Utc>) -> Self {
        self.with(Change::ConsumeRegistration { hash, now })
    }

    /// See [`Change::DropRegistration`].
    pub fn drop_registration(self, address: &EmailAddress) -> Self {
        self.with(Change::DropRegistration { address: address.key().to_owned() })
    }

    /// See [`Change::EnqueueMail`].
    pub fn enqueue_mail(self, job: NewMailJob) -> Self {
        self.with(Change::EnqueueMail(job))
    }

    /// See [`Change::RetryMail`].
    pub fn retry_mail(self, job: MailJobId, now: DateTime<Utc>) -> Self {
        self.with(Change::RetryMail { job, now })
    }

    /// See [`Change::DropMail`].
    pub fn drop_mail(self, job: MailJobId) -> Self {
        self.with(Change::DropMail { job })
    }

    /// See [`Change::Purge`].
    pub fn purge(self, purge: Purge) -> Self {
        self.with(Change::Purge(purge))
    }

    /// See [`Change::Record`].
    pub fn record(self, event: AuditEvent) -> Self {
        self.with(Change::Record(event))
    }

    /// Applies the changes in order, up to the first that fails; the caller takes back what was done by then. Every
    /// store applies units with it, so that all refuse the same nonsense. `apply` is given a change and the user that
    /// the unit has created before it.
    ///
    /// # Errors
    /// [`StoreFailure::Malformed`] if two users are inserted, or one is referred to that is not inserted before; the
    /// error of the first change that fails.
    pub fn apply<E: From<StoreFailure>>(
        &self,
        mut apply: impl FnMut(&Change, Option<UserId>) -> Result<Outcome, E>,
    ) -> Result<Committed, E> {
        self.check()?;
        let mut created = None;
        let mut outcomes = Vec::with_capacity(self.0.len());
        for change in &self.0 {
            let outcome = apply(change, created)?;
            if let Outcome::User(user) = outcome {
                created = Some(user);
            }
            outcomes.push(outcome);
        }
        Ok(Committed(outcomes))
    }

    fn check(&self) -> Result<(), StoreFailure> {
        let mut created = false;
        for change in &self.0 {
            if matches!(change, Change::InsertUser { .. }) {
                if created {
                    return Err(StoreFailure::Malformed("two users are created in one unit".into()));
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
    /// [`StoreFailure::Corrupt`] if there is none, which only a faulty store can bring about.
    pub fn user(&self) -> Result<UserId, StoreFailure> {
        self.find(|outcome| if let Outcome::User(id) = outcome { Some(id) } else { None })
    }

    /// The session that the unit opened.
    ///
    /// # Errors
    /// [`StoreFailure::Corrupt`] if there is none, which only a faulty store can bring about.
    pub fn session(&self) -> Result<SessionId, StoreFailure> {
        self.find(|outcome| if let Outcome::Session(id) = outcome { Some(id) } else { None })
    }

    /// How many rows the first change removed that removes any number.
    ///
    /// # Errors
    /// [`StoreFailure::Corrupt`] if none was counted, which only a faulty store can bring about.
    pub fn count(&self) -> Result<u64, StoreFailure> {
        self.find(|outcome| if let Outcome::Count(count) = outcome { Some(count) } else { None })
    }

    fn find<T>(&self, wanted: impl FnMut(Outcome) -> Option<T>) -> Result<T, StoreFailure> {
        let found = self.0.iter().copied().find_map(wanted);
        found.ok_or_else(|| StoreFailure::Corrupt("a committed unit did not say what it did".into()))
    }
}

//! A unit of work: the changes that belong together, as a value.

use std::mem;

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId, UserValues};

use super::{
    audit::AuditEvent,
    authority::{Authority, Needs, SessionValidity},
    change::{Change, Purge},
    error::{Precondition, StoreFailure},
    limits::{BucketKey, Quota},
    mail_jobs::{Lease, MailJobId, NewMailJob, UnsentMail},
    records::{ClientKind, KeyId, NameKey, NewKey, NewSession, Registration, SessionId, UserRef},
};
use crate::ports::{
    context::AccessContext,
    hasher::PasswordHash,
    randomness::{TokenHash, TokenPurpose},
};

/// Hands the verbs of a unit of work to the macro `each`: arguments, change, and the reason for which the change can be
/// refused, if there is one: a precondition, or `Conflict`.
macro_rules! verbs {
    ($each:ident) => {
        $each! {
            expect_user(user: UserId, security_version: i64) => ExpectUser { user, security_version } or User;
            expect_lease(lease: Lease) => ExpectLease(lease) or Lease;
            expect_other_administrator(user: UserId) => ExpectOtherAdministrator { user } or Administrator;
            take_from_bucket(bucket: BucketKey, quota: Quota, now: DateTime<Utc>, capacity: u32)
                => TakeFromBucket { bucket, quota, now, capacity };
            return_to_bucket(bucket: BucketKey, quota: Quota, now: DateTime<Utc>)
                => ReturnToBucket { bucket, quota, now };
            count_failed_attempt(user: Option<UserId>, client: ClientKind) => CountFailedAttempt { user, client };
            clear_failed_attempts(user: UserId, client: ClientKind, below: u32)
                => ClearFailedAttempts { user, client, below } or FailedAttempts;
            set_password(user: UserId, hash: PasswordHash, security_version: i64, at: DateTime<Utc>)
                => SetPassword { user, hash, security_version, at } or User;
            insert_user(values: UserValues, password: Option<PasswordHash>, at: DateTime<Utc>)
                => InsertUser { values, password, at } or Conflict;
            update_user(user: UserId, revision: i64, values: UserValues, at: DateTime<Utc>)
                => UpdateUser { user, revision, values, at } or Conflict;
            rehash(user: UserId, hash: PasswordHash, security_version: i64)
                => Rehash { user, hash, security_version };
            mark_sample_password(user: impl Into<UserRef>) => MarkSamplePassword { user: user.into() };
            expect_username(name: NameKey, user: Option<UserId>, since: DateTime<Utc>)
                => ExpectUsername { name, user, since } or Username;
            reserve_username(name: NameKey, user: UserId, at: DateTime<Utc>, keep: u32)
                => ReserveUsername { name, user, at, keep };
            verify_email(user: UserId, at: DateTime<Utc>) => VerifyEmail { user, at };
            delete_user(user: UserId, revision: Option<i64>) => DeleteUser { user, revision } or User;
            put_token(user: impl Into<UserRef>, purpose: TokenPurpose, hash: TokenHash, expires_at: DateTime<Utc>)
                => PutToken { user: user.into(), purpose, hash, expires_at, address: None };
            put_token_for(
                address: EmailAddress, user: UserId, purpose: TokenPurpose, hash: TokenHash, expires_at: DateTime<Utc>
            ) => PutToken { user: user.into(), purpose, hash, expires_at, address: Some(address) };
            consume_token(user: UserId, purpose: TokenPurpose, hash: TokenHash, now: DateTime<Utc>)
                => ConsumeToken { user, purpose, hash, now } or Token;
            revoke_tokens(user: UserId) => RevokeTokens { user };
            insert_session(session: NewSession) => InsertSession(session);
            revoke_sessions(user: UserId, except: Option<SessionId>) => RevokeSessions { user, except };
            revoke_session(user: UserId, session: SessionId) => RevokeSession { user, session } or Session;
            trim_sessions(user: UserId, keep: u32) => TrimSessions { user, keep };
            insert_key(key: NewKey, capacity: u32, event: AuditEvent) => InsertKey { key, capacity, event } or KeyRoom;
            revoke_key(key: KeyId) => RevokeKey { key } or Key;
            put_registration(registration: Registration, capacity: u32)
                => PutRegistration { registration, capacity } or QueueRoom;
            try_registration(token: TokenHash, now: DateTime<Utc>, most: u32)
                => TryRegistration { token, now, most } or Token;
            consume_registration(token: TokenHash, now: DateTime<Utc>)
                => ConsumeRegistration { token, now } or Token;
            enqueue_mail(job: NewMailJob) => EnqueueMail(job) or QueueRoom;
            retry_mail(job: MailJobId, now: DateTime<Utc>) => RetryMail { job, now } or MailJob;
            drop_mail(job: MailJobId) => DropMail { job } or MailJob;
            purge(purge: Purge) => Purge(purge);
            skip_ids(count: u32) => SkipIds { count };
            record(event: AuditEvent) => Record(event);
        }
    };
}
pub(crate) use verbs;

macro_rules! verbs_of_unit {
    ($($verb:ident($($name:ident: $type:ty),*) => $change:ident $fields:tt $(or $precondition:ident)?;)*) => {
        /// The verbs, one for each change.
        impl UnitOfWork {$(
            #[doc = concat!("See [`Change::", stringify!($change), "`].")]
            pub fn $verb(self, $($name: $type),*) -> Self {
                self.with(Change::$change $fields)
            }
        )*}
    };
}
verbs! { verbs_of_unit }

/// Changes that are applied together or not at all. A value: it can be inspected, sent and run again.
///
/// A unit of an actor begins with [`UnitOfWork::by`], and is refused before all else if the actor is no longer what it
/// needs; others begin with [`UnitOfWork::new`].
///
/// ```
/// use denizen_services::store::UnitOfWork;
/// # use denizen_models::UserId;
/// let work = UnitOfWork::new().expect_user(UserId::new(1), 3).revoke_tokens(UserId::new(1));
/// assert_eq!(work.changes().len(), 2);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a unit of work does nothing until a store commits it"]
pub struct UnitOfWork {
    authority: Option<Authority>,
    changes: Vec<Change>,
}

impl UnitOfWork {
    /// Begins a unit that does not act for a signed-in user: of the service itself, of a client that shows a token or a
    /// password instead of a session, charges of rate limits, and records of refusals.
    pub const fn new() -> Self {
        Self { authority: None, changes: Vec::new() }
    }

    /// Begins a unit of `context`'s actor, who must be what it `needs` at the moment of the commit.
    ///
    /// # Errors
    /// Returns [`Precondition::Actor`] or [`Precondition::Role`] if the context itself does not show it.
    pub fn by(
        context: &AccessContext,
        needs: Needs,
        validity: SessionValidity,
    ) -> Result<Self, Precondition> {
        Ok(Self { authority: Authority::of(context, needs, validity)?, changes: Vec::new() })
    }

    /// What the actor must be, if the unit acts for one.
    #[must_use]
    pub const fn authority(&self) -> Option<&Authority> {
        self.authority.as_ref()
    }

    /// The changes in the order in which they are applied.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Adds any change. The verbs read better.
    pub fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// Checks the authority, then applies the changes in order, up to the first that fails; the caller takes back what
    /// was done by then. Every store applies units with it, so that all refuse the same nonsense, and none forgets the
    /// authority. `apply` is given a change and the user that the unit has created before it.
    ///
    /// # Errors
    /// [`StoreFailure::Malformed`] if two users are inserted, or one is referred to that is not inserted before; the
    /// error of `authorize`, or of the first change that fails.
    pub fn apply<E: From<StoreFailure>>(
        &self,
        authorize: impl FnOnce(&Authority) -> Result<(), E>,
        mut apply: impl FnMut(&Change, Option<UserId>) -> Result<Outcome, E>,
    ) -> Result<Committed, E> {
        self.check()?;
        self.authority().map_or(Ok(()), authorize)?;
        let mut created = None;
        let mut outcomes = Vec::with_capacity(self.changes.len());
        for change in &self.changes {
            let outcome = apply(change, created)?;
            if let Outcome::User(user) = outcome {
                created = Some(user);
            }
            outcomes.push(outcome);
        }
        Ok(Committed(outcomes))
    }

    /// Refuses what makes no sense. [`apply`](Self::apply) begins with it; a store whose statements are asynchronous does the
    /// same as that, and calls this first.
    ///
    /// # Errors
    /// As [`apply`](Self::apply).
    pub fn check(&self) -> Result<(), StoreFailure> {
        let mut created = false;
        for change in &self.changes {
            if matches!(change, Change::InsertUser { .. }) && mem::replace(&mut created, true) {
                return Err(StoreFailure::Malformed("two users are created in one unit".into()));
            }
            if change.user_ref() == Some(UserRef::Created) && !created {
                return Err(UserRef::unknown());
            }
        }
        Ok(())
    }
}

/// What one change gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to tell.
    Done,
    /// A limit has more buckets than room.
    Crowded,
    /// The new user.
    User(UserId),
    /// The new session.
    Session(SessionId),
    /// The new service key.
    Key(KeyId),
    /// The new or renewed mail job.
    Job {
        /// Its number.
        id: MailJobId,
        /// The request whose mail is not sent, if the job was renewed while no worker held it.
        replaced: Option<String>,
    },
    /// The mail jobs that were removed.
    Unsent(Vec<UnsentMail>),
    /// How many rows were removed or mended, or attempts remain.
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
        self.find(|outcome| if let Outcome::User(id) = outcome { Some(*id) } else { None })
    }

    /// The session that the unit opened.
    ///
    /// # Errors
    /// [`StoreFailure::Corrupt`] if there is none, which only a faulty store can bring about.
    pub fn session(&self) -> Result<SessionId, StoreFailure> {
        self.find(|outcome| if let Outcome::Session(id) = outcome { Some(*id) } else { None })
    }

    /// The service key that the unit created.
    ///
    /// # Errors
    /// [`StoreFailure::Corrupt`] if there is none, which only a faulty store can bring about.
    pub fn key(&self) -> Result<KeyId, StoreFailure> {
        self.find(|outcome| if let Outcome::Key(id) = outcome { Some(*id) } else { None })
    }

    /// What the first change counted that counts: the rows that it removed, or the attempts that remain.
    ///
    /// # Errors
    /// [`StoreFailure::Corrupt`] if none was counted, which only a faulty store can bring about.
    pub fn count(&self) -> Result<u64, StoreFailure> {
        self.find(|outcome| if let Outcome::Count(count) = outcome { Some(*count) } else { None })
    }

    fn find<T>(&self, wanted: impl FnMut(&Outcome) -> Option<T>) -> Result<T, StoreFailure> {
        let found = self.0.iter().find_map(wanted);
        found.ok_or_else(|| StoreFailure::Corrupt("a committed unit did not say what it did".into()))
    }
}

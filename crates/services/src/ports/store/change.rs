//! What a unit of work consists of.

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId, UserValues};

use super::{
    audit::AuditEvent,
    limits::{BucketKey, Quota},
    mail_jobs::{Lease, MailJobId, NewMailJob},
    records::{ClientKind, KeyId, NameKey, NewKey, NewSession, Registration, SessionId, UserRef},
};
use crate::ports::{
    hasher::PasswordHash,
    randomness::{TokenHash, TokenPurpose},
};

/// What is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// Tokens, sessions and registrations that have expired at this instant.
    pub expired_at: DateTime<Utc>,
    /// Sessions that were last seen before this one.
    pub sessions_unseen_since: DateTime<Utc>,
    /// Dead mail jobs that were asked for before this one.
    pub dead_mail_before: DateTime<Utc>,
    /// Audit records from before this one; none: they are kept forever.
    pub audit_before: Option<DateTime<Utc>>,
    /// Mail jobs that are due later than this are due at `expired_at`: a clock was wrong when they were put off.
    pub mail_due_by: DateTime<Utc>,
    /// User names that were given up at this instant or before.
    pub usernames_freed_until: DateTime<Utc>,
    /// At most so many of each (tokens, expired sessions, unseen sessions, registrations, dead mail jobs, audit records,
    /// mail jobs put off too far, names), so that nobody waits long for it. Those go first whose time was over first.
    pub limit: u32,
}

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
    /// Writes nothing. There is an active administrator with a password other than this user, else
    /// `Precondition::Administrator`. MUST also hold against units that are applied at the same time.
    ExpectOtherAdministrator {
        /// Who is to be one no longer.
        user: UserId,
    },
    /// Takes one from a bucket, or fails with [`RateLimited`](super::CommitError::RateLimited) if it is empty. Of several
    /// in a unit all are taken or none. A bucket that is full again needs no row: with each new one a store forgets up to
    /// two that are, of any limit. If it has `capacity` of this limit, it forgets the two of this limit that are nearest
    /// to full, so that a flood neither locks out others nor fills the disk, and touches no other limit. Yields
    /// `Outcome::Crowded` if one of these was not full yet.
    TakeFromBucket {
        /// From which.
        bucket: BucketKey,
        /// What it holds.
        quota: Quota,
        /// The present.
        now: DateTime<Utc>,
        /// How many buckets of this limit are kept.
        capacity: u32,
    },
    /// Any number: puts one that was taken back into a bucket, which needs no row if it is full then.
    ReturnToBucket {
        /// Into which.
        bucket: BucketKey,
        /// What it holds.
        quota: Quota,
        /// The present.
        now: DateTime<Utc>,
    },
    /// Any number: counts a failed attempt to sign in. For an unknown user, the same work on a count that means nothing.
    CountFailedAttempt {
        /// For whom the attempt was; `None` for an unknown user.
        user: Option<UserId>,
        /// By whom it was made.
        client: ClientKind,
    },
    /// Exactly one: the user has fewer than `below` failures in a row by such clients, else `Precondition::FailedAttempts`.
    /// From now on, the user has none.
    ClearFailedAttempts {
        /// Whose.
        user: UserId,
        /// By whom the attempt was made that succeeded.
        client: ClientKind,
        /// One more than the most that leave room for a success.
        below: u32,
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
    /// both versions, makes the new security version the [version of the password](super::Credentials), and forgets the
    /// failures in a row.
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
    /// Any number: marks that the password of the user is a documented one, until [`Change::SetPassword`].
    MarkSamplePassword {
        /// Who.
        user: UserRef,
    },
    /// Writes nothing. No other user gave this name up after `since`, else `Precondition::Username`.
    ExpectUsername {
        /// Which name.
        name: NameKey,
        /// Who is to have it; absent for a new user.
        user: Option<UserId>,
        /// Names that were given up at this instant or before are free.
        since: DateTime<Utc>,
    },
    /// Notes that a user gives up a name, in place of an older note on the same name, and forgets all but the `keep` newest
    /// notes on this user. They stay when the user is deleted.
    ReserveUsername {
        /// Which name.
        name: NameKey,
        /// Whose it is.
        user: UserId,
        /// When.
        at: DateTime<Utc>,
        /// How many names stay reserved for the user.
        keep: u32,
    },
    /// Exactly one: replaces the hash of the *same* password, of the user with this security version, else
    /// `Precondition::User`. Raises no version.
    Rehash {
        /// Who.
        user: UserId,
        /// The new hash.
        hash: PasswordHash,
        /// As it was read.
        security_version: i64,
    },
    /// Any number: marks the address of the user as confirmed, raising the revision if it was not.
    VerifyEmail {
        /// Who.
        user: UserId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Exactly one: deletes the user with its sessions, tokens and mail jobs, else `Precondition::User`. Yields
    /// `Outcome::Unsent`.
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
        /// The address that it proves to be the user's, if that is not the account's own.
        address: Option<EmailAddress>,
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
    /// Exactly one: ends this session of this user, else `Precondition::Session`.
    RevokeSession {
        /// Whose it is.
        user: UserId,
        /// Which.
        session: SessionId,
    },
    /// Any number: ends the sessions of the user that were used longest ago, but for the `keep` used last; of two used at
    /// the same time, the older one goes first. Yields `Outcome::Count`.
    TrimSessions {
        /// Whose.
        user: UserId,
        /// How many stay.
        keep: u32,
    },
    /// Creates a service key, and appends `event` to the audit trail with the number of the key, which nothing but the
    /// store knows before. Fails with `Precondition::KeyRoom` if `capacity` of them are kept. Yields `Outcome::Key`.
    InsertKey {
        /// What is created.
        key: NewKey,
        /// How many are kept at most.
        capacity: u32,
        /// The record of it, without the number.
        event: AuditEvent,
    },
    /// Exactly one: revokes this service key, else `Precondition::Key`.
    RevokeKey {
        /// Which.
        key: KeyId,
    },
    /// Keeps a pending registration in place of the one for the same folded address, whose token dies. Without one, it
    /// fails with `Precondition::QueueRoom` if `capacity` of them are kept; expired ones count until they are purged. Says
    /// nothing of whether the address is taken: [`Change::InsertUser`] does when the user is created.
    PutRegistration {
        /// What is kept.
        registration: Registration,
        /// How many are kept at most.
        capacity: u32,
    },
    /// Exactly one: counts an attempt with this token if it is alive at `now` and there were fewer than `most`, else
    /// `Precondition::Token`. Yields `Outcome::Count`, the number of attempts that remain.
    ///
    /// Belongs into a unit of its own, before the one that uses the token: an attempt that fails must have been counted.
    TryRegistration {
        /// Which.
        token: TokenHash,
        /// The present; a token is dead from the instant it expires.
        now: DateTime<Utc>,
        /// The number of attempts that a token is good for.
        most: u32,
    },
    /// Exactly one: forgets the registration with this token if it is alive at `now`, else `Precondition::Token`.
    ConsumeRegistration {
        /// Which.
        token: TokenHash,
        /// The present; a token is dead from the instant it expires.
        now: DateTime<Utc>,
    },
    /// Queues a mail. Yields `Outcome::Job`, with the request whose job is renewed unless a worker holds it.
    ///
    /// Of a kind that carries a token or is for an address, one job for each recipient (an address, or a user at whatever
    /// address): the one that is there is renewed (higher generation, due at once, attempts at 0, no failure, alive again if it was dead,
    /// the new address if it is for a user). Of other kinds, always a new job.
    ///
    /// For an address: one statement, whatever is known of the address; at its capacity, it fails with
    /// `Precondition::QueueRoom`, be the job new or there already. For a user: an unknown one is `Precondition::User`.
    EnqueueMail(NewMailJob),
    /// Exactly one: lets a job that waits or is dead be tried at once, as if it were new (attempts at 0, no failure,
    /// alive), else `Precondition::MailJob`. It is no newer request: the generation stays, and so does a lease.
    RetryMail {
        /// Which.
        job: MailJobId,
        /// The present.
        now: DateTime<Utc>,
    },
    /// Exactly one: removes a job, else `Precondition::MailJob`. Yields `Outcome::Unsent`.
    DropMail {
        /// Which.
        job: MailJobId,
    },
    /// Any number: removes what is of no use any more, and mends what a wrong clock has left. Yields `Outcome::Count`.
    Purge(Purge),
    /// Never gives the next so many ids of every kind of row: after a restore, they may have been given since the backup.
    SkipIds {
        /// How many.
        count: u32,
    },
    /// Appends to the audit trail.
    Record(AuditEvent),
}

impl Change {
    /// The user that this change refers to by reference, if any: only these changes have a [`UserRef`].
    pub(super) fn user_ref(&self) -> Option<UserRef> {
        match self {
            Self::PutToken { user, .. } | Self::MarkSamplePassword { user } => Some(*user),
            Self::EnqueueMail(job) => job.mail.user(),
            Self::Record(event) | Self::InsertKey { event, .. } => event.target,
            _ => None,
        }
    }
}

//! Mail jobs: what is to be mailed to whom, and how far it has come.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId};

use super::{error::StoreError, records::UserRef};
use crate::common::context::AccessContext;

/// What a mail is about. Decides what the worker does before it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailKind {
    /// Asked for by a stranger who typed an address.
    PasswordReset,
    /// Asked for by a stranger who wants to become a user.
    SignUp,
    /// Asked for by a stranger who typed an address.
    EmailVerification,
    /// To somebody for whom an administrator made an account.
    Invitation,
    /// To the address that an account shall have.
    EmailChange,
    /// A notice to the user.
    PasswordChanged,
    /// A notice to the address that an account had.
    EmailChanged,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::PasswordReset,
        Self::SignUp,
        Self::EmailVerification,
        Self::Invitation,
        Self::EmailChange,
        Self::PasswordChanged,
        Self::EmailChanged,
    ];

    /// The name under which stores keep it. MUST never change.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::SignUp => "sign_up",
            Self::EmailVerification => "email_verification",
            Self::Invitation => "invitation",
            Self::EmailChange => "email_change",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
        }
    }

    /// Whether its mail has a token, which the worker mints. There is one job at most of such a kind for each recipient:
    /// a second request renews it.
    #[must_use]
    pub const fn carries_token(self) -> bool {
        match self {
            Self::PasswordReset
            | Self::SignUp
            | Self::EmailVerification
            | Self::Invitation
            | Self::EmailChange => true,
            Self::PasswordChanged | Self::EmailChanged => false,
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// For whom a mail job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient<U> {
    /// Whoever has this folded address, if anybody. MUST be of a kind that carries a token.
    Address(String),
    /// A user, at the address that the account has when the mail goes out.
    User(U),
    /// A user, at another address than that of the account.
    UserAt(U, EmailAddress),
}

impl<U: Copy> Recipient<U> {
    /// The user, if it is meant for one.
    pub const fn user(&self) -> Option<U> {
        match self {
            Self::Address(_) => None,
            Self::User(user) | Self::UserAt(user, _) => Some(*user),
        }
    }
}

impl Recipient<UserRef> {
    /// The same with the user that is meant.
    ///
    /// # Errors
    /// As [`UserRef::resolve`].
    pub fn resolve(&self, created: Option<UserId>) -> Result<Recipient<UserId>, StoreError> {
        Ok(match self {
            Self::Address(address) => Recipient::Address(address.clone()),
            Self::User(user) => Recipient::User(user.resolve(created)?),
            Self::UserAt(user, address) => Recipient::UserAt(user.resolve(created)?, address.clone()),
        })
    }
}

/// A mail job to be queued. It holds no token: the worker mints one when it sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMailJob {
    /// What it is about.
    pub kind: MailKind,
    /// For whom.
    pub recipient: Recipient<UserRef>,
    /// When it was asked for; it is due at once.
    pub at: DateTime<Utc>,
    /// From where.
    pub ip: Option<IpAddr>,
    /// By which request.
    pub request_id: String,
    /// A job for an address is refused with [`super::Precondition::QueueRoom`] if this many jobs for addresses wait, of
    /// whatever kind. Dead jobs and jobs for users do not count. That there is a job for the same address already makes no
    /// difference: where the mail server fails, the jobs that stay are those of addresses with an account.
    pub capacity: u32,
}

impl NewMailJob {
    /// A job for whoever has `address`.
    #[must_use]
    pub fn to_address(
        kind: MailKind,
        address: &EmailAddress,
        context: &AccessContext,
        at: DateTime<Utc>,
        capacity: u32,
    ) -> Self {
        let recipient = Recipient::Address(address.key().to_owned());
        Self { kind, recipient, at, ip: context.ip, request_id: context.request_id.clone(), capacity }
    }

    /// A job for `user`.
    #[must_use]
    pub fn to_user(
        kind: MailKind,
        user: impl Into<UserRef>,
        context: &AccessContext,
        at: DateTime<Utc>,
    ) -> Self {
        let recipient = Recipient::User(user.into());
        let (ip, request_id) = (context.ip, context.request_id.clone());
        Self { kind, recipient, at, ip, request_id, capacity: u32::MAX }
    }

    /// A job for `user`, to be sent to `address` instead of the account's own.
    #[must_use]
    pub fn to_user_at(
        kind: MailKind,
        user: UserId,
        address: EmailAddress,
        context: &AccessContext,
        at: DateTime<Utc>,
    ) -> Self {
        let recipient = Recipient::UserAt(user.into(), address);
        Self { recipient, ..Self::to_user(kind, user, context, at) }
    }
}

/// A mail job's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailJobId(pub i64);

/// The right to work on a job for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Which job.
    pub job: MailJobId,
    /// Drawn at random by the worker, so that two workers never mistake each other's lease for their own.
    pub id: i64,
    /// The job's generation at the time of leasing; a newer request for the same address raises it.
    pub generation: i64,
}

/// A leased job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeasedMail {
    /// The right to it.
    pub lease: Lease,
    /// What it is about.
    pub kind: MailKind,
    /// For whom.
    pub recipient: Recipient<UserId>,
    /// How often it was tried before.
    pub attempts: u32,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// From where.
    pub ip: Option<IpAddr>,
    /// By which request.
    pub request_id: String,
}

impl LeasedMail {
    /// What [`crate::Mail::id`] is to be.
    #[must_use]
    pub fn mail_id(&self) -> String {
        let Lease { job: MailJobId(job), id: attempt, generation } = self.lease;
        let id = format!("{job}.{generation}.{:x}", self.requested_at.timestamp_micros());
        if self.kind.carries_token() { format!("{id}.{attempt:x}") } else { id }
    }
}

/// What became of a leased job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailOutcome {
    /// Sent, or there is nobody to send it to: the job goes away.
    Done,
    /// Try again.
    Retry {
        /// Not before.
        at: DateTime<Utc>,
        /// What went wrong, for the operator. No address, no token.
        reason: String,
    },
    /// Never try again; kept for the operator.
    Dead {
        /// What went wrong, for the operator. No address, no token.
        reason: String,
    },
}

/// A waiting or dead mail job, for operators and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Its number.
    pub id: MailJobId,
    /// What it is about.
    pub kind: MailKind,
    /// For whom.
    pub recipient: Recipient<UserId>,
    /// When it was asked for (last).
    pub requested_at: DateTime<Utc>,
    /// By which request.
    pub request_id: String,
    /// Grows with every request that renews it; begins at 1.
    pub generation: i64,
    /// How often it was tried since it was last renewed.
    pub attempts: u32,
    /// When it is to be tried (again).
    pub due_at: DateTime<Utc>,
    /// Whether it will not be tried again by itself.
    pub dead: bool,
    /// The last failure.
    pub reason: Option<String>,
}

/// Which mail jobs, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailQuery {
    /// Only dead ones, or only those that wait.
    pub dead: Option<bool>,
    /// Behind this one.
    pub after: Option<MailJobId>,
    /// At most this many.
    pub limit: usize,
}

impl MailQuery {
    /// The oldest `limit` jobs.
    #[must_use]
    pub fn oldest(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }
}

//! What stores keep beside users.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId};

use crate::{
    context::{AccessContext, Actor},
    hashing::PasswordHash,
    tokens::TokenHash,
};

/// A user of a unit of work: one that exists, or the one that the same unit creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRef {
    /// One that exists.
    Id(UserId),
    /// The one that an earlier change of this unit inserts.
    Created,
}

impl From<UserId> for UserRef {
    fn from(id: UserId) -> Self {
        Self::Id(id)
    }
}

/// What is needed to check a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The hash; none until a password is set.
    pub hash: Option<PasswordHash>,
    /// The version that belongs to this reading.
    pub security_version: i64,
}

/// A live or expired token; consumed and revoked ones are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredToken {
    /// Whose it is.
    pub user: UserId,
    /// The instant from which it is dead.
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

/// What a mail is about. Decides what the worker does before it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MailKind {
    /// Asked for by a stranger who typed an address.
    PasswordReset,
    /// A notice to the user.
    PasswordChanged,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::PasswordReset, Self::PasswordChanged];

    /// The name under which stores keep it. MUST never change.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
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
    /// Whoever has this folded address, if anybody. One job per kind and address: a second request renews it.
    Address(String),
    /// A user.
    User(U),
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
    /// A job for an address is refused with [`super::Precondition::QueueRoom`] if it is new and this many jobs for
    /// addresses wait, of whatever kind. Dead jobs and jobs for users do not count.
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
        Self {
            kind,
            recipient,
            at,
            ip: context.ip,
            request_id: context.request_id.clone(),
            capacity: u32::MAX,
        }
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

/// What happened, for the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditKind {
    /// A user was created.
    UserCreated,
    /// A user's values were replaced.
    UserUpdated,
    /// A user was deleted.
    UserDeleted,
    /// A reset token was minted and is about to be mailed.
    PasswordResetRequested,
    /// A password was set with a reset token.
    PasswordReset,
}

impl AuditKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::UserCreated,
        Self::UserUpdated,
        Self::UserDeleted,
        Self::PasswordResetRequested,
        Self::PasswordReset,
    ];

    /// The name under which stores keep it. MUST never change.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserCreated => "user.created",
            Self::UserUpdated => "user.updated",
            Self::UserDeleted => "user.deleted",
            Self::PasswordResetRequested => "password_reset.requested",
            Self::PasswordReset => "password_reset.completed",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// One line of the audit trail. `U` is [`UserRef`] on the way in and [`UserId`] on the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent<U = UserRef> {
    /// What happened.
    pub kind: AuditKind,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it: `anonymous`, `system`, `cli`, or `user:` and the id.
    pub actor: String,
    /// To whom. Kept after the user is gone.
    pub target: Option<U>,
    /// From where.
    pub ip: Option<IpAddr>,
    /// By which request.
    pub request_id: String,
}

impl AuditEvent {
    /// What `context`'s actor did to `target`.
    #[must_use]
    pub fn new(
        kind: AuditKind,
        target: impl Into<UserRef>,
        context: &AccessContext,
        at: DateTime<Utc>,
    ) -> Self {
        let actor = match &context.actor {
            Actor::Anonymous => "anonymous".to_owned(),
            Actor::System => "system".to_owned(),
            Actor::Cli => "cli".to_owned(),
            Actor::User { id, .. } => format!("user:{id}"),
        };
        Self {
            kind,
            at,
            actor,
            target: Some(target.into()),
            ip: context.ip,
            request_id: context.request_id.clone(),
        }
    }
}

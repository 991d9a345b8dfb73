//! The audit trail: who did what to whom, when, and from where.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use denizen_models::{UserId, named_enum};

use super::records::{KeyId, UserRef};
use crate::ports::context::{AccessContext, Actor};

named_enum! {
    /// What happened, for the audit trail.
    pub enum AuditKind {
        /// A user was created.
        UserCreated = "user.created",
        /// A user's values were replaced.
        UserUpdated = "user.updated",
        /// A user was deleted.
        UserDeleted = "user.deleted",
        /// The roles of a user were changed.
        RolesChanged = "user.roles_changed",
        /// A user was switched off.
        UserDisabled = "user.disabled",
        /// A user was switched on.
        UserEnabled = "user.enabled",
        /// An administrator had an invitation sent; or one was minted and is about to be mailed, or was shown to an operator.
        UserInvited = "user.invited",
        /// The first password was set with an invitation.
        InvitationAccepted = "user.invitation_accepted",
        /// A stranger became a user.
        SignedUp = "user.signed_up",
        /// A user showed that the address is theirs.
        EmailVerified = "email.verified",
        /// A user wants another address.
        EmailChangeRequested = "email.change_requested",
        /// The address of a user was changed.
        EmailChanged = "email.changed",
        /// An administrator had a reset sent; or a token for one was minted and is about to be mailed.
        PasswordResetRequested = "password_reset.requested",
        /// A password was set with a reset token.
        PasswordReset = "password_reset.completed",
        /// A user replaced the password, knowing the old one.
        PasswordChanged = "password.changed",
        /// An administrator made the password of a user unusable, and ended all sessions.
        PasswordDiscarded = "password.discarded",
        /// Somebody signed in did not know the password of the account.
        PasswordChangeFailed = "password.change_failed",
        /// A user signed in.
        LoginSucceeded = "login.succeeded",
        /// Somebody did not sign in: an unknown user (no target), a wrong password, or a user who is switched off.
        LoginFailed = "login.failed",
        /// An attempt to sign in, or to give a password again, that nobody looked at: too many in a row had failed.
        LoginIgnored = "login.ignored",
        /// More sign-ins than an hour has records for have failed: this record is the last one of them in this hour.
        LoginFailuresOmitted = "login.failures_omitted",
        /// A user signed out, or ended one of their sessions.
        LoggedOut = "session.ended",
        /// An administrator ended one session of another user.
        SessionEndedByAdmin = "session.ended_by_admin",
        /// Sessions of a user were ended: all of them, or all but one.
        SessionsRevoked = "session.revoked",
        /// An operator let a mail be tried again.
        MailRetried = "mail.retried",
        /// An operator gave a mail up.
        MailDropped = "mail.dropped",
        /// An operator restored the database from a backup, which ended all sessions and tokens.
        DatabaseRestored = "database.restored",
        /// A service key was created.
        KeyCreated = "key.created",
        /// A service key was revoked.
        KeyRevoked = "key.revoked",
        /// A mail to a user came to nothing. The log says why, with the same request id.
        MailUnsent = "mail.unsent",
    }
}

/// One line of the audit trail. `U` is [`UserRef`] on the way in and [`UserId`] on the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent<U = UserRef> {
    /// What happened.
    pub kind: AuditKind,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it: `anonymous`, `system`, `cli`, or `user:` or `key:` and the number.
    pub actor: String,
    /// To whom. Kept after the user is gone.
    pub target: Option<U>,
    /// To which service key. Kept after the key is gone.
    pub key: Option<KeyId>,
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
        Self { target: Some(target.into()), ..Self::untargeted(kind, context, at) }
    }

    /// What `context`'s actor did, to nobody who is known.
    #[must_use]
    pub fn untargeted(kind: AuditKind, context: &AccessContext, at: DateTime<Utc>) -> Self {
        let actor = match &context.actor {
            Actor::Anonymous => "anonymous".to_owned(),
            Actor::System => "system".to_owned(),
            Actor::Cli => "cli".to_owned(),
            Actor::User { id, .. } | Actor::External { id, .. } => actor_name(*id),
            Actor::Service { key, .. } => key_name(*key),
        };
        let (target, key) = (None, None);
        Self { kind, at, actor, target, key, ip: context.ip, request_id: context.request_id.clone() }
    }
}

/// What [`AuditEvent::actor`] says of a user.
#[must_use]
pub fn actor_name(user: UserId) -> String {
    format!("user:{user}")
}

/// What [`AuditEvent::actor`] says of a service key.
#[must_use]
pub fn key_name(key: KeyId) -> String {
    format!("key:{}", key.0)
}

/// The number of an audit record; they grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuditId(pub i64);

/// A line of the audit trail as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number.
    pub id: AuditId,
    /// What it says.
    pub event: AuditEvent<UserId>,
}

/// Which audit records, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only of this kind.
    pub kind: Option<AuditKind>,
    /// Only what this actor did; see [`AuditEvent::actor`].
    pub actor: Option<String>,
    /// Only what was done to this user.
    pub target: Option<UserId>,
    /// Only from this instant on.
    pub since: Option<DateTime<Utc>>,
    /// Only before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Only what is older than this record.
    pub before: Option<AuditId>,
    /// At most this many.
    pub limit: usize,
}

impl AuditQuery {
    /// The newest `limit` records.
    #[must_use]
    pub fn newest(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Whether it asks for `record`, its limit aside.
    #[must_use]
    pub fn matches(&self, record: &AuditRecord) -> bool {
        let AuditRecord { id, event } = record;
        self.kind.is_none_or(|kind| kind == event.kind)
            && self.actor.as_ref().is_none_or(|actor| *actor == event.actor)
            && self.target.is_none_or(|target| Some(target) == event.target)
            && self.since.is_none_or(|since| since <= event.at)
            && self.until.is_none_or(|until| event.at < until)
            && self.before.is_none_or(|before| *id < before)
    }
}

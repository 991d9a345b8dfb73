//! The audit trail: who did what to whom, when, and from where.

use std::net::IpAddr;

use chrono::{DateTime, Utc};

use super::records::UserRef;
use crate::context::{AccessContext, Actor};

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

/// One line of the audit trail. `U` is [`UserRef`] on the way in and [`denizen_models::UserId`] on the way out.
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

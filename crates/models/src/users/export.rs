//! All that is kept about one user.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{audit::AuditResponse, mail_jobs::MailJobState, sessions::SessionResponse, types::UserResponse};

/// All that is kept about one user, but for hashes: those of passwords, tokens and former user names say nothing.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserExport {
    /// The user with both kinds of metadata.
    pub user: UserResponse,
    /// Whether there is a password.
    pub has_password: bool,
    /// Failed attempts to sign in since the last success.
    pub failed_attempts: u32,
    /// The sessions, in the order in which they were opened.
    pub sessions: Vec<SessionResponse>,
    /// What can be done with a link that was mailed.
    pub tokens: Vec<ExportedToken>,
    /// The mails to the user that are still to be sent, or were given up; oldest first.
    pub mails: Vec<ExportedMail>,
    /// What the user did and what was done to it, newest first; at most 10,000 of either. What administrators did
    /// stands without their number and IP address.
    pub audit: Vec<AuditResponse>,
}

/// What can be done with a link that was mailed. Neither the link nor its hash is in here.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedToken {
    /// What the link is good for, such as `email_change`.
    pub purpose: &'static str,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The e-mail address that it is about, if that is not the user's own. Administrators see its beginning and its domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A mail that is still to be sent, or was given up.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportedMail {
    /// What the mail is about, such as `invitation`.
    pub kind: &'static str,
    /// Whether it goes on by itself.
    pub state: MailJobState,
    /// When it was (last) asked for.
    pub requested_at: DateTime<Utc>,
}

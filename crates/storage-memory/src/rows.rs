//! What the tables hold, where that is not a type of the ports.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use denizen_models::{User, UserId};
use denizen_services::{
    PasswordHash, TokenHash,
    store::{FailedAttempts, MailKind, QueuedMail, Registration},
};

#[derive(Clone)]
pub struct UserRow {
    pub user: User,
    pub password: Option<PasswordHash>,
    /// The security version that came with the password.
    pub password_version: i64,
    pub failed_attempts: FailedAttempts,
    /// Whether the password is a documented one.
    pub sample_password: bool,
}

#[derive(Clone)]
pub struct RegistrationRow {
    pub registration: Registration,
    pub token: Option<TokenHash>,
}

/// For what there is one job at most, among the kinds that carry a token: a user, or a folded e-mail address.
pub type JobKey = (MailKind, Option<UserId>, Option<String>);

#[derive(Clone)]
pub struct Job {
    pub queued: QueuedMail,
    pub ip: Option<IpAddr>,
    pub security_version: Option<i64>,
    /// The number of the lease, and its end.
    pub lease: Option<(i64, DateTime<Utc>)>,
}

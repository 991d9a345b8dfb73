//! What can be set on the services.

use chrono::Duration;
use denizen_models::PasswordPolicy;

use crate::limits::Limits;

/// How much an answer may tell a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure {
    /// As much as the tutorial shows: that an address is unknown, and whether a token is expired or wrong. For a
    /// service on the developer's own machine only.
    Tutorial,
    /// Nothing: every address gets the same answer for the same work, and a dead token is a dead token.
    Uniform,
}

/// How one becomes a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationMode {
    /// An administrator makes the account. Nobody is invited by mail.
    Closed,
    /// The same, and whoever is given no password is invited by mail to choose one.
    Invite,
    /// Strangers may also sign up.
    Open,
}

/// Who may list and search users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Directory {
    /// Administrators.
    Admins,
    /// Everybody who has signed in; members neither see nor search addresses.
    Members,
}

/// What can be set on the services. The defaults are for real accounts.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// How much an answer may tell a stranger.
    pub disclosure: Disclosure,
    /// How one becomes a user.
    pub registration: RegistrationMode,
    /// Who may list and search users.
    pub directory: Directory,
    /// What a new password must be.
    pub password_policy: PasswordPolicy,
    /// When a session ends, whatever happens. NIST SP 800-63B-4 allows 30 days at most where a password suffices.
    pub session_lifetime: Duration,
    /// When a session ends that nobody uses.
    pub session_idle_timeout: Duration,
    /// How long a reset token works. OWASP asks for a short time; NIST SP 800-63B-4 allows 24 h at most by mail.
    pub reset_token_ttl: Duration,
    /// How long an invitation works.
    pub invitation_ttl: Duration,
    /// How long one has to show that an address is one's own, and how long a sign-up waits for that.
    pub verification_ttl: Duration,
    /// How many mails that strangers asked for may wait; beyond that everybody is turned away.
    pub mail_capacity: u32,
    /// How many sign-ups may wait to be confirmed; beyond that everybody is turned away.
    pub registration_capacity: u32,
    /// After this time, a mail that could not be delivered is given up.
    pub mail_max_age: Duration,
    /// How many mails are sent at once; 0 counts as 1.
    pub mail_workers: usize,
    /// How long audit records are kept; `None`: forever.
    pub audit_retention: Option<Duration>,
    /// How often the sensitive routes may be used.
    pub limits: Limits,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            disclosure: Disclosure::Uniform,
            registration: RegistrationMode::Closed,
            directory: Directory::Admins,
            password_policy: PasswordPolicy::default(),
            session_lifetime: Duration::days(30),
            session_idle_timeout: Duration::days(7),
            reset_token_ttl: Duration::minutes(30),
            invitation_ttl: Duration::days(3),
            verification_ttl: Duration::days(1),
            mail_capacity: 10_000,
            registration_capacity: 100_000,
            mail_max_age: Duration::days(2),
            mail_workers: 4,
            audit_retention: Some(Duration::days(365)),
            limits: Limits::default(),
        }
    }
}

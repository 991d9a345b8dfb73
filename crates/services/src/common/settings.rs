//! What can be set on the services.

use chrono::Duration;
use denizen_models::{PasswordPolicy, Username, named_enum};

use crate::ports::store::Quota;

/// How much an answer may tell a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure {
    /// As much as the tutorial shows: that an address is unknown, and whether a token is expired or wrong. For a
    /// service on the developer's own machine only.
    Detailed,
    /// Nothing: every address gets the same answer for the same work, and a dead token is a dead token.
    Uniform,
}

named_enum! {
    /// How one becomes a user.
    pub enum RegistrationMode {
        /// An administrator makes the account. Nobody is invited by mail.
        Closed = "closed",
        /// The same, and whoever is given no password is invited by mail to choose one.
        Invite = "invite",
        /// Strangers may also sign up.
        Open = "open",
    }
}

named_enum! {
    /// Who may list and search users.
    pub enum Directory {
        /// Administrators.
        Admins = "admins",
        /// Everybody who has signed in; members see and search the names of active users, and nothing else of them.
        Members = "members",
    }
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
    /// How long a user name that was given up stays its former owner's, and that of a deleted user stays unused; zero: not
    /// at all.
    pub username_reservation: Duration,
    /// User names that only administrators may give, beside the usual ones (`admin`, `support`, `postmaster`, …).
    pub reserved_usernames: Vec<Username>,
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
    /// How long a token works that confirms an e-mail address, for an account or for a sign-up.
    pub verification_ttl: Duration,
    /// How many mails of a kind that strangers asked for may wait: 10,000. Beyond that, requests for this kind get 503.
    pub mail_capacity: u32,
    /// The number of pending registrations: 100,000. Beyond it, the e-mails of further sign-ups wait in the queue.
    pub registration_capacity: u32,
    /// After this time, a mail that could not be delivered is given up.
    pub mail_max_age: Duration,
    /// How many mails of a kind are sent at once, so that slow recipients of one kind delay no other; 0 counts as 1.
    pub mail_workers: usize,
    /// How long audit records are kept; `None`: forever.
    pub audit_retention: Option<Duration>,
    /// How many failed sign-ins in an hour each process records one by one: 10,000, some 2 MiB. Beyond that, one record says
    /// that further ones are omitted.
    pub audit_failures: u32,
    /// How often the sensitive routes may be used.
    pub limits: Limits,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            disclosure: Disclosure::Uniform,
            registration: RegistrationMode::Closed,
            directory: Directory::Admins,
            username_reservation: Duration::days(365),
            reserved_usernames: Vec::new(),
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
            audit_failures: 10_000,
            limits: Limits::default(),
        }
    }
}

/// How often the sensitive routes may be used. An IPv6 address counts as its /64 network; for clients that have not
/// signed in, its /56 has 4 and its /48 has 16 of the quotas together. A caller without an IP address, such as a program
/// that embeds the services, is not limited by it.
///
/// The defaults are for real accounts, where a person needs a mail now and then and a house shares an IPv4 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Mails with a link that anybody may ask for, to one address, one after the other: 1, and the next after a minute.
    pub mail_pace: Quota,
    /// Mails with a link that anybody may ask for, to one address: 3, and one more every 20 minutes. Nobody can keep the
    /// owner out by using them up, because each of them is a mail to the owner.
    pub mail_per_address: Quota,
    /// Requests from one IP address for such mails: 20, and one more every 3 minutes. For each kind of mail these three
    /// are counted apart; sign-ups count the mails per e-mail address, too.
    pub mail_per_ip: Quota,
    /// Tokens from mails presented from one IP address, to be used or to be asked about: 30, and one more every 2 seconds.
    /// A token cannot be guessed anyway (256 bits); this bounds the work.
    pub tokens_per_ip: Quota,
    /// Attempts to sign in from one IP address: 20, and one more every 3 seconds.
    pub login_per_ip: Quota,
    /// Attempts of strangers to sign in with the same login: 10, and one more every 2 minutes. User name and e-mail
    /// address are counted apart, because a limit must not tell whose they are; together, they allow 80 in an hour.
    pub login_per_account: Quota,
    /// Attempts to sign in from one known device, or to give the password again in one session: 10, and one more every
    /// minute.
    pub login_per_device: Quota,
    /// Failures in a row after which no attempt is looked at until one succeeds or the password is reset: 50 by
    /// strangers, and 50 by known devices and in sessions. NIST SP 800-63B-4, section 3.2.2, wants no more than 100
    /// together.
    pub login_failures: u32,
    /// Sign-ups from one IP address: 10, and one more every 6 minutes.
    pub sign_up_per_ip: Quota,
    /// Changes of the user name by its owner, those to a name that is taken included: 1, and the next after a day.
    pub renames: Quota,
    /// How many buckets of each limit the store keeps, some 100 bytes each: 200,000. Beyond that, those nearest to full
    /// are forgotten.
    pub capacity: u32,
}

impl Limits {
    /// For a developer's own machine, and for load tests: everything is counted, and practically nothing refused.
    pub const GENEROUS: Self = {
        let quota = Quota::new(100_000, Duration::microseconds(10));
        Self {
            mail_pace: quota,
            mail_per_address: quota,
            mail_per_ip: quota,
            tokens_per_ip: quota,
            login_per_ip: quota,
            login_per_account: quota,
            login_per_device: quota,
            login_failures: 1_000_000,
            sign_up_per_ip: quota,
            renames: quota,
            capacity: 200_000,
        }
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mail_pace: Quota::new(1, Duration::minutes(1)),
            mail_per_address: Quota::new(3, Duration::minutes(20)),
            mail_per_ip: Quota::new(20, Duration::minutes(3)),
            tokens_per_ip: Quota::new(30, Duration::seconds(2)),
            login_per_ip: Quota::new(20, Duration::seconds(3)),
            login_per_account: Quota::new(10, Duration::minutes(2)),
            login_per_device: Quota::new(10, Duration::minutes(1)),
            login_failures: 50,
            sign_up_per_ip: Quota::new(10, Duration::minutes(6)),
            renames: Quota::new(1, Duration::days(1)),
            capacity: 200_000,
        }
    }
}

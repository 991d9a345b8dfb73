//! Mail jobs: what is to be mailed to whom, and how far it has come.

use std::net::IpAddr;

use chrono::{DateTime, Duration, Utc};
use denizen_models::{EmailAddress, UserId, named_enum};

use super::{error::StoreFailure, records::UserRef};
use crate::ports::context::AccessContext;

/// A mail that could not be sent is put off for less than this. One that is due later was put off by a clock that was
/// wrong ([`Purge::mail_due_by`](super::Purge)).
pub const LONGEST_DELAY: Duration = Duration::hours(8);

named_enum! {
    /// What a mail is about. Decides what the worker does before it sends.
    pub enum MailKind {
        /// Asked for by a stranger who typed an address.
        PasswordReset = "password_reset",
        /// Asked for by a stranger who wants to become a user.
        SignUp = "sign_up",
        /// Asked for by a stranger who typed an address.
        EmailVerification = "email_verification",
        /// To somebody for whom an administrator made an account.
        Invitation = "invitation",
        /// To the address that an account shall have.
        EmailChange = "email_change",
        /// A notice to the user.
        PasswordChanged = "password_changed",
        /// A notice to the address that an account had.
        EmailChanged = "email_changed",
        /// A notice to the address of an account that its user deleted.
        AccountDeleted = "account_deleted",
    }
}

impl MailKind {
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
            Self::PasswordChanged | Self::EmailChanged | Self::AccountDeleted => false,
        }
    }
}

named_enum! {
    /// Why a mail that was asked for is not sent. Every job that ends without a mail has one, in the log and in the
    /// metrics.
    pub enum UnsentReason {
        /// No user has the e-mail address.
        UnknownAddress = "unknown_address",
        /// The user is inactive.
        Inactive = "inactive",
        /// The user was deleted.
        Deleted = "deleted",
        /// The e-mail address is verified already.
        Verified = "verified",
        /// The invited user has a password already.
        HasPassword = "has_password",
        /// No sign-up with the e-mail address is pending, or registration was closed meanwhile.
        NoSignUp = "no_sign_up",
        /// The password, the e-mail address, the status or the roles were changed after the request.
        AccountChanged = "account_changed",
        /// The account has the new e-mail address already.
        SameAddress = "same_address",
        /// A newer request for the same recipient takes its place.
        Replaced = "replaced",
        /// An operator dropped the job.
        Dropped = "dropped",
    }
}

/// What is to be mailed to whom. `U` is [`UserRef`] on the way in and [`UserId`] on the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailJob<U = UserRef> {
    /// A token to reset the password, for the user with this folded e-mail address, if there is one.
    PasswordReset {
        /// [`EmailAddress::key`].
        address: String,
    },
    /// A token to confirm the sign-up with this folded e-mail address; or a notice that it belongs to a user.
    SignUp {
        /// [`EmailAddress::key`].
        address: String,
    },
    /// A token to verify the address, for the user with this folded e-mail address, if there is one.
    EmailVerification {
        /// [`EmailAddress::key`].
        address: String,
    },
    /// A token to set the first password.
    Invitation {
        /// The invited user.
        user: U,
    },
    /// A token to confirm a new e-mail address, sent to it.
    EmailChange {
        /// The user who asked for it.
        user: U,
        /// The new e-mail address.
        address: EmailAddress,
    },
    /// A notice that the password was changed.
    PasswordChanged {
        /// The user whose password it is.
        user: U,
    },
    /// A notice that the e-mail address was changed, sent to the previous one.
    EmailChanged {
        /// The user whose address it was.
        user: U,
        /// The previous e-mail address.
        address: EmailAddress,
    },
    /// A notice that an account was deleted. It outlives the user, so it has the e-mail address of the account.
    AccountDeleted {
        /// The e-mail address, as it was typed.
        address: String,
    },
}

/// For whom a [`MailJob`] is: the columns of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient<U> {
    /// This e-mail address: of the user with this folded e-mail address, if there is one, or of nobody any more.
    Address(String),
    /// A user, at the e-mail address that the account has when the mail is sent.
    User(U),
    /// A user, at another e-mail address than that of the account.
    UserAt(U, EmailAddress),
}

/// Converts between jobs and the pairs of kind and recipient, given which recipient each kind has.
macro_rules! recipients {
    (Address: $($by_address:ident)*; User: $($of_user:ident)*; UserAt: $($at:ident)*;) => {
        impl<U: Copy> MailJob<U> {
            /// Returns the job of this kind for this recipient, for stores that read both; absent if no such job exists.
            #[must_use]
            pub fn from_parts(kind: MailKind, recipient: Recipient<U>) -> Option<Self> {
                match (kind, recipient) {
                    $((MailKind::$by_address, Recipient::Address(address)) => Some(Self::$by_address { address }),)*
                    $((MailKind::$of_user, Recipient::User(user)) => Some(Self::$of_user { user }),)*
                    $((MailKind::$at, Recipient::UserAt(user, address)) => Some(Self::$at { user, address }),)*
                    (_, Recipient::Address(_) | Recipient::User(_) | Recipient::UserAt(..)) => None,
                }
            }

            /// Returns what the mail is about.
            #[must_use]
            pub const fn kind(&self) -> MailKind {
                match self {
                    $(Self::$by_address { .. } => MailKind::$by_address,)*
                    $(Self::$of_user { .. } => MailKind::$of_user,)*
                    $(Self::$at { .. } => MailKind::$at,)*
                }
            }

            /// Returns for whom it is.
            #[must_use]
            pub fn recipient(&self) -> Recipient<U> {
                match self {
                    $(Self::$by_address { address })|* => Recipient::Address(address.clone()),
                    $(Self::$of_user { user })|* => Recipient::User(*user),
                    $(Self::$at { user, address })|* => Recipient::UserAt(*user, address.clone()),
                }
            }

            /// Returns the user, unless it is known by e-mail address only.
            pub const fn user(&self) -> Option<U> {
                match self {
                    $(Self::$by_address { .. })|* => None,
                    $(Self::$of_user { user })|* | $(Self::$at { user, .. })|* => Some(*user),
                }
            }
        }

        impl MailJob {
            /// Returns the same job with the user that is meant.
            ///
            /// # Errors
            /// As [`UserRef::resolve`].
            pub fn resolve(&self, created: Option<UserId>) -> Result<MailJob<UserId>, StoreFailure> {
                Ok(match self.clone() {
                    $(Self::$by_address { address } => MailJob::$by_address { address },)*
                    $(Self::$of_user { user } => MailJob::$of_user { user: user.resolve(created)? },)*
                    $(Self::$at { user, address } => MailJob::$at { user: user.resolve(created)?, address },)*
                })
            }
        }
    };
}

recipients! {
    Address: PasswordReset SignUp EmailVerification AccountDeleted;
    User: Invitation PasswordChanged;
    UserAt: EmailChange EmailChanged;
}

/// A mail job to be queued. It holds no token: the worker mints one when it sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMailJob {
    /// What is to be mailed to whom.
    pub mail: MailJob,
    /// When it was asked for; it is due at once.
    pub at: DateTime<Utc>,
    /// From where.
    pub ip: Option<IpAddr>,
    /// By which request.
    pub request_id: String,
    /// The user's security version at the request, if the mail is void when it has become another.
    pub security_version: Option<i64>,
    /// A job for an address is refused with [`super::Precondition::QueueRoom`] if this many jobs of its kind wait; without a
    /// capacity, never. Other kinds and dead jobs do not count, nor do jobs for users have a capacity. That there is a job for the
    /// same address already makes no difference: where the mail server fails, the jobs that stay are those of addresses
    /// with an account.
    pub capacity: Option<u32>,
}

impl NewMailJob {
    /// A job that is queued however many wait.
    #[must_use]
    pub fn new(mail: MailJob, context: &AccessContext, at: DateTime<Utc>) -> Self {
        let (ip, request_id) = (context.ip, context.request_id.clone());
        Self { mail, at, ip, request_id, security_version: None, capacity: None }
    }

    /// The same, void once the user has another security version.
    #[must_use]
    pub fn for_version(self, security_version: i64) -> Self {
        Self { security_version: Some(security_version), ..self }
    }

    /// The same, refused if `capacity` jobs of its kind wait, and it is for an address.
    #[must_use]
    pub fn within(self, capacity: u32) -> Self {
        Self { capacity: Some(capacity), ..self }
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
    /// What is to be mailed to whom.
    pub mail: MailJob<UserId>,
    /// How often it was tried before.
    pub attempts: u32,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// From where.
    pub ip: Option<IpAddr>,
    /// By which request.
    pub request_id: String,
    /// See [`NewMailJob::security_version`].
    pub security_version: Option<i64>,
}

impl LeasedMail {
    /// What [`crate::Mail::id`] is to be.
    #[must_use]
    pub fn mail_id(&self) -> String {
        let Lease { job: MailJobId(job), id: attempt, generation } = self.lease;
        let id = format!("{job}.{generation}.{:x}", self.requested_at.timestamp_micros());
        if self.mail.kind().carries_token() { format!("{id}.{attempt:x}") } else { id }
    }
}

/// What became of a leased job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailOutcome {
    /// Sent, or not to be sent for an [`UnsentReason`]: the job goes away.
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

/// A mail job that was removed by a change instead of by the worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsentMail {
    /// What the mail was about.
    pub kind: MailKind,
    /// Which request asked for it.
    pub request_id: String,
}

/// A waiting or dead mail job, for operators and tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// Its number.
    pub id: MailJobId,
    /// What is to be mailed to whom.
    pub mail: MailJob<UserId>,
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

//! Sending mail, as a port.

use std::net::IpAddr;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use denizen_models::{EmailAddress, Username};

use crate::ports::{cause::Cause, randomness::Token};

/// One mail, ready to be worded and sent. Subject, text and links are the transport's business.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Names this mail, as the left part of a `Message-ID` (RFC 5322, section 3.6.4): digits, letters and dots. A notice
    /// that is sent twice because a process died in between keeps it, so that mail programs can show it once; a mail
    /// with a token has another one for each attempt, because each has another token.
    pub id: String,
    /// To whom.
    pub to: EmailAddress,
    /// How to address the person; empty if that is not known.
    pub name: String,
    /// What to say.
    pub message: MailMessage,
}

/// What a mail says. Of tokens of one user and kind, only the newest works.
#[derive(Debug, Clone)]
pub enum MailMessage {
    /// Somebody, hopefully the user, wants to choose a new password.
    PasswordReset {
        /// The way in.
        token: Token,
        /// How long it works.
        valid_for: Duration,
    },
    /// The password was changed. Carries nothing secret: it is for a user who did *not* do it.
    PasswordChanged {
        /// When.
        at: DateTime<Utc>,
        /// From where, if known.
        ip: Option<IpAddr>,
    },
    /// An administrator made an account for somebody, who is to choose its password.
    Invitation {
        /// The name of the account.
        username: Username,
        /// The way in.
        token: Token,
        /// How long it works.
        valid_for: Duration,
    },
    /// Somebody wants an account with this address, and is to show that the address is theirs.
    ConfirmSignUp {
        /// The name that they want.
        username: Username,
        /// The proof.
        token: Token,
        /// How long it works.
        valid_for: Duration,
    },
    /// Somebody wants an account with the address of a user who has one. It is the user who is told.
    AccountExists {
        /// When.
        at: DateTime<Utc>,
        /// From where, if known.
        ip: Option<IpAddr>,
    },
    /// A user is to show that the address of the account is theirs.
    VerifyEmail {
        /// The proof.
        token: Token,
        /// How long it works.
        valid_for: Duration,
    },
    /// A user wants this address for an account, and is to show that it is theirs.
    ConfirmEmailChange {
        /// The proof.
        token: Token,
        /// How long it works.
        valid_for: Duration,
    },
    /// The account now has another address. Goes to the old one, for a user who did *not* do it.
    EmailChanged {
        /// When.
        at: DateTime<Utc>,
        /// From where, if known.
        ip: Option<IpAddr>,
    },
    /// An operator wants to see whether mail arrives.
    Test {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Why a mail was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It may work later: no connection, a time-out, a 4xx reply.
    #[error("mail not sent yet: {0}")]
    Temporary(#[source] Cause),
    /// It will never work: the recipient is refused.
    #[error("mail refused: {0}")]
    Permanent(#[source] Cause),
}

/// Hands a mail to whatever carries it.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends `mail`, or says whether trying again makes sense. MUST return within the worker's lease (five
    /// minutes). MUST NOT put a token into an error, nor into a log, except for a transport whose purpose is to
    /// show mails to a developer.
    ///
    /// # Errors
    /// See [`MailError`].
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

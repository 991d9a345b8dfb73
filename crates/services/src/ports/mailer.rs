//! Sending mail, as a port.

use std::{net::IpAddr, time::Duration as StdDuration};

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use denizen_models::{EmailAddress, Username};

use crate::ports::{cause::Cause, randomness::Token};

/// A mail, ready to be rendered and sent. The transport makes subject, text and link.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The left part of the `Message-ID` (RFC 5322, section 3.6.4): digits, letters and dots. A notice that is sent
    /// twice because a process died in between keeps its id, so that mail programs can show it once. A mail with a token
    /// has another id for each attempt, because each attempt has another token.
    pub id: String,
    /// The recipient.
    pub to: EmailAddress,
    /// The recipient's first name; empty if it is not known.
    pub name: String,
    /// The content.
    pub message: MailMessage,
}

/// The content of a mail.
#[derive(Debug, Clone)]
pub enum MailMessage {
    /// A link with a token. Of the tokens for one user and purpose, only the newest works.
    Link {
        /// What the link is for.
        template: LinkTemplate,
        /// The token in the link.
        token: Token,
        /// How long the token works.
        valid_for: Duration,
    },
    /// A notice without any secret, because the event may not have been caused by the user.
    Notice {
        /// What happened.
        template: NoticeTemplate,
        /// When it happened.
        at: DateTime<Utc>,
        /// From which IP address, if known.
        ip: Option<IpAddr>,
    },
}

/// The mails with a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTemplate {
    /// Lets the user choose a new password.
    PasswordReset,
    /// Lets a user whose account an administrator created choose the first password.
    Invitation(Username),
    /// Confirms a pending registration, and with it the e-mail address.
    ConfirmSignUp(Username),
    /// Confirms the e-mail address of an account.
    VerifyEmail,
    /// Confirms a new e-mail address for an account.
    ConfirmEmailChange,
}

/// The mails without a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeTemplate {
    /// The password was changed.
    PasswordChanged,
    /// A sign-up or an e-mail change asked for the e-mail address of this user.
    AccountExists,
    /// The account has another e-mail address. Goes to the previous one.
    EmailChanged,
    /// The account was deleted by its user.
    AccountDeleted,
    /// A test by an operator.
    Test,
}

/// Why a mail was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// A later attempt may succeed: there was no connection, a time-out or a 4xx reply.
    #[error("mail not sent yet: {0}")]
    Temporary(#[source] Cause),
    /// No attempt can succeed: the recipient or the content is refused.
    #[error("mail refused: {0}")]
    Permanent(#[source] Cause),
}

/// Hands mails to a transport.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends `mail`. MUST return within the worker's lease (five minutes). MUST NOT put a token into an error, nor into a
    /// log, except for a transport whose purpose is to show mails to a developer.
    ///
    /// # Errors
    /// Returns [`MailError`], which says whether another attempt can succeed.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;

    /// Ends what is kept for the next mail, such as connections, and was not used for this long. The worker calls it every
    /// second, and with zero at a stop; [`Self::send`] still works after it.
    async fn close_idle(&self, _unused_for: StdDuration) {}
}

//! Sending mail, as a port.

use std::net::IpAddr;

use async_trait::async_trait;
use chrono::{DateTime, Duration, Utc};
use denizen_models::EmailAddress;

use crate::tokens::Token;

/// One mail, ready to be worded and sent. Subject, text and links are the transport's business.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The stored address of the user, never one that a stranger typed.
    pub to: EmailAddress,
    /// How to address the user.
    pub name: String,
    /// What to say.
    pub message: MailMessage,
}

/// What a mail says.
#[derive(Debug, Clone)]
pub enum MailMessage {
    /// Somebody, hopefully the user, wants to choose a new password.
    PasswordReset {
        /// The way in. Only the newest one works.
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
}

/// Why a mail was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// It may work later: no connection, a time-out, a 4xx reply.
    #[error("mail not sent yet: {0}")]
    Temporary(String),
    /// It will never work: the recipient is refused.
    #[error("mail refused: {0}")]
    Permanent(String),
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

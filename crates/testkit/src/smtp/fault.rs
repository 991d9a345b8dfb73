//! Ways to fail.

use std::time::Duration;

/// How an [`crate::SmtpServer`] misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpFault {
    /// Accepts connections and commands, and never says a word.
    Silence,
    /// Waits this long before every reply.
    Slow(Duration),
    /// Answers this command with this reply (a code, a blank and a text, without line break) and hangs up if it begins with
    /// `421`.
    Reply(SmtpCommand, &'static str),
    /// Cuts the connection instead of answering this. A mail whose content is not answered is kept.
    HangUp(SmtpCommand),
    /// Cuts the connection at the first line of a mail's content.
    DropInData,
    /// Shows a certificate for the right names, from an authority that nobody trusts.
    UntrustedCertificate,
    /// Adds, in the clear, one more reply to the one to STARTTLS, as somebody in between could.
    PlaintextAfterStartTls,
}

/// What a reply is given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of RFC 5321 and RFC 4954")]
pub enum SmtpCommand {
    /// The connection itself.
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The mail, after the dot at its end.
    Content,
    Rset,
    Noop,
    Quit,
}

impl SmtpCommand {
    pub(super) fn of(verb: &str) -> Option<Self> {
        Some(match verb {
            "EHLO" | "HELO" => Self::Ehlo,
            "STARTTLS" => Self::StartTls,
            "AUTH" => Self::Auth,
            "MAIL" => Self::Mail,
            "RCPT" => Self::Rcpt,
            "DATA" => Self::Data,
            "RSET" => Self::Rset,
            "NOOP" => Self::Noop,
            "QUIT" => Self::Quit,
            _ => return None,
        })
    }
}

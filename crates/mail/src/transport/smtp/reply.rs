//! Whether a failed mail is tried again.

use std::{error::Error as _, io};

use denizen_models::{EmailAddress, text};
use denizen_services::MailError;
use lettre::transport::smtp::{self, response::Code};

/// The step of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    Encrypt,
    Login,
    Sender,
    Recipient,
    Content,
}

/// Why a delivery failed.
#[derive(Debug)]
pub(super) enum Failure {
    Dial(io::Error),
    Smtp(Stage, smtp::Error),
}

impl Stage {
    pub(super) fn expect<T>(self, result: Result<T, smtp::Error>) -> Result<T, Failure> {
        result.map_err(|error| Failure::Smtp(self, error))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "greeting",
            Self::Encrypt => "encryption",
            Self::Login => "login",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Content => "content",
        }
    }
}

impl Failure {
    /// Converts the failure. Only a permanent refusal (5yz) of *this* mail, of its recipient or its content, is permanent.
    /// An earlier refusal, such as of our password or of the sender, is a mistake in the configuration: once an operator
    /// has corrected it, the mails that waited are sent.
    pub(super) fn into_mail_error(self, to: &EmailAddress) -> MailError {
        let (stage, error) = match self {
            Self::Dial(error) => {
                return MailError::Temporary(format!("no connection to the mail server: {error}").into());
            }
            Self::Smtp(stage, error) => (stage, error),
        };
        let about_this_mail = match stage {
            Stage::Connect | Stage::Encrypt | Stage::Login | Stage::Sender => false,
            Stage::Recipient | Stage::Content => true,
        };
        let detail = match error.source() {
            Some(reply) if error.status().is_some() => reply.to_string(),
            _ => error.to_string(),
        };
        let detail = without_recipient(in_words(&detail), to);
        match error.status() {
            Some(code) => {
                let reason = format!("the mail server refuses the {}: {code} {detail}", stage.as_str());
                if error.is_permanent() && about_this_mail && !asks_for_login(code) {
                    MailError::Permanent(reason.into())
                } else {
                    MailError::Temporary(reason.into())
                }
            }
            None => MailError::Temporary(format!("the mail server, {}: {detail}", stage.as_str()).into()),
        }
    }
}

/// Returns what is wrong with a certificate in words, for the names of rustls.
fn in_words(detail: &str) -> &str {
    const CERTIFICATES: [(&str, &str); 4] = [
        ("UnknownIssuer", "its certificate is not signed by an authority that is trusted here"),
        ("BadSignature", "its certificate is not signed by an authority that is trusted here"),
        ("not valid for name", "its certificate is for another host name"),
        ("expired", "its certificate has expired"),
    ];
    let words = CERTIFICATES.iter().find(|(name, _)| detail.contains("certificate") && detail.contains(name));
    words.map_or(detail, |(_, words)| words)
}

/// Returns whether the code is about the login (RFC 4954, sections 4 and 6): required, mechanism too weak, failed,
/// encryption required. Some servers send these only in reply to the recipient.
fn asks_for_login(code: Code) -> bool {
    matches!(u16::from(code), 530 | 534 | 535 | 538)
}

/// Returns a reply on one line, for the log and for operators, with `…` in place of every word that contains an e-mail
/// address, a part of the recipient's, or possibly a token or a password. Replies often quote the recipient, and some
/// quote the mail or the command that they do not understand, such as the one with our password in base64.
fn without_recipient(reply: &str, to: &EmailAddress) -> String {
    const MAX_CHARS: usize = 200;
    // User and password of 12 characters together; words of any language are rarely as long.
    const MIN_SECRET: usize = 20;
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let (user, domain) = to.key().split_once('@').unwrap_or((to.key(), ""));
    let tells = |word: &str| {
        let word = word.to_lowercase();
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        word.contains('@')
            || (!domain.is_empty() && word.contains(domain))
            || bare == user
            || (user.len() > 3 && word.contains(user))
            || word.split(|c: char| !is_base64(c)).any(|digits| digits.len() >= MIN_SECRET)
    };
    let line = text::single_line(reply);
    let words: Vec<&str> = line.split(' ').map(|word| if tells(word) { "…" } else { word }).collect();
    words.join(" ").chars().take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Security checklist: 8.
    #[test]
    fn nothing_of_the_recipient_or_a_token_is_left_of_a_reply() {
        let to = EmailAddress::parse("Ada.L@Example.com").unwrap();
        let token = "0123456789abcdef".repeat(4);
        for (reply, expected) in [
            ("5.1.1 <ada.l@example.com>: Recipient address rejected", "5.1.1 … Recipient address rejected"),
            ("no such user ADA.L here", "no such user … here"),
            ("bounce+ada.l=example.com is unknown", "… is unknown"),
            (
                "mailbox of mx.example.com is \u{202e}full\r\n\u{1b}[31m\u{2066}\u{200e}",
                "mailbox of … is full [31m",
            ),
            (&format!("link https://x.y/?token={token} looks like spam"), "link … looks like spam"),
            ("501 unknown: 'AUTH PLAIN AHVzZXIAcGFzc3dvcmQ='", "501 unknown: 'AUTH PLAIN …"),
            (
                "534 5.7.9 Application-specific password required",
                "534 5.7.9 Application-specific password required",
            ),
        ] {
            assert_eq!(without_recipient(reply, &to), expected);
        }
        assert_eq!(without_recipient(&"a ".repeat(1000), &to).chars().count(), 200);
    }

    #[test]
    fn a_short_name_hides_only_itself() {
        let to = EmailAddress::parse("al@example.com").unwrap();
        assert_eq!(without_recipient("5.1.1 'al' is not a local alias", &to), "5.1.1 … is not a local alias");
    }
}

//! Senders of mails.

use std::{fmt, str::FromStr};

use denizen_models::text::is_unprintable;
use lettre::{Address, message::Mailbox};

/// An e-mail address with or without a name: `accounts@example.com`, `Example accounts <accounts@example.com>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

/// Why a text is not a [`Sender`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSender {
    /// The text contains line breaks, other control characters or marks of bidirectional text.
    #[error("must be one line without control characters")]
    Control,
    /// The text does not contain an e-mail address that every mail server accepts.
    #[error("must be an e-mail address, such as accounts@example.com or Accounts <accounts@example.com>")]
    Email,
}

impl Sender {
    pub(crate) fn mailbox(&self) -> Mailbox {
        self.0.clone()
    }

    /// Returns the sender of mails that do not leave the machine.
    pub(crate) fn local() -> Self {
        Self(Mailbox::new(None, Address::new_dangerous("denizen", "localhost")))
    }
}

impl FromStr for Sender {
    type Err = InvalidSender;

    /// Parses a sender. Everything before the last `<` is the name, with or without quotes around it.
    fn from_str(text: &str) -> Result<Self, InvalidSender> {
        if text.contains(is_unprintable) {
            return Err(InvalidSender::Control);
        }
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').map(|rest| rest.rsplit_once('<')) {
            None => ("", text),
            Some(Some((name, address))) => (name.trim(), address),
            Some(None) => return Err(InvalidSender::Email),
        };
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).trim();
        let address: Address = address.parse().map_err(|_| InvalidSender::Email)?;
        // An e-mail address beyond ASCII works only with servers that support SMTPUTF8.
        if !AsRef::<str>::as_ref(&address).is_ascii() {
            return Err(InvalidSender::Email);
        }
        let mailbox = Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address);
        // lettre parses the header that it writes, and refuses to compose a mail whose sender it does not understand.
        match mailbox.to_string().parse::<Mailbox>() {
            Ok(read) if read == mailbox => Ok(Self(mailbox)),
            _ => Err(InvalidSender::Email),
        }
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, InvalidSender> {
        text.parse().map(|sender: Sender| sender.to_string())
    }

    #[test]
    fn a_name_is_optional_and_quotes_around_it_too() {
        for (text, expected) in [
            ("a@example.com", "a@example.com"),
            ("<a@example.com>", "a@example.com"),
            ("denizen@localhost", "denizen@localhost"),
            ("Accounts <a@example.com>", "Accounts <a@example.com>"),
            (" \"Accounts, Inc.\" <a@example.com> ", "\"Accounts, Inc.\" <a@example.com>"),
            ("Accounts, Inc. <a@example.com>", "\"Accounts, Inc.\" <a@example.com>"),
            ("Käse & Co <a@example.com>", "Käse & Co <a@example.com>"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "Accounts",
            "Accounts a@example.com>",
            "A <a@b.co> x",
            "a@b@",
            "A <ä@example.com>",
            "\"a..b\"@example.com",
            "a@b.co, c@d.ef",
        ] {
            assert_eq!(parse(text), Err(InvalidSender::Email), "{text}");
        }
        for text in ["A\r\nBcc: x@y.zz <a@b.co>", "\u{202e}A <a@b.co>"] {
            assert_eq!(parse(text), Err(InvalidSender::Control));
        }
    }
}

//! E-mail addresses.

use crate::types::fold::folded;

/// Why a text is not an e-mail address. The sentences are the wire contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Nothing but white space.
    #[error("email cannot be empty")]
    Empty,
    /// Anything else.
    #[error("invalid email format")]
    Format,
}

/// A valid address as the user typed it, with the folded form by which it is found and kept unique.
///
/// The rule is that of the HTML Living Standard (section 4.10.5.1.5, "valid email address"), plus: at least one dot
/// in the domain, and at most 254 bytes (RFC 5321 leaves no room for more in a path). Surrounding white space is cut.
///
/// Mail is sent to the address as typed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    typed: String,
    key: String,
}

folded! { EmailAddress }

impl EmailAddress {
    /// The longest address, in bytes.
    pub const MAX_BYTES: usize = 254;

    /// Reads an address.
    ///
    /// # Errors
    /// [`InvalidEmail`] says whether it is missing or malformed.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail::Format)?;
        let valid = text.len() <= Self::MAX_BYTES
            && !local.is_empty()
            && local.bytes().all(is_local_byte)
            && domain.contains('.')
            && domain.split('.').all(is_label);
        if valid { Ok(Self::fold(text)) } else { Err(InvalidEmail::Format) }
    }
}

fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

/// A label of a host name (RFC 1034, section 3.5, as widened by RFC 1123): 1–63 letters, digits and inner hyphens.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_read_and_trimmed() {
        for text in
            ["alice@example.com", " a@b.co ", "x+tag@sub.example.org", "o'brien@ex-ample.com", "a@1.2"]
        {
            assert_eq!(
                EmailAddress::parse(text).map(|email| email.as_str().to_owned()),
                Ok(text.trim().to_owned())
            );
        }
    }

    #[test]
    fn blank_is_told_apart_from_malformed() {
        assert_eq!(EmailAddress::parse("  "), Err(InvalidEmail::Empty));
        let long = format!("{}@example.com", "a".repeat(250));
        for text in [
            "nope",
            "a@b",
            "@b.co",
            "a@",
            "..@-.-.aa",
            "a@b..co",
            "a@-b.co",
            "a@b-.co",
            "a b@c.de",
            "a@b.co\r\nBcc: x@y.zz",
            "a@b@c.de",
            "é@b.co",
            "a@é.co",
            "<a@b.co>",
            &long,
        ] {
            assert_eq!(EmailAddress::parse(text), Err(InvalidEmail::Format), "{text:?}");
        }
        assert!(EmailAddress::parse(&format!("a@{}.com", "b".repeat(64))).is_err());
    }

    #[test]
    fn the_key_ignores_case() {
        let (one, two) = (
            EmailAddress::parse("Eve@Example.COM").unwrap(),
            EmailAddress::parse("eve@example.com").unwrap(),
        );
        assert_eq!(one.key(), two.key());
        assert_ne!(one, two);
    }
}

//! User names.

use crate::types::fold::folded;

/// Why a text is not a user name. The sentences are the wire contract's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUsername {
    /// Nothing but white space.
    #[error("username cannot be empty")]
    Empty,
    /// Fewer than [`Username::MIN_CHARS`] characters.
    #[error("username must be at least {} characters long", Username::MIN_CHARS)]
    Short,
    /// More than [`Username::MAX_CHARS`] characters.
    #[error("username cannot exceed {} characters", Username::MAX_CHARS)]
    Long,
    /// A character other than an ASCII letter, digit or underscore.
    #[error("username can only contain letters, numbers, and underscores")]
    Characters,
}

/// 3 to 50 ASCII letters, digits and underscores, unique without regard to case.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Username {
    typed: String,
    key: String,
}

folded! { Username }

impl Username {
    /// The shortest name, in characters.
    pub const MIN_CHARS: usize = 3;
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 50;

    /// Reads a name.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidUsername> {
        if text.trim().is_empty() {
            return Err(InvalidUsername::Empty);
        }
        let length = text.chars().count();
        if length < Self::MIN_CHARS {
            return Err(InvalidUsername::Short);
        }
        if length > Self::MAX_CHARS {
            return Err(InvalidUsername::Long);
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(InvalidUsername::Characters);
        }
        Ok(Self::fold(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_its_sentence() {
        for (text, error) in [
            ("", InvalidUsername::Empty),
            (" \t", InvalidUsername::Empty),
            ("ab", InvalidUsername::Short),
            (&"a".repeat(51), InvalidUsername::Long),
            ("bad-name", InvalidUsername::Characters),
            ("имя", InvalidUsername::Characters),
            (" abc", InvalidUsername::Characters),
        ] {
            assert_eq!(Username::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn the_limits_themselves_are_allowed() {
        for text in ["abc", "A_1", &"a".repeat(50)] {
            assert_eq!(Username::parse(text).map(|name| name.as_str().to_owned()), Ok(text.to_owned()));
        }
        assert_eq!(
            Username::parse("Alice_Dev").map(|name| name.key().to_owned()),
            Ok("alice_dev".to_owned())
        );
    }
}

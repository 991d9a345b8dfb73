//! Text that must not be printed.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};
use zeroize::Zeroizing;

/// Implements `Debug` for types whose content must not be printed: `Secret(…)`.
#[macro_export]
macro_rules! redacted {
    ($($type:ident)+) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    )+};
}

redacted! { Secret }

/// A password or token as a client sent it: wiped when dropped, never shown by `Debug`, not serializable.
///
/// ```
/// use denizen_models::Secret;
/// let secret = Secret::from("correct horse");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// assert_eq!(secret.expose(), "correct horse");
/// ```
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself. Every call is a place to look at when a secret leaks.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it holds nothing but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretText)
    }
}

/// Like serde's own for strings, whose errors quote what is no string: a password of nothing but digits is a number to
/// clients that do not know better.
struct SecretText;

impl Visitor<'_> for SecretText {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::from(text))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Secret, E> {
        Ok(Secret::from(text))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Secret, E> {
        Err(E::invalid_type(Unexpected::Other("number"), &self))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Secret, E> {
        self.visit_i64(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Secret, E> {
        self.visit_i64(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        serde_json::from_str::<Secret>(text).unwrap_err().to_string()
    }

    /// Security checklist: 8.
    #[test]
    fn it_is_a_string_and_what_is_none_is_refused_without_being_quoted() {
        for (text, value) in [("\"hunter2\"", "hunter2"), ("\"hunter\\u0032\"", "hunter2"), ("\"\"", "")] {
            assert_eq!(serde_json::from_str::<Secret>(text).unwrap().expose(), value);
        }
        for number in ["12345678", "-12345678", "12345678.5", "123456781234567812345678"] {
            let refused = refusal(number);
            assert!(
                refused.starts_with("invalid type: number, expected a string at line 1 column "),
                "{refused}"
            );
        }
        assert!(refusal("null").starts_with("invalid type: null, expected a string"));
        assert!(refusal("[\"hunter2\"]").starts_with("invalid type: sequence, expected a string"));
    }
}

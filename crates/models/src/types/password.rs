//! Passwords and the one policy for them.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::{redacted, types::secret::Secret};

/// A password ready to be hashed or compared: composed (NFC), so that the same keys typed on another system give the
/// same bytes (NIST SP 800-63B-4, section 3.1.1.2), and otherwise untouched: never trimmed, never truncated.
#[derive(Clone)]
pub struct Password {
    composed: Zeroizing<String>,
    /// What composing has changed; systems that did not compose have hashed this.
    typed: Option<Zeroizing<String>>,
}

impl Password {
    /// Takes a password as presented, whatever its quality.
    #[must_use]
    pub fn presented(secret: &Secret) -> Self {
        let composed: Zeroizing<String> = Zeroizing::new(secret.expose().nfc().collect());
        let changed = composed.as_str() != secret.expose();
        Self { composed, typed: changed.then(|| Zeroizing::new(secret.expose().to_owned())) }
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.composed.as_bytes()
    }

    /// The bytes as they were presented, if [`Self::as_bytes`] differs: a hash that comes from a system which does not
    /// compose was made from these.
    #[must_use]
    pub fn as_typed(&self) -> Option<&[u8]> {
        self.typed.as_ref().map(|typed| typed.as_bytes())
    }

    /// The composed text, for checks of its strength.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.composed
    }

    fn chars(&self) -> usize {
        self.composed.chars().count()
    }
}

redacted! { Password }

/// What a new password must be, everywhere one is set: any characters, between two lengths, and not one of those that
/// everybody tries first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest characters: 8 is the tutorial's rule; NIST SP 800-63B-4 asks for 15 where the password stands alone.
    pub min_chars: usize,
    /// Most characters. Bounds the work that one request can cause.
    pub max_chars: usize,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_chars: 8, max_chars: 256 }
    }
}

impl PasswordPolicy {
    /// Accepts a new password by its length. The service judges its strength, which takes longer.
    ///
    /// # Errors
    /// The first broken rule, as the rest of a sentence that begins with what the caller calls the password:
    /// `cannot be empty`.
    pub fn check_length(&self, secret: &Secret) -> Result<Password, String> {
        let password = self.read(secret)?;
        if secret.is_blank() {
            return Err("cannot be empty".to_owned());
        }
        if password.chars() < self.min_chars {
            return Err(format!("must be at least {} characters long", self.min_chars));
        }
        Ok(password)
    }

    /// Accepts a password that is to be compared with an old one, which may come from times of another policy.
    ///
    /// # Errors
    /// It is empty, or longer than any password; as [`Self::check_length`].
    pub fn read(&self, secret: &Secret) -> Result<Password, String> {
        if secret.expose().is_empty() {
            return Err("cannot be empty".to_owned());
        }
        // Composing costs time in proportion to the input: refuse the absurd before it.
        if secret.expose().len() > self.max_chars.saturating_mul(16) {
            return Err(self.too_long());
        }
        let password = Password::presented(secret);
        if password.chars() > self.max_chars { Err(self.too_long()) } else { Ok(password) }
    }

    fn too_long(&self) -> String {
        format!("cannot exceed {} characters", self.max_chars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        PasswordPolicy::default().check_length(&Secret::from(text)).err()
    }

    /// Security checklist: 29.
    #[test]
    fn characters_are_counted_not_bytes() {
        assert_eq!(refusal("пппп").as_deref(), Some("must be at least 8 characters long"));
        assert_eq!(refusal("вопросов"), None);
        assert_eq!(refusal(&"🦀".repeat(256)), None);
        assert_eq!(refusal(&"🦀".repeat(257)).as_deref(), Some("cannot exceed 256 characters"));
        assert_eq!(refusal(&"p".repeat(1_000_000)).as_deref(), Some("cannot exceed 256 characters"));
    }

    /// Security checklist: 29.
    #[test]
    fn blanks_alone_are_empty_but_blanks_within_count() {
        assert_eq!(refusal("        ").as_deref(), Some("cannot be empty"));
        assert_eq!(refusal("a      b"), None);
    }

    #[test]
    fn composed_and_decomposed_forms_are_one_password() {
        let bytes = |text: &str| Password::presented(&Secret::from(text)).as_bytes().to_vec();
        assert_eq!(bytes("cafe\u{301} au lait"), bytes("café au lait"));
        assert_ne!(bytes("café"), bytes("CAFÉ"));
        assert_ne!(bytes(" café"), bytes("café"));
    }

    #[test]
    fn what_was_typed_is_kept_where_composing_changes_it() {
        let typed = |text: &str| Password::presented(&Secret::from(text)).as_typed().map(<[u8]>::to_vec);
        assert_eq!(typed("cafe\u{301}"), Some("cafe\u{301}".into()));
        assert_eq!(typed("café"), None);
    }

    /// Security checklist: 8.
    #[test]
    fn nothing_prints_a_password() {
        let secret = Secret::from("newsecurepassword");
        let shown = format!("{secret:?} {:?}", PasswordPolicy::default().check_length(&secret));
        assert!(!shown.contains("newsecure"), "{shown}");
    }
}

//! Passwords and the one policy for them.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::types::{
    password_strength::{Weakness, weakness},
    secret::Secret,
    user::UserValues,
};

/// A password ready to be hashed or compared: composed (NFC), so that the same keys typed on another system give the
/// same bytes (NIST SP 800-63B-4, section 3.1.1.2), and otherwise untouched: never trimmed, never truncated.
#[derive(Clone)]
pub struct Password {
    composed: Zeroizing<String>,
    /// What composing has changed; systems that did not compose have hashed this.
    typed: Option<Zeroizing<String>>,
}

impl Password {
    /// Takes a password as presented. Says nothing about its quality: [`PasswordPolicy::check_length`] and
    /// [`Self::check_strength`] do.
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

    /// Refuses a password that everybody tries first, or that is `user`'s own name or address: what remains to be
    /// judged after [`PasswordPolicy::check_length`].
    ///
    /// Can take tens of milliseconds of a core: strangers should not be able to cause it, nor should it keep an async
    /// thread busy.
    ///
    /// # Errors
    /// The broken rule, in the form of [`PasswordPolicy::check`].
    pub fn check_strength(&self, user: &UserValues) -> Result<(), String> {
        let (name, email) = (user.username.as_str(), user.email.as_str());
        // An address without its domain is a name like any other.
        let local = email.split('@').next().unwrap_or("");
        self.check_beside(&[name, email, local, &user.first_name, &user.last_name])
    }

    /// The same for anybody's names and addresses.
    fn check_beside(&self, personal: &[&str]) -> Result<(), String> {
        match weakness(&self.composed, personal) {
            Some(Weakness::Common) => Err("is too common".to_owned()),
            Some(Weakness::Personal) => Err("cannot be your own name or address".to_owned()),
            None => Ok(()),
        }
    }

    fn chars(&self) -> usize {
        self.composed.chars().count()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

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
    /// Accepts a new password where nobody is known whose name it must not be. For a user's password, it is
    /// [`Self::check_length`] and [`Password::check_strength`].
    ///
    /// # Errors
    /// The first broken rule, as the rest of a sentence that begins with what the caller calls the password:
    /// `cannot be empty`.
    pub fn check(&self, secret: &Secret) -> Result<Password, String> {
        let password = self.check_length(secret)?;
        password.check_beside(&[]).map(|()| password)
    }

    /// Accepts a new password by its length, which is quickly seen; [`Password::check_strength`] is the rest.
    ///
    /// # Errors
    /// As [`Self::check`].
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
    /// It is empty, or longer than any password; as [`Self::check`].
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
        PasswordPolicy::default().check(&Secret::from(text)).err()
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

    /// Security checklist: 30.
    #[test]
    fn common_passwords_are_refused() {
        assert_eq!(refusal("P@ssw0rd").as_deref(), Some("is too common"));
        assert_eq!(refusal("newsecurepassword"), None);
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
        let shown = format!("{secret:?} {:?}", PasswordPolicy::default().check(&secret));
        assert!(!shown.contains("newsecure"), "{shown}");
    }
}

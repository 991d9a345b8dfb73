//! Random tokens: what is mailed, and what is kept of it.

use denizen_models::{Secret, named_enum, redacted};
use sha2::{Digest as _, Sha256};

use crate::ports::cause::Cause;

named_enum! {
    /// What a token is good for. A token for one purpose is unknown for every other.
    pub enum TokenPurpose {
        /// Choosing a new password without the old one.
        PasswordReset = "password_reset",
        /// Choosing the first password of an account that an administrator made.
        Invitation = "invitation",
        /// Showing that the address of the account is the user's own.
        EmailVerification = "email_verification",
        /// Showing that the address that the account shall have is the user's own. The token keeps that address.
        EmailChange = "email_change",
    }
}

/// Where randomness comes from.
pub trait TokenSource: Send + Sync {
    /// Fills `bytes`. MUST come from a generator that is fit for secrets (except in tests).
    ///
    /// # Errors
    /// The generator failed; nothing may be derived from `bytes` then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// The operating system's generator failed. Nothing that needs a secret can go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no randomness: {0}")]
pub struct RandomnessError(#[source] pub Cause);

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsTokenSource;

impl TokenSource for OsTokenSource {
    #[expect(clippy::disallowed_methods, reason = "the one adapter of the randomness port")]
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom::fill(bytes).map_err(|error| RandomnessError(error.into()))
    }
}

/// A one-time token as it travels: 32 random bytes as 64 lower-case hexadecimal digits. Never stored, never printed.
#[derive(Clone)]
pub struct Token(Secret);

impl Token {
    /// Bytes of randomness in a token; OWASP ASVS 5.0 (V11.5.1) asks for at least 16.
    pub const BYTES: usize = 32;

    /// Draws a new token.
    ///
    /// # Errors
    /// The source failed.
    pub fn mint(source: &dyn TokenSource) -> Result<Self, RandomnessError> {
        let mut bytes = zeroize::Zeroizing::new([0; Self::BYTES]);
        source.fill(bytes.as_mut())?;
        Ok(Self(Secret::from(hex::encode(bytes.as_ref()))))
    }

    /// Returns the token as a client presents it.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }

    /// The digits, for the mail.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What a store keeps of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

impl From<Token> for Secret {
    fn from(token: Token) -> Self {
        token.0
    }
}

redacted! { Token TokenHash }

/// The SHA-256 of a token: enough to recognise it, useless to whoever steals the table.
///
/// A plain hash is right here and would be wrong for passwords: a token has 256 random bits, which nobody can guess.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of what a client presents. Text that is no token has a hash too, which no store knows.
    #[must_use]
    pub fn of(presented: &Secret) -> Self {
        Self(Sha256::digest(presented.expose().as_bytes()).into())
    }

    /// Wraps bytes that a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Security checklist: 6.
    #[test]
    fn ten_thousand_tokens_are_all_different() {
        let tokens: HashSet<String> =
            (0..10_000).map(|_| Token::mint(&OsTokenSource).unwrap().expose().to_owned()).collect();
        assert_eq!(tokens.len(), 10_000);
        assert!(
            tokens
                .iter()
                .all(|token| token.len() == 64 && token.bytes().all(|b| b"0123456789abcdef".contains(&b)))
        );
    }

    #[test]
    fn the_hash_of_the_presented_token_is_the_stored_one() {
        let token = Token::mint(&OsTokenSource).unwrap();
        assert_eq!(TokenHash::of(&Secret::from(token.expose())), token.hash());
        assert_ne!(TokenHash::of(&Secret::from(token.expose().to_uppercase())), token.hash());
    }

    /// Security checklist: 8.
    #[test]
    fn neither_prints() {
        let token = Token::mint(&OsTokenSource).unwrap();
        assert_eq!(format!("{token:?} {:?}", token.hash()), "Token(…) TokenHash(…)");
    }

    #[test]
    fn every_purpose_is_found_by_its_name() {
        for purpose in TokenPurpose::ALL {
            assert_eq!(TokenPurpose::from_name(purpose.as_str()), Some(purpose));
        }
        assert_eq!(TokenPurpose::from_name("password"), None);
    }
}

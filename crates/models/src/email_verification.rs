//! Showing that an address is one's own.

use serde::Deserialize;

use crate::types::{EmailAddress, Secret, Username, ValidationErrors};

/// The body of `POST /api/users/request-email-verification`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmailVerificationRequest {
    /// The address of the account. Case and surrounding blanks do not matter.
    pub email: String,
}

impl EmailVerificationRequest {
    /// Reads the address.
    ///
    /// # Errors
    /// The address is missing or malformed.
    pub fn validate(&self) -> Result<EmailAddress, ValidationErrors> {
        EmailAddress::parse(&self.email).map_err(|error| ValidationErrors::of("email", error.to_string()))
    }
}

/// The body of `POST /api/users/verify-email`: confirms an account's address, or a sign-up.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyEmailRequest {
    /// The token from the mail.
    pub token: Secret,
    /// Another user name than the one that was signed up with, should that have been taken meanwhile.
    pub username: Option<String>,
}

impl VerifyEmailRequest {
    /// Reads the name, if there is one.
    ///
    /// # Errors
    /// The token is missing, or the name is none.
    pub fn validate(&self) -> Result<Option<Username>, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        errors.check_token(&self.token);
        let username = errors.value("username", self.username.as_deref().map(Username::parse).transpose());
        errors.complete(username)
    }
}

//! Changing the address of an account.

use serde::Deserialize;

use crate::types::{EmailAddress, Password, PasswordPolicy, Secret, ValidationErrors};

/// The body of `POST /api/auth/change-email`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangeEmailRequest {
    /// The address that the account shall have.
    pub email: String,
    /// The password: whoever finds an open session must not take the account with it.
    pub password: Secret,
}

impl ChangeEmailRequest {
    /// Reads both.
    ///
    /// # Errors
    /// A member is missing or malformed.
    pub fn validate(&self, policy: &PasswordPolicy) -> Result<(EmailAddress, Password), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let email = errors.value("email", EmailAddress::parse(&self.email));
        let password = errors.password("password", policy.read(&self.password));
        errors.complete(email.zip(password))
    }
}

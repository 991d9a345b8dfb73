//! Changing the address of an account.

use serde::Deserialize;

use crate::types::{
    email::EmailAddress,
    password::{Password, PasswordPolicy},
    secret::Secret,
    validation::ValidationErrors,
};

/// The body of `POST /api/auth/change-email`.
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
        let email = EmailAddress::parse(&self.email).map_err(|error| errors.add("email", error.to_string()));
        let password = policy.read(&self.password);
        let password = password.map_err(|reason| errors.add("password", format!("password {reason}")));
        match (email, password) {
            (Ok(email), Ok(password)) => errors.into_result((email, password)),
            _ => Err(errors),
        }
    }
}

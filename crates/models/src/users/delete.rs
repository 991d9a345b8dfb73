//! Deleting one's own account: the request.

use serde::Deserialize;

use crate::types::{Password, PasswordPolicy, Secret, ValidationErrors};

/// The body of `POST /api/auth/delete-account`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeleteAccountRequest {
    /// The current password: an open session alone deletes nothing.
    pub password: Secret,
}

impl DeleteAccountRequest {
    /// Reads the password as it is.
    ///
    /// # Errors
    /// The password is missing, or longer than any that could be right.
    pub fn validate(&self, policy: &PasswordPolicy) -> Result<Password, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let password = errors.password("password", policy.read(&self.password));
        errors.complete(password)
    }
}

//! Replacing a password that is known.

use serde::Deserialize;

use crate::types::{Password, PasswordPolicy, Secret, ValidationErrors};

/// The body of `POST /api/auth/change-password`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangePasswordRequest {
    /// The one that is to go: whoever finds an open session must not keep the owner out with it.
    pub current_password: Secret,
    /// As long as the policy demands, at most 256 characters, and not a common one ([`PasswordPolicy`]).
    pub new_password: Secret,
}

impl ChangePasswordRequest {
    /// Reads both: the current one as it is, the new one if its length is right. The service
    /// judges its strength.
    ///
    /// # Errors
    /// A member is missing, or the new password is too short or too long.
    pub fn validate(&self, policy: &PasswordPolicy) -> Result<(Password, Password), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let current = errors.password("current_password", policy.read(&self.current_password));
        let new = errors.password("new_password", policy.check_length(&self.new_password));
        errors.complete(current.zip(new))
    }
}

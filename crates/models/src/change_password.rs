//! Replacing a password that is known.

use serde::Deserialize;

use crate::types::{
    password::{Password, PasswordPolicy},
    secret::Secret,
    validation::ValidationErrors,
};

/// The body of `POST /api/auth/change-password`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChangePasswordRequest {
    /// The one that is to go: whoever finds an open session must not keep the owner out with it.
    pub current_password: Secret,
    /// See [`PasswordPolicy`].
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
        let current = policy.read(&self.current_password);
        let current = current.map_err(|reason| {
            errors.add("current_password", format!("current password {reason}"));
        });
        let new = policy.check_length(&self.new_password);
        let new = new.map_err(|reason| errors.add("new_password", format!("new password {reason}")));
        match (current, new) {
            (Ok(current), Ok(new)) => errors.into_result((current, new)),
            _ => Err(errors),
        }
    }
}

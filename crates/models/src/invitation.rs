//! Accepting an invitation: choosing the first password of an account that somebody else made.

use serde::Deserialize;

use crate::types::{Password, PasswordPolicy, Secret, ValidationErrors};

/// The body of `POST /api/users/accept-invitation`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AcceptInvitationRequest {
    /// The token from the mail.
    pub token: Secret,
    /// As long as the policy demands, at most 256 characters, and not a common one ([`PasswordPolicy`]).
    pub password: Secret,
}

impl AcceptInvitationRequest {
    /// Reads the password, if its length is right. The service judges its strength.
    ///
    /// # Errors
    /// A member is missing, or the password is too short or too long.
    pub fn validate(&self, policy: &PasswordPolicy) -> Result<Password, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        errors.check_token(&self.token);
        let password = errors.password("password", policy.check_length(&self.password));
        errors.complete(password)
    }
}

//! The request that holds a mailed token and nothing else.

use serde::Deserialize;

use crate::types::{secret::Secret, validation::ValidationErrors};

/// The body of requests that consist of a mailed token, such as `POST /api/users/confirm-email-change`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TokenRequest {
    /// The token from the e-mail.
    pub token: Secret,
}

impl TokenRequest {
    /// Checks that the request has a token. The service judges whether it is valid.
    ///
    /// # Errors
    /// Returns an error if the token is missing or blank.
    pub fn validate(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        errors.check_token(&self.token);
        errors.into_result(())
    }
}

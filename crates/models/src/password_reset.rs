//! Resetting a forgotten password: the requests and responses, and what makes the requests valid.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::types::{
    email::EmailAddress,
    password::{Password, PasswordPolicy},
    secret::Secret,
    validation::ValidationErrors,
};

/// The body of `POST /api/users/request-password-reset`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordResetRequest {
    /// The address of the account. Case and surrounding blanks do not matter.
    pub email: String,
}

impl PasswordResetRequest {
    /// Reads the address.
    ///
    /// # Errors
    /// The address is missing or malformed.
    pub fn validate(&self) -> Result<EmailAddress, ValidationErrors> {
        EmailAddress::parse(&self.email).map_err(|error| ValidationErrors::of("email", error.to_string()))
    }
}

/// The answer to a request for a reset. It is the same whether or not the address has an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordResetResponse {
    /// A sentence for the user.
    pub message: String,
    /// The address as it was typed.
    pub email: String,
}

/// The body of `POST /api/users/reset-password`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordResetConfirmation {
    /// The token from the mail.
    pub token: Secret,
    /// See [`PasswordPolicy`].
    pub new_password: Secret,
}

impl PasswordResetConfirmation {
    /// Reads the new password. The service judges the token, and after that the strength of the password.
    ///
    /// # Errors
    /// A member is missing, or the password is too short or too long.
    pub fn validate(&self, policy: &PasswordPolicy) -> Result<Password, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        errors.check_token(&self.token);
        match policy.check_length(&self.new_password) {
            Ok(password) => errors.into_result(password),
            Err(reason) => {
                errors.add("new_password", format!("new password {reason}"));
                Err(errors)
            }
        }
    }
}

/// The answer to a successful reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordResetConfirmationResponse {
    /// A sentence for the user.
    pub message: String,
    /// Always `true`: failures are errors.
    pub success: bool,
}

/// The body of `POST /api/users/{id}/send-password-reset`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendPasswordResetRequest {
    /// Whether the old password is to work no longer, and every session to end: for an account that somebody else got
    /// into. Absent or null is `false`.
    pub discard_password: Option<bool>,
}

/// What a form may know about a token before it asks for a password: never whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ResetTokenStatus {
    /// Whether a reset with this token would be accepted now.
    pub valid: bool,
    /// When it stops being so; `null` for a token that is not valid.
    pub expires_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(token: &str, new_password: &str) -> Option<String> {
        let request = PasswordResetConfirmation { token: token.into(), new_password: new_password.into() };
        request.validate(&PasswordPolicy::default()).err().map(|errors| errors.to_string())
    }

    #[test]
    fn a_request_needs_an_address() {
        for (email, message) in
            [("", "email cannot be empty"), ("  ", "email cannot be empty"), ("nope", "invalid email format")]
        {
            let errors = PasswordResetRequest { email: email.to_owned() }.validate().unwrap_err();
            assert_eq!(errors.to_string(), message);
        }
        let request = PasswordResetRequest { email: " eve@example.com ".to_owned() };
        assert_eq!(request.validate().unwrap().as_str(), "eve@example.com");
    }

    #[test]
    fn a_confirmation_needs_a_token_and_a_good_password() {
        assert_eq!(refusal("", "longenough").as_deref(), Some("token cannot be empty"));
        assert_eq!(refusal("abc", "").as_deref(), Some("new password cannot be empty"));
        assert_eq!(refusal("abc", "        ").as_deref(), Some("new password cannot be empty"));
        assert_eq!(
            refusal("abc", "short").as_deref(),
            Some("new password must be at least 8 characters long")
        );
        assert_eq!(
            refusal("abc", &"p".repeat(257)).as_deref(),
            Some("new password cannot exceed 256 characters")
        );
        assert_eq!(refusal("abc", "newsecurepassword"), None);
    }

    #[test]
    fn both_members_are_reported_at_once() {
        let errors = PasswordResetConfirmation::default().validate(&PasswordPolicy::default()).unwrap_err();
        assert_eq!(errors.iter().map(|error| error.field).collect::<Vec<_>>(), ["token", "new_password"]);
    }

    #[test]
    fn debug_output_shows_neither_token_nor_password() {
        let request =
            PasswordResetConfirmation { token: "cafe".into(), new_password: "newsecurepassword".into() };
        assert!(!format!("{request:?}").contains("cafe"));
        assert!(!format!("{request:?}").contains("newsecure"));
    }
}

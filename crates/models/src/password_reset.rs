//! Resetting a forgotten password: the requests and responses, and what makes the requests valid.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::types::{EmailAddress, Password, PasswordPolicy, Secret, ValidationErrors};

/// The body of `POST /api/users/request-password-reset`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordResetRequest {
    /// The e-mail address of the account. Case and surrounding blanks do not matter.
    pub email: String,
}

impl PasswordResetRequest {
    /// Returns the e-mail address.
    ///
    /// # Errors
    /// Returns an error if the e-mail address is missing or malformed.
    pub fn validate(&self) -> Result<EmailAddress, ValidationErrors> {
        EmailAddress::parse(&self.email).map_err(|error| ValidationErrors::of("email", error.to_string()))
    }
}

/// The answer to a request for a reset. It is the same for known and unknown e-mail addresses.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordResetResponse {
    /// A sentence for the user.
    pub message: String,
    /// The e-mail address as it was typed.
    pub email: String,
}

/// The body of `POST /api/users/reset-password`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordResetConfirmation {
    /// The token from the mail.
    pub token: Secret,
    /// As long as the policy demands, at most 256 characters, and not a common one ([`PasswordPolicy`]).
    pub new_password: Secret,
}

impl PasswordResetConfirmation {
    /// Returns the new password. The service checks the token, and then the strength of the password.
    ///
    /// # Errors
    /// Returns an error if a member is missing, or if the password is too short or too long.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordResetConfirmationResponse {
    /// A sentence for the user.
    pub message: String,
    /// Always `true`: failures are errors.
    pub success: bool,
    /// To be sent with the next sign-in, as the member `device`; absent in development.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// The body of `POST /api/users/{id}/send-password-reset`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendPasswordResetRequest {
    /// Whether the old password stops working and every session ends, for a compromised account. Absent or null is
    /// `false`.
    pub discard_password: Option<bool>,
}

/// The state of a token, for a form that is about to ask for a password. It does not say whose token it is.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ResetTokenStatus {
    /// Whether a reset with this token would be accepted now.
    pub valid: bool,
    /// The time at which the token expires; `null` for a token that is not valid.
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

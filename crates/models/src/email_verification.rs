//! Showing that an address is one's own.

use serde::Deserialize;

use crate::types::{EmailAddress, Profile, Secret, ValidationErrors, object_or_null};

/// The body of `POST /api/users/request-email-verification`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// The body of `POST /api/users/verify-email`: confirms the e-mail address of an account with the token alone, or a
/// sign-up with the token and the members of the new user.
///
/// The members have the rules of [`CreateUserRequest`](crate::CreateUserRequest).
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyEmailRequest {
    /// The token from the e-mail.
    pub token: Secret,
    /// 3 to 50 ASCII letters, digits and underscores ([`crate::Username`]).
    pub username: String,
    /// Mandatory for a sign-up.
    pub password: Option<Secret>,
    /// 1 to 100 characters, none of them a control character.
    pub first_name: String,
    /// 1 to 100 characters, none of them a control character.
    pub last_name: String,
    /// 0 to 150; absent or null is 0.
    pub age: Option<i64>,
    /// Absent or null is none.
    #[serde(deserialize_with = "object_or_null")]
    pub profile: Option<Profile>,
}

impl VerifyEmailRequest {
    /// Checks that the request has a token. Only the service knows what else the token needs.
    ///
    /// # Errors
    /// Returns an error if the token is missing or blank.
    pub fn validate(&self) -> Result<(), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        errors.check_token(&self.token);
        errors.into_result(())
    }
}

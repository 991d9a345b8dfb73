//! Signing in: the request and the answer.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::types::{
    EmailAddress, Password, PasswordPolicy, Secret, UserResponse, Username, ValidationErrors,
};

/// The body of `POST /api/auth/login`.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginRequest {
    /// User name or e-mail address, whatever its case.
    pub login: Secret,
    /// The password.
    pub password: Secret,
    /// Whether to be remembered by a cookie instead of a token, for browsers. Absent or null is `false`.
    pub cookie: Option<bool>,
    /// Whether the cookie outlasts the browser's session, as "stay signed in" promises. Absent or null is `false`.
    pub remember: Option<bool>,
    /// `device` of the last sign-in's answer: attempts of others do not count for this device. Browsers keep it in a
    /// cookie. One that is not known any more is ignored.
    pub device: Option<Secret>,
}

/// By what somebody wants to be known who signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// Something that could be a user name.
    Username(Username),
    /// Something that could be an address.
    Email(EmailAddress),
    /// Nobody can have this for a name or an address.
    Nobody,
}

impl LoginRequest {
    /// The longest `login`, in bytes; an address is shorter.
    pub const MAX_LOGIN: usize = 320;

    /// Reads both. What nobody can be called is no error: that answer would tell a name that cannot exist from one that
    /// does not. People type passwords into the wrong field, so `login` is treated like one.
    ///
    /// # Errors
    /// A member is missing, or longer than any that could be right.
    pub fn validate(&self, policy: &PasswordPolicy) -> Result<(Login, Password), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let login = self.login.expose().trim();
        errors.check(login.is_empty(), "login", "login cannot be empty");
        let long = login.len() > Self::MAX_LOGIN;
        errors.check(long, "login", format_args!("login cannot exceed {} bytes", Self::MAX_LOGIN));
        let aimless = self.remember == Some(true) && self.cookie != Some(true);
        errors.check(aimless, "remember", "remember needs cookie");
        let password = errors.password("password", policy.read(&self.password));
        errors.complete(password.map(|password| (Login::of(login), password)))
    }
}

impl Login {
    fn of(text: &str) -> Self {
        if text.contains('@') {
            EmailAddress::parse(text).map_or(Self::Nobody, Self::Email)
        } else {
            Username::parse(text).map_or(Self::Nobody, Self::Username)
        }
    }
}

/// The answer to a successful sign-in.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Serialize)]
pub struct LoginResponse {
    /// To be sent back as `Authorization: Bearer …`; absent if a cookie was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// To be sent with the next sign-in, as the member `device`; absent if a cookie was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// `Bearer` or `Cookie`.
    pub token_type: &'static str,
    /// When the session ends, whatever happens.
    pub expires_at: DateTime<Utc>,
    /// Who has signed in.
    pub user: UserResponse,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(text: &str) -> Result<Login, String> {
        let request = LoginRequest {
            login: Secret::from(text),
            password: Secret::from("tutorial-password"),
            ..LoginRequest::default()
        };
        let read = request.validate(&PasswordPolicy::default());
        read.map(|(login, _)| login).map_err(|errors| errors.to_string())
    }

    #[test]
    fn an_at_sign_makes_an_address() {
        assert_eq!(login(" Alice_Dev "), Ok(Login::Username(Username::parse("Alice_Dev").unwrap())));
        let address = EmailAddress::parse("Alice@Example.com").unwrap();
        assert_eq!(login("Alice@Example.com"), Ok(Login::Email(address)));
    }

    #[test]
    fn what_nobody_can_be_called_is_not_told_apart() {
        for text in ["a b", "no", "a@b", "пользователь", &"x".repeat(320)] {
            assert_eq!(login(text), Ok(Login::Nobody), "{text}");
        }
    }

    /// Security checklist: 35.
    #[test]
    fn what_is_missing_or_absurd_is_said() {
        assert_eq!(login(" "), Err("login cannot be empty".to_owned()));
        assert_eq!(login(&"x".repeat(321)), Err("login cannot exceed 320 bytes".to_owned()));
        let request = LoginRequest { login: Secret::from("alice"), ..LoginRequest::default() };
        let errors = request.validate(&PasswordPolicy::default()).unwrap_err();
        assert_eq!(errors.to_string(), "password cannot be empty");
        let request = LoginRequest { password: Secret::from("p".repeat(100_000)), ..request };
        let errors = request.validate(&PasswordPolicy::default()).unwrap_err();
        assert_eq!(errors.to_string(), "password cannot exceed 256 characters");
    }
}

//! Service keys: what programs present instead of a session.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    named_enum,
    types::{Password, PasswordPolicy, Secret, ValidationErrors, shows_nothing},
};

named_enum! {
    /// What a service key is good for.
    #[derive(Serialize)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[serde(into = "&'static str")]
    pub enum KeyScope {
        /// Asking whether a session token is valid, and of which user (RFC 7662).
        SessionsIntrospect = "sessions:introspect",
        /// Reading users with all that administrators see of them.
        UsersRead = "users:read",
        /// Changing names and profiles of users who are not administrators.
        UsersWrite = "users:write",
        /// Changing the `app_metadata` of users.
        AppMetadataWrite = "app_metadata:write",
    }
}

impl From<KeyScope> for &'static str {
    fn from(scope: KeyScope) -> Self {
        scope.as_str()
    }
}

/// The body of `POST /api/keys`.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct CreateKeyRequest {
    /// What administrators know the key by: 1 to 100 characters on one line. Names need not be unique.
    pub name: String,
    /// Names of [`KeyScope`]s, at least one.
    pub scopes: Vec<String>,
    /// The instant from which the key is dead; absent for a key without an end.
    pub expires_at: Option<DateTime<Utc>>,
    /// The password of the administrator: an open session alone creates no key, which would outlive it.
    pub password: Secret,
}

/// A key to be created, whose members are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidKey {
    /// Trimmed.
    pub name: String,
    /// Each once, in the order of declaration.
    pub scopes: Vec<KeyScope>,
    /// Later than `now`.
    pub expires_at: Option<DateTime<Utc>>,
}

impl CreateKeyRequest {
    /// The longest name of a key, in characters.
    const MAX_NAME: usize = 100;

    /// Reads what the key is to be. An operator at the command line gives no password.
    ///
    /// # Errors
    /// Every member that fails: a name that is blank or too long, an unknown scope or none, an expiry that is over.
    pub fn validate_key(&self, now: DateTime<Utc>) -> Result<ValidKey, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let key = self.check(now, &mut errors);
        errors.into_result(key)
    }

    /// Reads what the key is to be, and the password as it is.
    ///
    /// # Errors
    /// As [`Self::validate_key`]; or the password is missing, or longer than any that could be right.
    pub fn validate(
        &self,
        now: DateTime<Utc>,
        policy: &PasswordPolicy,
    ) -> Result<(ValidKey, Password), ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let key = self.check(now, &mut errors);
        let password = errors.password("password", policy.read(&self.password));
        errors.complete(password.map(|password| (key, password)))
    }

    fn check(&self, now: DateTime<Utc>, errors: &mut ValidationErrors) -> ValidKey {
        let name = self.name.trim();
        errors.check(shows_nothing(name), "name", "name cannot be empty");
        errors.check_line("name", "name", name, Self::MAX_NAME);
        errors.check(self.scopes.is_empty(), "scopes", "scopes cannot be empty");
        let known = KeyScope::ALL.map(KeyScope::as_str);
        let unknown = self.scopes.iter().any(|scope| !known.contains(&scope.as_str()));
        errors.check(unknown, "scopes", format_args!("scopes must be of {}", known.join(", ")));
        let over = self.expires_at.is_some_and(|at| at <= now);
        errors.check(over, "expires_at", "expires_at must be in the future");
        let asked = |scope: &KeyScope| self.scopes.iter().any(|name| name == scope.as_str());
        let scopes = KeyScope::ALL.into_iter().filter(asked).collect();
        ValidKey { name: name.to_owned(), scopes, expires_at: self.expires_at }
    }
}

/// A service key as administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyResponse {
    /// Its number, which is a part of the key: `dk_7_…`.
    pub id: i64,
    /// What administrators know it by.
    pub name: String,
    /// What it is good for.
    pub scopes: Vec<KeyScope>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The instant from which it is dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// The answer to `POST /api/keys`: the one time that the key is shown.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreatedKeyResponse {
    /// What lists show of it.
    #[serde(flatten)]
    pub shown: KeyResponse,
    /// The key: `dk_`, its number, `_`, and 64 hexadecimal digits.
    pub key: String,
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use serde_json::json;

    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn request(name: &str, scopes: &[&str]) -> CreateKeyRequest {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        CreateKeyRequest { name: name.to_owned(), scopes, ..CreateKeyRequest::default() }
    }

    fn reasons(request: &CreateKeyRequest) -> Vec<String> {
        request.validate_key(NOW).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_valid_key_has_each_scope_once() {
        let asked = request(" billing ", &["users:read", "sessions:introspect", "users:read"]);
        let expected = ValidKey {
            name: "billing".to_owned(),
            scopes: vec![KeyScope::SessionsIntrospect, KeyScope::UsersRead],
            expires_at: None,
        };
        assert_eq!(asked.validate_key(NOW), Ok(expected));
        assert_eq!(json!(KeyScope::ALL), json!(KeyScope::ALL.map(KeyScope::as_str)));
    }

    #[test]
    fn every_member_that_fails_is_named() {
        let known = "sessions:introspect, users:read, users:write, app_metadata:write";
        let mut wrong = request("\u{200b}", &["users:read", "admin"]);
        wrong.expires_at = Some(NOW);
        assert_eq!(
            reasons(&wrong),
            [
                "name cannot be empty",
                &format!("scopes must be of {known}"),
                "expires_at must be in the future"
            ]
        );
        assert_eq!(
            reasons(&request("a\nb", &[])),
            ["name cannot contain control characters", "scopes cannot be empty"]
        );
        assert_eq!(
            reasons(&request(&"n".repeat(101), &["users:read"])),
            ["name cannot exceed 100 characters"]
        );
        let later = CreateKeyRequest {
            expires_at: Some(NOW + Duration::microseconds(1)),
            ..request("a", &["users:read"])
        };
        assert!(later.validate_key(NOW).is_ok());
    }

    #[test]
    fn a_key_from_a_client_takes_a_password() {
        let errors = request("a", &["users:read"]).validate(NOW, &PasswordPolicy::default()).unwrap_err();
        assert_eq!(errors.to_string(), "password cannot be empty");
    }
}

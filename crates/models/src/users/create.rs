//! Creating a user.

use chrono::{DateTime, Datelike as _, Utc};
use serde::Deserialize;

use crate::{
    types::{
        DEFAULT_ROLE, Metadata, Password, PasswordPolicy, Profile, Secret, UserValues, ValidationErrors,
        object_or_null,
    },
    users::update::UpdateUserRequest,
};

/// The body of `POST /api/users`.
///
/// A name that is left out is an empty name, so that one sentence serves both. `id`, `created_at` and `updated_at`
/// are accepted as long as they say nothing (null, 0, the year 1): clients that post back a blank user keep working.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CreateUserRequest {
    /// Absent, null or 0.
    pub id: Option<i64>,
    /// 3 to 50 ASCII letters, digits and underscores ([`crate::Username`]).
    pub username: String,
    /// An e-mail address ([`crate::EmailAddress`]).
    pub email: String,
    /// 1 to 100 characters, none of them a control character.
    pub first_name: String,
    /// 1 to 100 characters, none of them a control character.
    pub last_name: String,
    /// 0 to 150; absent or null is 0.
    pub age: Option<i64>,
    /// Absent or null is `true`.
    pub active: Option<bool>,
    /// Absent or null is `false`.
    pub email_verified: Option<bool>,
    /// At least one; absent or null is `["user"]`.
    pub roles: Option<Vec<String>>,
    /// Absent or null is none.
    #[serde(deserialize_with = "object_or_null")]
    pub profile: Option<Profile>,
    /// Absent or null is none.
    pub user_metadata: Option<Metadata>,
    /// Absent or null is none.
    pub app_metadata: Option<Metadata>,
    /// Absent: the user cannot sign in until a password is set.
    pub password: Option<Secret>,
    /// Absent, null or the year 1.
    pub created_at: Option<DateTime<Utc>>,
    /// Absent, null or the year 1.
    pub updated_at: Option<DateTime<Utc>>,
}

/// A user that may be stored.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// What is set on it.
    pub values: UserValues,
    /// The first password, if one was given.
    pub password: Option<Password>,
}

impl CreateUserRequest {
    /// Turns the request into a user that may be stored once the password has been found strong enough.
    ///
    /// Judges only the length of the password. Its strength takes too long for the thread of a request, so the service
    /// judges it when nothing else is wrong.
    ///
    /// # Errors
    /// Every failing member.
    pub fn validate(&self, policy: &PasswordPolicy) -> Result<NewUser, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let email_verified = self.email_verified.unwrap_or(false);
        let values = self.members().values(&[DEFAULT_ROLE.to_owned()], true, &mut errors);
        let values = values.map(|values| UserValues { email_verified, ..values });
        let password = self.password.as_ref();
        let password = password.and_then(|secret| errors.password("password", policy.check_length(secret)));
        errors.check(self.id.is_some_and(|id| id != 0), "id", "ID must be zero for new user");
        for (field, time) in [("created_at", self.created_at), ("updated_at", self.updated_at)] {
            let given = time.is_some_and(|time| time.year() > 1);
            errors.check(given, field, format_args!("{field} must be zero for new user"));
        }
        errors.complete(values.map(|values| NewUser { values, password }))
    }

    /// What has the same rules in a replacement.
    fn members(&self) -> UpdateUserRequest {
        UpdateUserRequest {
            username: self.username.clone(),
            email: self.email.clone(),
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            age: self.age,
            active: self.active,
            roles: self.roles.clone(),
            profile: self.profile.clone(),
            user_metadata: self.user_metadata.clone(),
            app_metadata: self.app_metadata.clone(),
            ..UpdateUserRequest::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    fn valid() -> CreateUserRequest {
        CreateUserRequest {
            username: "new_user".to_owned(),
            email: "new@example.com".to_owned(),
            first_name: "New".to_owned(),
            last_name: "User".to_owned(),
            ..CreateUserRequest::default()
        }
    }

    fn failures(request: &CreateUserRequest) -> Vec<String> {
        let errors = request.validate(&PasswordPolicy::default()).unwrap_err();
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let NewUser { values, password } = valid().validate(&PasswordPolicy::default()).unwrap();
        assert_eq!((values.age, values.active, values.email_verified), (0, true, false));
        assert_eq!(values.roles, ["user"]);
        assert!(values.profile.is_none() && password.is_none());
    }

    #[test]
    fn every_failing_member_is_reported_in_order() {
        let request = CreateUserRequest {
            username: " ".to_owned(),
            email: "a@b".to_owned(),
            first_name: "a\0b".to_owned(),
            last_name: "я".repeat(101),
            age: Some(151),
            roles: Some(vec!["user".to_owned(), " ".to_owned()]),
            profile: Some(Profile { experience: 101, ..Profile::default() }),
            password: Some(Secret::from("short")),
            id: Some(7),
            created_at: Some(Utc.timestamp_nanos(0)),
            ..valid()
        };
        let expected = [
            "username: username cannot be empty",
            "email: invalid email format",
            "first_name: first name cannot contain control characters",
            "last_name: last name cannot exceed 100 characters",
            "age: age cannot exceed 150",
            "roles: role cannot be empty",
            "profile.experience: experience cannot exceed 100 years",
            "password: password must be at least 8 characters long",
            "id: ID must be zero for new user",
            "created_at: created_at must be zero for new user",
        ];
        assert_eq!(failures(&request), expected);
    }

    #[test]
    fn names_are_counted_in_characters() {
        let request = CreateUserRequest { last_name: "я".repeat(100), ..valid() };
        assert!(request.validate(&PasswordPolicy::default()).is_ok());
        let request = CreateUserRequest { first_name: "x".repeat(10_000), ..valid() };
        assert_eq!(failures(&request), ["first_name: first name cannot exceed 100 characters"]);
    }

    #[test]
    fn roles_are_kept_in_order_without_repetition() {
        let roles = ["b", "a", "b"].map(str::to_owned).to_vec();
        let request = CreateUserRequest { roles: Some(roles), ..valid() };
        assert_eq!(request.validate(&PasswordPolicy::default()).unwrap().values.roles, ["b", "a"]);
        let request = CreateUserRequest { roles: Some(Vec::new()), ..valid() };
        assert_eq!(failures(&request), ["roles: user must have at least one role"]);
    }

    #[test]
    fn a_body_full_of_roles_is_not_compared_role_by_role() {
        let roles = (0..150_000).map(|number| number.to_string()).collect();
        let request = CreateUserRequest { roles: Some(roles), ..valid() };
        assert_eq!(failures(&request), ["roles: user cannot have more than 20 roles"]);
    }

    #[test]
    fn zero_id_and_year_one_say_nothing() {
        let zero = DateTime::parse_from_rfc3339("0001-01-01T00:00:00Z").unwrap().to_utc();
        let request =
            CreateUserRequest { id: Some(0), created_at: Some(zero), updated_at: Some(zero), ..valid() };
        assert!(request.validate(&PasswordPolicy::default()).is_ok());
    }
}

//! Creating and replacing users: the requests, and what makes them valid.

use chrono::{DateTime, Datelike as _, Utc};
use serde::Deserialize;

use crate::types::{
    email::EmailAddress,
    object::object_or_null,
    password::{Password, PasswordPolicy},
    profile::Profile,
    secret::Secret,
    user::{DEFAULT_ROLE, User, UserValues},
    username::Username,
    validation::{ValidationErrors, has_control, shows_nothing},
};

/// The body of `POST /api/users`.
///
/// A name that is left out is an empty name, so that one sentence serves both. `id`, `created_at` and `updated_at`
/// are accepted as long as they say nothing (null, 0, the year 1): clients that post back a blank user keep working.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CreateUserRequest {
    /// Absent, null or 0.
    pub id: Option<i64>,
    /// See [`Username`].
    pub username: String,
    /// See [`EmailAddress`].
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
    /// Of the password, only the length is judged here. The rest, [`Password::check_strength`], takes too long for the
    /// thread of a request, and needs the values that exist only when nothing fails here: so a weak password is
    /// reported when nothing else is wrong.
    ///
    /// # Errors
    /// Every failing member.
    pub fn validate(&self, policy: &PasswordPolicy) -> Result<NewUser, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let default_roles = [DEFAULT_ROLE.to_owned()];
        let members = Members {
            username: &self.username,
            email: &self.email,
            first_name: &self.first_name,
            last_name: &self.last_name,
            age: self.age.unwrap_or(0),
            roles: self.roles.as_deref().unwrap_or(&default_roles),
            profile: self.profile.as_ref(),
        };
        let values = members.validate(&mut errors).map(|values| UserValues {
            active: self.active.unwrap_or(true),
            email_verified: self.email_verified.unwrap_or(false),
            ..values
        });
        let password = self.password.as_ref().and_then(|secret| {
            policy
                .check_length(secret)
                .map_err(|reason| errors.add("password", format!("password {reason}")))
                .ok()
        });
        errors.check(self.id.is_some_and(|id| id != 0), "id", "ID must be zero for new user");
        for (field, time) in [("created_at", self.created_at), ("updated_at", self.updated_at)] {
            let given = time.is_some_and(|time| time.year() > 1);
            errors.check(given, field, format_args!("{field} must be zero for new user"));
        }
        match values {
            Some(values) => errors.into_result(NewUser { values, password }),
            None => Err(errors),
        }
    }
}

/// The body of `PUT /api/users/{id}`: replaces the members that can be edited.
///
/// `active` and `roles` stay as they are when left out. What the server sets (`id`, `email_verified`, `created_at`,
/// `updated_at`) may be sent back as it was received, so that the answer of a GET is a valid PUT.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateUserRequest {
    /// Absent, null or the id in the path.
    pub id: Option<i64>,
    /// See [`Username`].
    pub username: String,
    /// See [`EmailAddress`].
    pub email: String,
    /// 1 to 100 characters, none of them a control character.
    pub first_name: String,
    /// 1 to 100 characters, none of them a control character.
    pub last_name: String,
    /// 0 to 150; absent or null is 0.
    pub age: Option<i64>,
    /// Absent or null keeps it.
    pub active: Option<bool>,
    /// Absent, null or as it is.
    pub email_verified: Option<bool>,
    /// At least one; absent or null keeps them.
    pub roles: Option<Vec<String>>,
    /// Absent or null removes it.
    #[serde(deserialize_with = "object_or_null")]
    pub profile: Option<Profile>,
    /// Absent, null or as it is.
    pub created_at: Option<DateTime<Utc>>,
    /// Absent, null or as it is.
    pub updated_at: Option<DateTime<Utc>>,
}

impl UpdateUserRequest {
    /// The values that replace those of `current`.
    ///
    /// # Errors
    /// Every failing member.
    pub fn validate(&self, current: &User) -> Result<UserValues, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let members = Members {
            username: &self.username,
            email: &self.email,
            first_name: &self.first_name,
            last_name: &self.last_name,
            age: self.age.unwrap_or(0),
            roles: self.roles.as_deref().unwrap_or(&current.values.roles),
            profile: self.profile.as_ref(),
        };
        let values = members.validate(&mut errors).map(|values| UserValues {
            active: self.active.unwrap_or(current.values.active),
            // Nobody has shown yet that a new address is theirs.
            email_verified: current.values.email_verified && values.email.key() == current.values.email.key(),
            ..values
        });
        let fixed = [
            ("id", self.id.is_some_and(|id| id != current.id.get())),
            (
                "email_verified",
                self.email_verified.is_some_and(|verified| verified != current.values.email_verified),
            ),
            ("created_at", self.created_at.is_some_and(|time| time != current.created_at)),
            ("updated_at", self.updated_at.is_some_and(|time| time != current.updated_at)),
        ];
        for (field, changed) in fixed {
            errors.check(changed, field, format_args!("{field} cannot be changed"));
        }
        match values {
            Some(values) => errors.into_result(values),
            None => Err(errors),
        }
    }
}

/// The members that both requests have in common, with the rules of the wire contract in its order.
struct Members<'a> {
    username: &'a str,
    email: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    age: i64,
    roles: &'a [String],
    profile: Option<&'a Profile>,
}

impl Members<'_> {
    const MAX_NAME: usize = 100;
    const MAX_ROLES: usize = 20;
    const MAX_ROLE: usize = 50;

    fn validate(&self, errors: &mut ValidationErrors) -> Option<UserValues> {
        let username =
            Username::parse(self.username).map_err(|error| errors.add("username", error.to_string())).ok();
        let email =
            EmailAddress::parse(self.email).map_err(|error| errors.add("email", error.to_string())).ok();
        let names =
            [("first_name", "first name", self.first_name), ("last_name", "last name", self.last_name)];
        for (field, name, text) in names {
            errors.check(shows_nothing(text), field, format_args!("{name} cannot be empty"));
        }
        for (field, name, text) in names {
            errors.check_line(field, name, text, Self::MAX_NAME);
        }
        errors.check(self.age < 0, "age", "age cannot be negative");
        errors.check(self.age > 150, "age", "age cannot exceed 150");
        self.validate_roles(errors);
        if let Some(profile) = self.profile {
            profile.validate(errors);
        }
        let mut roles: Vec<String> = Vec::new();
        // More are refused anyway, and a body can hold so many that comparing each with each takes minutes.
        for role in self.roles.iter().take(Self::MAX_ROLES) {
            if !roles.contains(role) {
                roles.push(role.clone());
            }
        }
        Some(UserValues {
            username: username?,
            email: email?,
            first_name: self.first_name.to_owned(),
            last_name: self.last_name.to_owned(),
            age: u8::try_from(self.age).ok()?,
            active: true,
            email_verified: false,
            roles,
            profile: self.profile.cloned(),
        })
    }

    fn validate_roles(&self, errors: &mut ValidationErrors) {
        errors.check(self.roles.is_empty(), "roles", "user must have at least one role");
        errors.check(self.roles.iter().any(|role| shows_nothing(role)), "roles", "role cannot be empty");
        let many = self.roles.len() > Self::MAX_ROLES;
        errors.check(many, "roles", format_args!("user cannot have more than {} roles", Self::MAX_ROLES));
        let long = self.roles.iter().any(|role| role.chars().count() > Self::MAX_ROLE);
        errors.check(long, "roles", format_args!("role cannot exceed {} characters", Self::MAX_ROLE));
        let control = self.roles.iter().any(|role| has_control(role));
        errors.check(control, "roles", "role cannot contain control characters");
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;
    use crate::types::user::UserId;

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
    fn the_strength_of_a_password_is_judged_when_all_else_is_valid() {
        let request = CreateUserRequest { password: Some(Secret::from("resu_wen")), ..valid() };
        let NewUser { values, password } = request.validate(&PasswordPolicy::default()).unwrap();
        let judged = password.unwrap().check_strength(&values);
        assert_eq!(judged.unwrap_err(), "cannot be your own name or address");
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

    fn stored() -> User {
        let mut values = valid().validate(&PasswordPolicy::default()).unwrap().values;
        values.email_verified = true;
        values.active = false;
        values.roles = vec!["admin".to_owned()];
        let created_at = Utc.timestamp_nanos(1_700_000_000_123_456_000);
        User {
            id: UserId::new(6),
            values,
            created_at,
            updated_at: created_at,
            revision: 1,
            security_version: 1,
        }
    }

    fn replacement() -> UpdateUserRequest {
        let CreateUserRequest { username, email, first_name, last_name, .. } = valid();
        UpdateUserRequest { username, email, first_name, last_name, ..UpdateUserRequest::default() }
    }

    #[test]
    fn an_update_keeps_roles_and_status_when_left_out() {
        let values = replacement().validate(&stored()).unwrap();
        assert_eq!((values.active, values.email_verified), (false, true));
        assert_eq!(values.roles, ["admin"]);
    }

    #[test]
    fn a_new_address_is_not_verified_but_another_case_is() {
        let request = UpdateUserRequest { email: "other@example.com".to_owned(), ..replacement() };
        assert!(!request.validate(&stored()).unwrap().email_verified);
        let request = UpdateUserRequest { email: "NEW@example.com".to_owned(), ..replacement() };
        assert!(request.validate(&stored()).unwrap().email_verified);
    }

    #[test]
    fn what_the_server_sets_may_be_sent_back_but_not_changed() {
        let user = stored();
        let request = UpdateUserRequest {
            id: Some(6),
            email_verified: Some(true),
            created_at: Some(user.created_at),
            updated_at: Some(user.updated_at),
            ..replacement()
        };
        assert!(request.validate(&user).is_ok());
        let request = UpdateUserRequest { id: Some(77), email_verified: Some(false), ..request };
        let errors = request.validate(&user).unwrap_err();
        assert_eq!(errors.to_string(), "id cannot be changed");
        assert_eq!(errors.iter().count(), 2);
    }
}

//! Replacing a user, and the rules of its members.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::types::{
    EmailAddress, Metadata, Profile, User, UserValues, Username, ValidationErrors, has_control,
    object_or_null, shows_nothing,
};

const MAX_NAME: usize = 100;
const MAX_ROLES: usize = 20;
const MAX_ROLE: usize = 50;

/// The body of `PUT /api/users/{id}`: replaces the members that can be edited.
///
/// `active` and `roles` stay as they are when left out. What the server sets (`id`, `email_verified`, `created_at`,
/// `updated_at`) may be sent back as it was received, so that the answer of a GET is a valid PUT.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpdateUserRequest {
    /// Absent, null or the id in the path.
    pub id: Option<i64>,
    /// 3 to 50 ASCII letters, digits and underscores ([`Username`]).
    pub username: String,
    /// An e-mail address ([`EmailAddress`]).
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
    /// Absent or null keeps it; an object replaces it.
    pub user_metadata: Option<Metadata>,
    /// As `user_metadata`; administrators only.
    pub app_metadata: Option<Metadata>,
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
        let values = self.values(&current.values.roles, current.values.active, &mut errors);
        let values = values.map(|values| UserValues {
            // A new e-mail address is not verified yet.
            email_verified: current.values.email_verified && values.email.key() == current.values.email.key(),
            user_metadata: kept(&self.user_metadata, &current.values.user_metadata),
            app_metadata: kept(&self.app_metadata, &current.values.app_metadata),
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
        errors.complete(values)
    }

    /// The values that the request asks for, by the rules of the wire contract in its order. `roles` and `active` are
    /// those of a request that leaves them out.
    pub(super) fn values(
        &self,
        roles: &[String],
        active: bool,
        errors: &mut ValidationErrors,
    ) -> Option<UserValues> {
        let (age, roles) = (self.age.unwrap_or(0), self.roles.as_deref().unwrap_or(roles));
        let username = errors.value("username", Username::parse(&self.username));
        let email = errors.value("email", EmailAddress::parse(&self.email));
        let names =
            [("first_name", "first name", &self.first_name), ("last_name", "last name", &self.last_name)];
        for (field, name, text) in names {
            errors.check(shows_nothing(text), field, format_args!("{name} cannot be empty"));
        }
        for (field, name, text) in names {
            errors.check_line(field, name, text, MAX_NAME);
        }
        errors.check(age < 0, "age", "age cannot be negative");
        errors.check(age > 150, "age", "age cannot exceed 150");
        check_roles(roles, errors);
        if let Some(profile) = &self.profile {
            profile.validate(errors);
        }
        let metadata = [("user_metadata", &self.user_metadata), ("app_metadata", &self.app_metadata)];
        for (field, metadata) in metadata {
            metadata.iter().for_each(|metadata| metadata.validate(field, errors));
        }
        let mut distinct: Vec<String> = Vec::new();
        // More are refused anyway, and a body can hold so many that comparing each with each takes minutes.
        for role in roles.iter().take(MAX_ROLES) {
            if !distinct.contains(role) {
                distinct.push(role.clone());
            }
        }
        Some(UserValues {
            username: username?,
            email: email?,
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            age: u8::try_from(age).ok()?,
            active: self.active.unwrap_or(active),
            email_verified: false,
            roles: distinct,
            profile: self.profile.clone(),
            user_metadata: self.user_metadata.clone().unwrap_or_default(),
            app_metadata: self.app_metadata.clone().unwrap_or_default(),
        })
    }
}

fn kept(given: &Option<Metadata>, current: &Metadata) -> Metadata {
    given.as_ref().unwrap_or(current).clone()
}

fn check_roles(roles: &[String], errors: &mut ValidationErrors) {
    errors.check(roles.is_empty(), "roles", "user must have at least one role");
    errors.check(roles.iter().any(|role| shows_nothing(role)), "roles", "role cannot be empty");
    let many = roles.len() > MAX_ROLES;
    errors.check(many, "roles", format_args!("user cannot have more than {} roles", MAX_ROLES));
    let long = roles.iter().any(|role| role.chars().count() > MAX_ROLE);
    errors.check(long, "roles", format_args!("role cannot exceed {} characters", MAX_ROLE));
    let control = roles.iter().any(|role| has_control(role));
    errors.check(control, "roles", "role cannot contain control characters");
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;
    use crate::types::user::UserId;

    fn replacement() -> UpdateUserRequest {
        UpdateUserRequest {
            username: "new_user".to_owned(),
            email: "new@example.com".to_owned(),
            first_name: "New".to_owned(),
            last_name: "User".to_owned(),
            ..UpdateUserRequest::default()
        }
    }

    fn stored() -> User {
        let values = replacement().values(&["admin".to_owned()], false, &mut ValidationErrors::new());
        let created_at = Utc.timestamp_nanos(1_700_000_000_123_456_000);
        User {
            id: UserId::new(6),
            values: UserValues { email_verified: true, ..values.unwrap() },
            created_at,
            updated_at: created_at,
            revision: 1,
            security_version: 1,
        }
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

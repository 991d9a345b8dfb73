//! Changing some members of a user: JSON Merge Patch (RFC 7396).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use crate::{
    types::{Metadata, Patch, ProfilePatch, User, UserValues, ValidationErrors, object_or_null},
    users::update::UpdateUserRequest,
};

/// The body of `PATCH /api/users/{id}`: the members of a replacement, all of which may be left out.
///
/// What comes out is held to the same rules as a replacement, as a whole. A name or an address that is null is
/// empty, and refused as that. What the server sets (`id`, `email_verified`, `created_at`, `updated_at`) may be there
/// if it is as it was received.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatchUserRequest {
    /// The id in the path.
    pub id: Patch<i64>,
    /// 3 to 50 ASCII letters, digits and underscores ([`crate::Username`]).
    pub username: Patch<String>,
    /// An e-mail address ([`crate::EmailAddress`]).
    pub email: Patch<String>,
    /// 1 to 100 characters, none of them a control character.
    pub first_name: Patch<String>,
    /// 1 to 100 characters, none of them a control character.
    pub last_name: Patch<String>,
    /// 0 to 150; null is 0.
    pub age: Patch<i64>,
    /// Not null.
    pub active: Patch<bool>,
    /// As it is.
    pub email_verified: Patch<bool>,
    /// At least one; replaced as a whole.
    pub roles: Patch<Vec<String>>,
    /// Null removes it; of an object, each member is a patch of its own.
    #[serde(deserialize_with = "object_patch")]
    pub profile: Patch<ProfilePatch>,
    /// Null empties it; an object is a patch of its own, at every depth.
    pub user_metadata: Patch<Metadata>,
    /// As `user_metadata`; administrators only.
    pub app_metadata: Patch<Metadata>,
    /// As it is.
    pub created_at: Patch<DateTime<Utc>>,
    /// As it is.
    pub updated_at: Patch<DateTime<Utc>>,
}

fn object_patch<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Patch<T>, D::Error> {
    object_or_null(deserializer).map(Patch::from)
}

impl PatchUserRequest {
    /// The values that replace those of `current`.
    ///
    /// # Errors
    /// Every failing member, also of those that the request leaves as they are.
    pub fn validate(&self, current: &User) -> Result<UserValues, ValidationErrors> {
        let (values, mut errors) = match self.merged(current).validate(current) {
            Ok(values) => (Some(values), ValidationErrors::new()),
            Err(errors) => (None, errors),
        };
        let lasting = [
            ("active", self.active == Patch::Remove),
            ("id", self.id == Patch::Remove),
            ("email_verified", self.email_verified == Patch::Remove),
            ("created_at", self.created_at == Patch::Remove),
            ("updated_at", self.updated_at == Patch::Remove),
        ];
        for (field, removed) in lasting {
            errors.check(removed, field, format_args!("{field} cannot be removed"));
        }
        errors.complete(values)
    }

    /// The replacement that comes to the same.
    fn merged(&self, current: &User) -> UpdateUserRequest {
        let values = current.values.clone();
        UpdateUserRequest {
            id: self.id.new_value(),
            username: self.username.over(values.username.to_string()),
            email: self.email.over(values.email.to_string()),
            first_name: self.first_name.over(values.first_name),
            last_name: self.last_name.over(values.last_name),
            age: Some(self.age.over(values.age.into())),
            active: Some(self.active.over(values.active)),
            email_verified: self.email_verified.new_value(),
            roles: Some(self.roles.over(values.roles)),
            profile: match &self.profile {
                Patch::Keep => values.profile,
                Patch::Remove => None,
                Patch::Set(patch) => Some(patch.over(values.profile.unwrap_or_default())),
            },
            user_metadata: patched(&self.user_metadata, values.user_metadata),
            app_metadata: patched(&self.app_metadata, values.app_metadata),
            created_at: self.created_at.new_value(),
            updated_at: self.updated_at.new_value(),
        }
    }
}

/// What replaces `current`, if anything does.
fn patched(patch: &Patch<Metadata>, current: Metadata) -> Option<Metadata> {
    match patch {
        Patch::Keep => None,
        Patch::Remove => Some(Metadata::default()),
        Patch::Set(patch) => Some(current.merged(patch)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::types::{email::EmailAddress, profile::Profile, user::UserId, username::Username};

    fn alice() -> User {
        let profile =
            Profile { bio: "Hello.".to_owned(), skills: vec!["Go".to_owned()], ..Profile::default() };
        User {
            id: UserId::new(7),
            values: UserValues {
                username: Username::parse("Alice").unwrap(),
                email: EmailAddress::parse("Alice@example.com").unwrap(),
                first_name: "Alice".to_owned(),
                last_name: "Liddell".to_owned(),
                age: 30,
                active: false,
                email_verified: true,
                roles: vec!["admin".to_owned(), "user".to_owned()],
                profile: Some(Profile { experience: 3, ..profile }),
                user_metadata: serde_json::from_value(json!({ "theme": "dark", "seen": [1] })).unwrap(),
                app_metadata: Metadata::default(),
            },
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            revision: 3,
            security_version: 1,
        }
    }

    fn patched(body: serde_json::Value) -> Result<UserValues, String> {
        let request: PatchUserRequest = serde_json::from_value(body).map_err(|error| error.to_string())?;
        let listed = |errors: ValidationErrors| {
            let all: Vec<_> =
                errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
            all.join("; ")
        };
        request.validate(&alice()).map_err(listed)
    }

    #[test]
    fn absent_null_and_given_are_three_things() {
        let request: PatchUserRequest =
            serde_json::from_value(json!({ "age": null, "username": "x" })).unwrap();
        assert_eq!(request.age, Patch::Remove);
        assert_eq!(request.username, Patch::Set("x".to_owned()));
        assert_eq!(
            request,
            PatchUserRequest {
                age: request.age,
                username: request.username.clone(),
                ..PatchUserRequest::default()
            }
        );
    }

    #[test]
    fn an_empty_patch_changes_nothing() {
        assert_eq!(patched(json!({})), Ok(alice().values));
        assert_eq!(patched(json!({ "profile": {} })), Ok(alice().values));
    }

    #[test]
    fn given_members_are_replaced_one_by_one() {
        let mut expected = alice().values;
        expected.username = Username::parse("Alicia").unwrap();
        assert_eq!(patched(json!({ "username": "Alicia" })), Ok(expected));
        let mut expected = alice().values;
        (expected.first_name, expected.last_name) = ("A".to_owned(), "B".to_owned());
        (expected.age, expected.active, expected.roles) = (31, true, vec!["user".to_owned()]);
        let body = json!({ "first_name": "A", "last_name": "B", "age": 31, "active": true, "roles": ["user", "user"] });
        assert_eq!(patched(body), Ok(expected));
    }

    #[test]
    fn a_new_address_is_not_verified() {
        let values = patched(json!({ "email": "other@example.com" })).unwrap();
        assert_eq!((values.email.as_str(), values.email_verified), ("other@example.com", false));
    }

    #[test]
    fn null_removes_what_is_optional() {
        let expected = UserValues { age: 0, profile: None, ..alice().values };
        assert_eq!(patched(json!({ "age": null, "profile": null })), Ok(expected));
    }

    #[test]
    fn a_profile_is_merged_member_by_member() {
        let old = alice().values.profile.unwrap();
        let body = json!({ "profile": { "bio": "Bye.", "skills": null, "experience": null, "interests": ["Rust"] } });
        let expected = Profile {
            bio: "Bye.".to_owned(),
            skills: Vec::new(),
            experience: 0,
            interests: vec!["Rust".to_owned()],
            ..old
        };
        assert_eq!(patched(body).unwrap().profile, Some(expected));
    }

    #[test]
    fn metadata_is_merged_at_every_depth() {
        let patch =
            json!({ "user_metadata": { "seen": null, "size": { "w": 1 } }, "app_metadata": { "plan": "x" } });
        let values = patched(patch).unwrap();
        assert_eq!(json!(values.user_metadata), json!({ "theme": "dark", "size": { "w": 1 } }));
        assert_eq!(json!(values.app_metadata), json!({ "plan": "x" }));
        let values = patched(json!({ "user_metadata": null })).unwrap();
        assert!(values.user_metadata.is_empty() && values.app_metadata.is_empty());
        let long = json!({ "app_metadata": { "a": "x".repeat(8 * 1024) } });
        let expected = "app_metadata: app_metadata cannot exceed 8192 bytes of JSON";
        assert_eq!(patched(long), Err(expected.to_owned()));
    }

    #[test]
    fn a_profile_that_is_not_there_begins_empty() {
        let mut user = alice();
        user.values.profile = None;
        let patch =
            |body| serde_json::from_value::<PatchUserRequest>(body).unwrap().validate(&user).unwrap().profile;
        assert_eq!(patch(json!({ "profile": {} })), Some(Profile::default()));
        let expected = Profile { website: "https://a.example".to_owned(), ..Profile::default() };
        assert_eq!(
            patch(json!({ "profile": { "website": "https://a.example", "bio": null } })),
            Some(expected)
        );
        assert_eq!(patch(json!({ "profile": null })), None);
    }

    #[test]
    fn null_is_refused_where_a_value_must_be() {
        let body = json!({
            "username": null, "email": null, "first_name": null, "last_name": null, "roles": null, "active": null,
            "id": null, "email_verified": null, "created_at": null, "updated_at": null,
        });
        let expected = [
            "username: username cannot be empty",
            "email: email cannot be empty",
            "first_name: first name cannot be empty",
            "last_name: last name cannot be empty",
            "roles: user must have at least one role",
            "active: active cannot be removed",
            "id: id cannot be removed",
            "email_verified: email_verified cannot be removed",
            "created_at: created_at cannot be removed",
            "updated_at: updated_at cannot be removed",
        ];
        assert_eq!(patched(body), Err(expected.join("; ")));
    }

    #[test]
    fn what_the_server_sets_may_be_there_as_it_is() {
        let time = "1970-01-01T00:00:00Z";
        let body = json!({ "id": 7, "email_verified": true, "created_at": time, "updated_at": time });
        assert_eq!(patched(body), Ok(alice().values));
        let time = "1970-01-01T00:00:01Z";
        let body = json!({ "id": 8, "email_verified": false, "created_at": time, "updated_at": time });
        let expected = "id: id cannot be changed; email_verified: email_verified cannot be changed; \
                        created_at: created_at cannot be changed; updated_at: updated_at cannot be changed";
        assert_eq!(patched(body), Err(expected.to_owned()));
    }

    #[test]
    fn what_comes_out_is_valid_as_a_whole() {
        let expected = "profile.experience: experience cannot exceed 100 years";
        assert_eq!(patched(json!({ "profile": { "experience": 101 } })), Err(expected.to_owned()));
        let expected = "first_name: first name cannot be empty; age: age cannot exceed 150";
        assert_eq!(patched(json!({ "age": 151, "first_name": " " })), Err(expected.to_owned()));
    }

    #[test]
    fn unknown_members_and_arrays_are_no_patch() {
        for (body, reason) in [
            (json!({ "password": "x" }), "unknown field `password`"),
            (json!({ "profile": { "motto": "" } }), "unknown field `motto`"),
            (json!({ "profile": [] }), "invalid type: sequence, expected an object"),
            (json!({ "age": "1" }), "invalid type: string \"1\", expected i64"),
            (json!({ "roles": [null] }), "invalid type: null, expected a string"),
        ] {
            let error = patched(body).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
    }
}

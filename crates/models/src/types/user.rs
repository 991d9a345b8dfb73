//! The user: as the service keeps it, and as a client sees it.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::types::{email::EmailAddress, metadata::Metadata, profile::Profile, username::Username};

/// The role that may do everything.
pub const ADMIN_ROLE: &str = "admin";
/// The role of a user for whom none is named.
pub const DEFAULT_ROLE: &str = "user";

/// A user's number: positive, given by the store in growing order, never given twice.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(i64);

impl UserId {
    /// Wraps a number that a store gave.
    #[must_use]
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// Reads an id as it stands in a path: decimal digits without sign, blanks or leading zeros, from 1 to `i64::MAX`.
    ///
    /// One user has one address: `01`, `+1` and `%31` are not ids.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        if canonical { text.parse().ok().map(Self) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What can be set on a user, valid by construction except for lengths, which the requests check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserValues {
    /// Unique without regard to case.
    pub username: Username,
    /// Unique without regard to case.
    pub email: EmailAddress,
    /// 1 to 100 characters.
    pub first_name: String,
    /// 1 to 100 characters.
    pub last_name: String,
    /// 0 to 150; 0 where it was not given.
    pub age: u8,
    /// Whether the user may use the service.
    pub active: bool,
    /// Whether the user has shown that mail to `email` reaches them.
    pub email_verified: bool,
    /// At least one, in the order given, without repetition.
    pub roles: Vec<String>,
    /// What the user says about themselves.
    pub profile: Option<Profile>,
    /// Data of applications that the user may write, too.
    pub user_metadata: Metadata,
    /// Data of applications that the user may only read.
    pub app_metadata: Metadata,
}

/// A user as a store returns it. Its password is not in here: nothing that carries a `User` can leak a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The number in `/api/users/{id}`.
    pub id: UserId,
    /// What can be set.
    pub values: UserValues,
    /// When it was created (microseconds).
    pub created_at: DateTime<Utc>,
    /// When anything about it last changed (microseconds).
    pub updated_at: DateTime<Utc>,
    /// Grows with every change of the row.
    pub revision: i64,
    /// Grows with every change of password, e-mail, status or role. A decision made on an earlier reading carries it.
    pub security_version: i64,
}

impl User {
    /// Whether the user may act as administrator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.values.roles.iter().any(|role| role == ADMIN_ROLE)
    }

    /// The name of exactly this state of this user: letters, digits and hyphens, of no meaning to anybody else.
    ///
    /// No other state has it. The revision alone would do, were it not for a store that is set back to a backup: it
    /// counts on from there, over numbers that it has given before.
    #[must_use]
    pub fn tag(&self) -> String {
        format!("{}-{}-{:x}", self.id, self.revision, self.updated_at.timestamp_micros())
    }
}

/// A user as a client sees it: everything to the user and to administrators, and names alone to other members.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserResponse {
    /// The number in `/api/users/{id}`.
    pub id: UserId,
    /// The user name as typed.
    pub username: String,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Age in years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<u8>,
    /// Whether the user may use the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether the address is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// When it was created (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<DateTime<Utc>>,
    /// When anything about it last changed (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<DateTime<Utc>>,
    /// At least one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Data of applications that the user may write, too; left out where it is empty, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_metadata: Option<Metadata>,
    /// Data of applications that only administrators may write; left out where it is empty, and in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_metadata: Option<Metadata>,
}

impl UserResponse {
    /// Everything that may be seen, for the user and for administrators.
    #[must_use]
    pub fn full(user: User) -> Self {
        let User { id, values, created_at, updated_at, revision: _, security_version: _ } = user;
        let unless_empty = |metadata: Metadata| Some(metadata).filter(|metadata| !metadata.is_empty());
        Self {
            id,
            username: values.username.as_str().to_owned(),
            email: Some(values.email.as_str().to_owned()),
            first_name: values.first_name,
            last_name: values.last_name,
            age: Some(values.age),
            active: Some(values.active),
            email_verified: Some(values.email_verified),
            created_at: Some(created_at),
            updated_at: Some(updated_at),
            roles: Some(values.roles),
            profile: values.profile,
            user_metadata: unless_empty(values.user_metadata),
            app_metadata: unless_empty(values.app_metadata),
        }
    }

    /// The number and the names, for other members.
    #[must_use]
    pub fn names(user: User) -> Self {
        let UserValues { username, first_name, last_name, .. } = user.values;
        Self {
            id: user.id,
            username: username.as_str().to_owned(),
            email: None,
            first_name,
            last_name,
            age: None,
            active: None,
            email_verified: None,
            created_at: None,
            updated_at: None,
            roles: None,
            profile: None,
            user_metadata: None,
            app_metadata: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Duration};

    use super::{User, UserId, UserValues};
    use crate::types::{email::EmailAddress, metadata::Metadata, username::Username};

    #[test]
    fn every_state_has_a_tag_of_its_own() {
        let user = User {
            id: UserId::new(7),
            values: UserValues {
                username: Username::parse("alice").unwrap(),
                email: EmailAddress::parse("alice@example.com").unwrap(),
                first_name: "Sample".to_owned(),
                last_name: "User".to_owned(),
                age: 0,
                active: true,
                email_verified: false,
                roles: vec!["user".to_owned()],
                profile: None,
                user_metadata: Metadata::default(),
                app_metadata: Metadata::default(),
            },
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH + Duration::microseconds(0xabc),
            revision: 3,
            security_version: 1,
        };
        assert_eq!(user.tag(), "7-3-abc");
        let states = [
            User { id: UserId::new(8), ..user.clone() },
            User { revision: 4, ..user.clone() },
            User { updated_at: user.updated_at + Duration::microseconds(1), ..user.clone() },
        ];
        assert!(states.iter().all(|other| other.tag() != user.tag()), "{states:?}");
    }

    #[test]
    fn only_the_canonical_form_is_an_id() {
        assert_eq!(UserId::parse("1"), Some(UserId::new(1)));
        assert_eq!(UserId::parse("9223372036854775807"), Some(UserId::new(i64::MAX)));
        for text in ["", "0", "01", "+1", "-1", "1/", " 1", "１", "%31", "1.0", "abc", "9223372036854775808"]
        {
            assert_eq!(UserId::parse(text), None, "{text:?}");
        }
    }
}

//! Users to test with.

use denizen_models::{DEFAULT_ROLE, EmailAddress, Metadata, User, UserId, UserValues, Username};

use crate::{FixedClock, must};

/// An ordinary active user called `name`, with the address `name@example.com`. Change what the test is about:
///
/// ```
/// use denizen_models::{ADMIN_ROLE, UserValues};
/// use denizen_testkit::user_values;
///
/// let admin = UserValues { roles: vec![ADMIN_ROLE.to_owned()], ..user_values("diana") };
/// assert_eq!(admin.email.as_str(), "diana@example.com");
/// ```
///
/// # Panics
/// `name` is not a user name.
#[must_use]
pub fn user_values(name: &str) -> UserValues {
    UserValues {
        username: must(Username::parse(name)),
        email: must(EmailAddress::parse(&format!("{name}@example.com"))),
        first_name: "Sample".to_owned(),
        last_name: "User".to_owned(),
        age: 0,
        active: true,
        email_verified: false,
        roles: vec![DEFAULT_ROLE.to_owned()],
        profile: None,
        user_metadata: Metadata::default(),
        app_metadata: Metadata::default(),
    }
}

/// The same as a store would return it, fresh from its insertion at [`FixedClock::start`].
///
/// # Panics
/// `name` is not a user name.
#[must_use]
pub fn sample_user(id: i64, name: &str) -> User {
    User {
        id: UserId::new(id),
        values: user_values(name),
        created_at: FixedClock::start(),
        updated_at: FixedClock::start(),
        revision: 1,
        security_version: 1,
    }
}

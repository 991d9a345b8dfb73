//! What somebody takes for granted who changes a user.

use denizen_models::User;

/// States of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserStates {
    /// All that there can be.
    Any,
    /// Those with these tags ([`User::tag`]).
    Tagged(Vec<String>),
}

impl UserStates {
    fn include(&self, user: &User) -> bool {
        match self {
            Self::Any => true,
            Self::Tagged(tags) => tags.iter().any(|tag| *tag == user.tag()),
        }
    }
}

/// In which state a user must be found for a change to happen: the means against overrunning what others did after
/// one looked.
///
/// ```
/// use denizen_services::{Expected, Unexpected};
/// # let read = denizen_testkit::sample_user(7, "alice");
/// let changed = denizen_models::User { revision: read.revision + 1, ..read.clone() };
/// assert_eq!(Expected::anything().check(&changed), Ok(()));
/// assert_eq!(Expected::as_read(&read).check(&read), Ok(()));
/// assert_eq!(Expected::as_read(&read).check(&changed), Err(Unexpected::Changed));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// It must be one of these.
    pub one_of: UserStates,
    /// It must be none of these.
    pub none_of: UserStates,
}

/// Why a user is not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unexpected {
    /// It is in another state.
    #[error("the user has been changed")]
    Changed,
    /// It is there, in a state in which it must not be.
    #[error("the user exists")]
    Exists,
}

impl Expected {
    /// Nothing is expected.
    #[must_use]
    pub const fn anything() -> Self {
        Self { one_of: UserStates::Any, none_of: UserStates::Tagged(Vec::new()) }
    }

    /// Nobody has changed the user since it was read.
    #[must_use]
    pub fn as_read(user: &User) -> Self {
        Self { one_of: UserStates::Tagged(vec![user.tag()]), ..Self::anything() }
    }

    /// Whether this is what was expected.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self, user: &User) -> Result<(), Unexpected> {
        if !self.one_of.include(user) {
            return Err(Unexpected::Changed);
        }
        if self.none_of.include(user) { Err(Unexpected::Exists) } else { Ok(()) }
    }
}

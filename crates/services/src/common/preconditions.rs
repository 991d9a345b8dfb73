//! What somebody takes for granted who changes a user.

use denizen_models::User;

/// States of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityTags {
    /// All that there can be.
    Any,
    /// Those with these tags ([`User::tag`]).
    Tagged(Vec<String>),
}

impl EntityTags {
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
/// use denizen_services::{IfMatch, PreconditionError};
/// # let read = denizen_testkit::sample_user(7, "alice");
/// let changed = denizen_models::User { revision: read.revision + 1, ..read.clone() };
/// assert_eq!(IfMatch::anything().check(&changed), Ok(()));
/// assert_eq!(IfMatch::as_read(&read).check(&read), Ok(()));
/// assert_eq!(IfMatch::as_read(&read).check(&changed), Err(PreconditionError::Changed));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IfMatch {
    /// It must be one of these.
    pub one_of: EntityTags,
    /// It must be none of these.
    pub none_of: EntityTags,
}

/// Why a user is not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PreconditionError {
    /// It is in another state.
    #[error("the user has been changed")]
    Changed,
    /// It is there, in a state in which it must not be.
    #[error("the user exists")]
    Exists,
}

impl IfMatch {
    /// Nothing is expected.
    #[must_use]
    pub const fn anything() -> Self {
        Self { one_of: EntityTags::Any, none_of: EntityTags::Tagged(Vec::new()) }
    }

    /// Nobody has changed the user since it was read.
    #[must_use]
    pub fn as_read(user: &User) -> Self {
        Self { one_of: EntityTags::Tagged(vec![user.tag()]), ..Self::anything() }
    }

    /// Whether this is what was expected.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self, user: &User) -> Result<(), PreconditionError> {
        if !self.one_of.include(user) {
            return Err(PreconditionError::Changed);
        }
        if self.none_of.include(user) { Err(PreconditionError::Exists) } else { Ok(()) }
    }
}

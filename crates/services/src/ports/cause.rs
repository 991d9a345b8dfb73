//! Why something failed, beneath what failed.

use std::{error::Error, fmt, sync::Arc};

/// The error behind an error: a sentence, or an error of another library. Cheap to clone; equal if it reads the same.
///
/// ```
/// use std::{error::Error as _, io};
/// use denizen_services::store::StoreFailure;
///
/// let failure = StoreFailure::Busy(io::Error::other("the disk is full").into());
/// assert_eq!(failure, StoreFailure::Busy("the disk is full".into()));
/// assert!(failure.source().is_some());
/// ```
#[derive(Debug, Clone)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

/// A sentence in front of an error.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
struct Because {
    reason: String,
    source: Box<dyn Error + Send + Sync>,
}

impl Cause {
    /// Puts a sentence in front of an error: for errors whose own text is of no use, or must not be read by everyone.
    pub fn because(reason: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Because { reason: reason.into(), source: source.into() }.into()
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Cause {
    fn from(error: E) -> Self {
        Self(error.into().into())
    }
}

impl std::ops::Deref for Cause {
    type Target = dyn Error + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Cause {}

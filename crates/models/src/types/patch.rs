//! One member of a JSON Merge Patch (RFC 7396).

use serde::{Deserialize, Deserializer};

/// What a merge patch says about one member.
///
/// `#[serde(default)]` on the struct around it makes an absent member [`Patch::Keep`]. An `Option` could not tell
/// that from null.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Absent: it stays as it is.
    #[default]
    Keep,
    /// Null: it is removed, or becomes what it is by default.
    Remove,
    /// It is replaced.
    Set(T),
}

impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Remove, Self::Set)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::from)
    }
}

impl<T: Clone> Patch<T> {
    /// The new value, if there is one.
    #[must_use]
    pub fn new_value(&self) -> Option<T> {
        match self {
            Self::Keep | Self::Remove => None,
            Self::Set(value) => Some(value.clone()),
        }
    }
}

impl<T: Clone + Default> Patch<T> {
    /// What becomes of `current`.
    ///
    /// ```
    /// use denizen_models::Patch;
    /// assert_eq!(Patch::Keep.over(30), 30);
    /// assert_eq!(Patch::Remove.over(30), 0);
    /// assert_eq!(Patch::Set(31).over(30), 31);
    /// ```
    #[must_use]
    pub fn over(&self, current: T) -> T {
        match self {
            Self::Keep => current,
            Self::Remove => T::default(),
            Self::Set(value) => value.clone(),
        }
    }
}

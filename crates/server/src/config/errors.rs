//! The errors of a configuration.

use std::fmt;

use super::{layer::Source, setting::Setting};

/// One thing that is wrong with a configuration, in a sentence for the operator. It never contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The key of the setting, unless the error is not about a setting.
    pub key: Option<&'static str>,
    /// What is wrong, where it was set, and what is allowed.
    pub message: String,
}

impl ConfigError {
    /// An error about the value that `source` has for `setting`.
    pub(super) fn in_source(setting: &Setting, source: &Source, reason: &str) -> Self {
        Self { key: Some(setting.key), message: format!("`{}` ({source}): {reason}", setting.key) }
    }

    /// An error that belongs to no setting, such as an unknown key.
    pub(super) fn without_key(message: String) -> Self {
        Self { key: None, message }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// All errors of a configuration, so that they can be corrected in one go. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub(super) Vec<ConfigError>);

impl ConfigErrors {
    /// Returns the errors in the order of the settings; those that belong to no setting come first.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has 1 problem:")?,
            count => write!(f, "the configuration has {count} problems:")?,
        }
        self.0.iter().try_for_each(|error| write!(f, "\n- {error}"))
    }
}

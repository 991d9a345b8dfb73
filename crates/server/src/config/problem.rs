//! What is wrong with a configuration.

use std::fmt;

/// One thing that is wrong with a configuration, in a sentence for the operator. It names no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key of the setting, unless the problem is about something that is no setting.
    pub key: Option<&'static str>,
    /// What is wrong, where it was set, and what is allowed.
    pub message: String,
}

impl Problem {
    /// A problem that belongs to no setting, such as an unknown key.
    pub(super) fn elsewhere(message: String) -> Self {
        Self { key: None, message }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Everything that is wrong with a configuration, so that it can be put right in one go. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub(super) Vec<Problem>);

impl Problems {
    /// The problems, in the order of the settings; those that belong to no setting come first.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has 1 problem:")?,
            count => write!(f, "the configuration has {count} problems:")?,
        }
        self.0.iter().try_for_each(|problem| write!(f, "\n- {problem}"))
    }
}

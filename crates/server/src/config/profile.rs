//! The profiles.

use std::{fmt, str::FromStr};

use super::parse::choice;

/// What an instance is for. The profile chooses the defaults and the rules that a configuration must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// For one developer at one machine, and the default: everything works without a configuration, secrets
    /// such as one-time tokens are shown in the log, and only loopback addresses are served.
    Development,
    /// For real accounts: whatever decides about safety (database, public URL, mail) must be named
    /// explicitly, and unsafe values refuse to start.
    Production,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Production => "production",
        })
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        choice([("development", Self::Development), ("production", Self::Production)])(text)
    }
}

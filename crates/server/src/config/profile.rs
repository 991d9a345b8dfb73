//! The profiles.

use std::{fmt, str::FromStr};

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

impl Profile {
    /// The name, as the `profile` setting spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Development, Self::Production]
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or_else(|| "expected `development` or `production`".to_owned())
    }
}

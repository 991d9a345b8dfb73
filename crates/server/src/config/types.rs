//! Values that are more than text or a number.

use std::{fmt, path::PathBuf};

use denizen_mail::is_loopback;
use denizen_models::named_enum;
use denizen_storage_postgres::PostgresOptions;
use url::Url;

named_enum! {
    /// What an instance is for. The profile chooses the defaults and the rules that a configuration must keep.
    pub enum Profile {
        /// For one developer at one machine, and the default: everything works without a configuration, secrets
        /// such as one-time tokens are shown in the log, and only loopback addresses are served.
        Development = "development",
        /// For real accounts: whatever decides about safety (database, public URL, mail) must be named
        /// explicitly, and unsafe values refuse to start.
        Production = "production",
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where users are stored. Its `Display` is the setting's text, without the password and the parameters of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file; a relative path starts at the working directory.
    Sqlite(PathBuf),
    /// A PostgreSQL database, on one or several hosts.
    Postgres(Box<PostgresOptions>),
    /// In memory, gone with the process. Never in production.
    Memory,
}

impl Database {
    /// Returns the absolute path of the file, if it is one.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => Some(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
            Self::Postgres(_) | Self::Memory => None,
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(options) => options.fmt(f),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

/// An http or https URL without user name, query, fragment and final slash, so a path can be appended to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Returns the URL of the service on its own machine, at this port.
    pub(super) fn localhost(port: u16) -> Self {
        Self(format!("http://localhost:{port}"))
    }

    /// Returns the URL, such as `https://accounts.example.org` or `https://example.org/accounts`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the service is reached through TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Returns whether the host belongs to this domain.
    #[must_use]
    pub(super) fn is_in(&self, domain: &str) -> bool {
        let url = Url::parse(&self.0).ok();
        let host = url.as_ref().and_then(Url::domain);
        let rest = host.and_then(|host| host.strip_suffix(domain));
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Returns whether the URL only works on the machine itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| url.host_str().is_some_and(is_loopback))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&Url> for PublicUrl {
    fn from(url: &Url) -> Self {
        Self(url.as_str().trim_end_matches('/').to_owned())
    }
}

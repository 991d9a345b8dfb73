//! Values that are more than text or a number.

use std::{fmt, net::SocketAddr, path::PathBuf};

use denizen_models::PasswordPolicy;
use url::{Host, Url};

use super::Config;

/// Where users are stored. Its `Display` is the setting's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file; a relative path starts at the working directory.
    Sqlite(PathBuf),
    /// In memory, gone with the process. Never in production.
    Memory,
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

/// How mails leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mail {
    /// Into the log, secrets included. Never in production.
    Log,
}

/// An http or https URL without user name, query, fragment and final slash, so a path can be appended to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    loopback: bool,
}

impl PublicUrl {
    /// Where the service is found on its own machine, at this port.
    pub(super) fn localhost(port: u16) -> Self {
        Self { text: format!("http://localhost:{port}"), loopback: true }
    }

    /// The URL, such as `https://accounts.example.org` or `https://example.org/accounts`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether people reach the service through TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https://")
    }

    /// Whether the URL only works on the machine itself.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&Url> for PublicUrl {
    fn from(url: &Url) -> Self {
        let loopback = match url.host() {
            // RFC 6761, section 6.3: `localhost` and names below it are loopback names.
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        Self { text: url.as_str().trim_end_matches('/').to_owned(), loopback }
    }
}

impl Config {
    /// What a new password must be, for the service that decides and for the page that says so.
    #[must_use]
    pub fn password_policy(&self) -> PasswordPolicy {
        PasswordPolicy { min_chars: self.password_min_length, ..PasswordPolicy::default() }
    }

    /// What links begin with, once the listener has the address `bound`: the public URL, or
    /// `http://localhost:PORT` if nobody named one.
    #[must_use]
    pub fn public_url_at(&self, bound: SocketAddr) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl::localhost(bound.port()))
    }
}

//! Values that are more than text or a number.

use std::{fmt, net::SocketAddr, path::PathBuf};

use denizen_hashing::Argon2Cost;
use denizen_mail::MailSettings;
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

impl Database {
    /// The absolute path of the file, if there is to be one and there is none yet.
    pub(crate) fn missing_file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) if !path.exists() => {
                Some(std::path::absolute(path).unwrap_or_else(|_| path.clone()))
            }
            Self::Sqlite(_) | Self::Memory => None,
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Memory => f.write_str("memory:"),
        }
    }
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

    /// What the hash of a new password costs.
    #[must_use]
    pub const fn hash_cost(&self) -> Argon2Cost {
        Argon2Cost { memory_kib: self.hash_memory, passes: self.hash_passes, lanes: 1 }
    }

    /// What `denizen_mail::connect` makes a transport of, once the listener has the address `bound`.
    #[must_use]
    pub fn mail_settings(&self, bound: SocketAddr) -> MailSettings {
        MailSettings {
            service: self.service_name.clone(),
            sender: Some(self.mail_from.clone()),
            reply_to: self.mail_reply_to.clone(),
            templates: self.mail_templates.clone(),
            root_certificate: self.mail_root_certificate.clone(),
            ..MailSettings::new(self.mail.clone(), self.public_url_at(bound).as_str())
        }
    }

    /// What links begin with, once the listener has the address `bound`: the public URL, or
    /// `http://localhost:PORT` if nobody named one.
    #[must_use]
    pub fn public_url_at(&self, bound: SocketAddr) -> PublicUrl {
        self.public_url.clone().unwrap_or_else(|| PublicUrl::localhost(bound.port()))
    }
}

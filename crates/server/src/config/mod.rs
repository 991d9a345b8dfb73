//! The configuration: what can be set, where values come from, and what they must satisfy.
//!
//! There are two steps, so that a wrong configuration can still be explained:
//!
//! 1. [`Settings::resolve`] finds the text of every setting of the [`SETTINGS`] table. For each key on its
//!    own, a flag wins over the environment (`DENIZEN_*`), which wins over `denizen.toml`, which wins over
//!    the default of the [`Profile`]; only for `log`, `RUST_LOG` wins over all of them. Each value remembers
//!    its [`Source`]. Keys and variables that do not exist are errors: a setting that is misspelt must not
//!    silently have no effect.
//! 2. [`Config::from_settings`] turns the texts into a typed [`Config`], or into [`Problems`], all at once.
//!
//! ```
//! use denizen_server::config::{BIND, Config, ConfigFile, Settings};
//!
//! let flags = [(&BIND, "127.0.0.1:0".to_owned())];
//! let file = ConfigFile::Optional("there-is-no-such.toml".into());
//! let environment = [("DENIZEN_DATABASE", "memory:"), ("LANG", "C")];
//!
//! let config = Config::from_settings(&Settings::resolve(flags, &file, environment))?;
//! assert_eq!(config.bind.port(), 0);
//! # Ok::<(), denizen_server::config::Problems>(())
//! ```

mod environment;
mod file;
mod parse;
mod problem;
mod profile;
mod redact;
mod report;
mod resolve;
mod rules;
mod table;
mod types;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, time::Duration};

use ipnet::IpNet;

pub use file::ConfigFile;
pub use problem::{Problem, Problems};
pub use profile::Profile;
pub use report::{Report, check, print};
pub use resolve::{Resolved, Settings, Source};
pub use table::*;
pub use types::{Database, Mail, PublicUrl};

/// A checked configuration.
///
/// Its `Debug` output shows no secret: no field holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// What the instance is for.
    pub profile: Profile,
    /// Where to listen. Port 0 lets the system pick a free port. Loopback only in development.
    pub bind: SocketAddr,
    /// Where users are stored.
    pub database: Database,
    /// What links begin with; `None` in development means that nobody named it, see [`Self::public_url_at`].
    pub public_url: Option<PublicUrl>,
    /// How mails leave.
    pub mail: Mail,
    /// The origins whose pages may call the API, exactly as browsers send them.
    pub cors_origins: Vec<String>,
    /// A filter for `env_logger`. `RUST_LOG` is already taken into account: do not look at it again.
    pub log: String,
    /// The life of a reset token: 1 minute to 24 hours. 24 hours is the limit for codes sent by mail in
    /// NIST SP 800-63B-4; the OWASP Forgot Password Cheat Sheet asks for short-lived tokens.
    pub reset_token_ttl: Duration,
    /// The least number of characters of a new password: 8 to 64. NIST SP 800-63B-4 asks for 15 where the
    /// password is the only factor and allows no less than 8; it also wants 64 characters to be accepted.
    pub password_min_length: usize,
    /// Threads that hash passwords: 1 to 256.
    pub hash_threads: usize,
    /// Passwords that may wait for such a thread: 1 to 65536.
    pub hash_queue: usize,
    /// The time that running requests get when the server stops: 0 seconds to 1 hour.
    pub shutdown_timeout: Duration,
    /// Threads that serve HTTP: 1 to 512, the most that actix knows.
    pub workers: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests per second of one address in the long run: 1 to 1,000,000, or 0 for no limit.
    pub rate_limit: usize,
    /// Requests of one address at once: 1 to 1,000,000.
    pub rate_burst: usize,
    /// Connections that may be open at once: 1 to 1,000,000.
    pub max_connections: usize,
    /// How long the head of a request may take: 1 second to 5 minutes.
    pub header_timeout: Duration,
    /// How long the body of a request may take, and a client that takes nothing: 1 second to 5 minutes.
    pub body_timeout: Duration,
    /// How long a connection may rest between two requests: 1 second to 1 hour.
    pub idle_timeout: Duration,
    /// From which duration on a request is a warning in the log: 1 second to 1 hour.
    pub slow_request: Duration,
    /// Whether the demonstrations (calculations, tasks) have routes.
    pub demo_routes: bool,
}

impl Config {
    /// Checks the values and the rules of the profile.
    ///
    /// # Errors
    /// Everything that is wrong, each with its source. If the file could not be read, only what is certain
    /// without it.
    pub fn from_settings(settings: &Settings) -> Result<Self, Problems> {
        let mut reader = Reader { settings, problems: settings.problems.clone() };
        if !settings.complete {
            return Err(reader.into_problems());
        }
        // A profile that could not even be read must not be judged by the rules of the default one.
        let unread = reader.mentions(&PROFILE);
        let profile = reader.read(&PROFILE, str::parse::<Profile>).filter(|_| !unread);
        let bind = reader.read(&BIND, parse::address);
        let database = reader.read(&DATABASE, parse::database);
        let derived = settings.get(&PUBLIC_URL).is_some_and(|resolved| resolved.is_default());
        let public_url = reader.read(&PUBLIC_URL, parse::public_url).filter(|_| !derived);
        let mail = reader.read(&MAIL, parse::mail);
        let cors_origins = reader.read(&CORS_ORIGINS, parse::origins);
        let log = reader.read(&LOG, parse::log_filter);
        let reset_token_ttl = reader.read(&RESET_TOKEN_TTL, parse::duration("1m", "24h"));
        let password_min_length = reader.read(&PASSWORD_MIN_LENGTH, parse::number(8..=64));
        let hash_threads = reader.read(&HASH_THREADS, parse::number(1..=256));
        let hash_queue = reader.read(&HASH_QUEUE, parse::number(1..=65_536));
        let shutdown_timeout = reader.read(&SHUTDOWN_TIMEOUT, parse::duration("0s", "1h"));
        let workers = reader.read(&WORKERS, parse::number(1..=512));
        let trusted_proxies = reader.read(&TRUSTED_PROXIES, parse::networks);
        let rate_limit = reader.read(&RATE_LIMIT, parse::number(0..=1_000_000));
        let rate_burst = reader.read(&RATE_BURST, parse::number(1..=1_000_000));
        let max_connections = reader.read(&MAX_CONNECTIONS, parse::number(1..=1_000_000));
        let header_timeout = reader.read(&HEADER_TIMEOUT, parse::duration("1s", "5m"));
        let body_timeout = reader.read(&BODY_TIMEOUT, parse::duration("1s", "5m"));
        let idle_timeout = reader.read(&IDLE_TIMEOUT, parse::duration("1s", "1h"));
        let slow_request = reader.read(&SLOW_REQUEST, parse::duration("1s", "1h"));
        let demo_routes = reader.read(&DEMO_ROUTES, parse::switch);
        if let Some(profile) = profile {
            let facts =
                rules::Facts { bind, database: database.as_ref(), public_url: public_url.as_ref(), mail };
            for (setting, reason) in rules::violations(profile, &facts) {
                reader.object(setting, reason);
            }
        }
        let config = || {
            Some(Self {
                profile: profile?,
                bind: bind?,
                database: database?,
                public_url,
                mail: mail?,
                cors_origins: cors_origins?,
                log: log?,
                reset_token_ttl: reset_token_ttl?,
                password_min_length: password_min_length?,
                hash_threads: hash_threads?,
                hash_queue: hash_queue?,
                shutdown_timeout: shutdown_timeout?,
                workers: workers?,
                trusted_proxies: trusted_proxies?,
                rate_limit: rate_limit?,
                rate_burst: rate_burst?,
                max_connections: max_connections?,
                header_timeout: header_timeout?,
                body_timeout: body_timeout?,
                idle_timeout: idle_timeout?,
                slow_request: slow_request?,
                demo_routes: demo_routes?,
            })
        };
        match config() {
            Some(config) if reader.problems.is_empty() => Ok(config),
            _ => Err(reader.into_problems()),
        }
    }

    /// Checks the rules of the profile for a configuration that was put together by hand, such as by a
    /// program that embeds the server. [`Self::from_settings`] has done so already.
    ///
    /// # Errors
    /// Every rule that is broken.
    pub fn validate(&self) -> Result<(), Problems> {
        let facts = rules::Facts {
            bind: Some(self.bind),
            database: Some(&self.database),
            public_url: self.public_url.as_ref(),
            mail: Some(self.mail),
        };
        let problem = |(setting, reason): (&'static Setting, &str)| Problem {
            key: Some(setting.key),
            message: format!("`{}`: {reason}", setting.key),
        };
        let problems: Vec<_> = rules::violations(self.profile, &facts).into_iter().map(problem).collect();
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }
}

/// Reads one setting after the other and remembers what is wrong.
struct Reader<'a> {
    settings: &'a Settings,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn mentions(&self, setting: &Setting) -> bool {
        self.problems.iter().any(|problem| problem.key == Some(setting.key))
    }

    /// The value, if it is set and well-formed.
    fn read<T>(&mut self, setting: &Setting, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let resolved = self.settings.get(setting)?;
        match &resolved.value {
            Some(text) => match parse(text) {
                Ok(value) => return Some(value),
                Err(reason) => self.object(setting, &reason),
            },
            None => {
                if let Some(reason) = resolved.requirement() {
                    self.object(setting, &reason);
                }
            }
        }
        None
    }

    /// One problem for each setting is enough: the next one may follow from it.
    fn object(&mut self, setting: &Setting, reason: &str) {
        if !self.mentions(setting) {
            self.problems.extend(self.settings.get(setting).map(|resolved| resolved.problem(reason)));
        }
    }

    fn into_problems(mut self) -> Problems {
        let position = |key| SETTINGS.iter().position(|setting| setting.key == key);
        self.problems.sort_by_key(|problem| problem.key.and_then(position));
        Problems(self.problems)
    }
}

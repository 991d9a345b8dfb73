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
mod read;
mod redact;
mod reference;
mod report;
mod resolve;
mod rules;
mod table;
mod types;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use denizen_mail::{MailUrl, Sender};
use denizen_services::{Directory, RegistrationMode, store::Quota};
use ipnet::IpNet;

pub use file::ConfigFile;
pub use problem::{Problem, Problems};
pub use profile::Profile;
pub use reference::reference;
pub use report::{Report, check, print};
pub use resolve::{Resolved, Settings, Source};
pub use table::*;
pub use types::{Database, PublicUrl};

/// A checked configuration. Every setting of the table is a field of the same name.
///
/// Its `Debug` output shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the instance is for.
    pub profile: Profile,
    /// Where to listen. Port 0 lets the system pick a free port. Loopback only in development.
    pub bind: SocketAddr,
    /// Where users are stored.
    pub database: Database,
    /// What links begin with; `None` in development means that nobody named it, see [`Self::public_url_at`].
    pub public_url: Option<PublicUrl>,
    /// What mails and pages call the service: 1 to 64 characters, none of them a control character.
    pub service_name: String,
    /// A filter for `env_logger`. `RUST_LOG` is already taken into account: do not look at it again.
    pub log: String,
    /// Whether the demonstrations (calculations, tasks) have routes.
    pub demo_routes: bool,
    /// Whether there is `/metrics`.
    pub metrics: bool,
    /// The time that running requests get when the server stops: 0 seconds to 1 hour.
    pub shutdown_timeout: Duration,

    /// Who can make accounts.
    pub registration: RegistrationMode,
    /// Who may list and search users.
    pub directory: Directory,
    /// The least number of characters of a new password: 8 to 64. NIST SP 800-63B-4 asks for 15 where the
    /// password is the only factor and allows no less than 8; it also wants 64 characters to be accepted.
    pub password_min_length: usize,
    /// The memory of a password hash in KiB: 19,456, which the OWASP Password Storage Cheat Sheet asks for, to
    /// 262,144, beyond which the hasher refuses to compare.
    pub hash_memory: u32,
    /// The passes of a password hash over its memory: 2 (OWASP's, at 19 MiB) to 16.
    pub hash_passes: u32,
    /// Threads that hash passwords: 1 to 256.
    pub hash_threads: usize,
    /// Passwords that may wait for such a thread: 1 to 65536.
    pub hash_queue: usize,
    /// The life of a session: 5 minutes to 30 days, the limit of NIST SP 800-63B-4 for AAL1.
    pub session_lifetime: Duration,
    /// The life of a session that is not used: 5 minutes to `session_lifetime`. That a session is used is noted once a
    /// minute, so that a much shorter time would end sessions that are in use.
    pub session_idle_timeout: Duration,
    /// The life of a reset token: 1 minute to 24 hours. 24 hours is the limit for codes sent by mail in
    /// NIST SP 800-63B-4; the OWASP Forgot Password Cheat Sheet asks for short-lived tokens.
    pub reset_token_ttl: Duration,
    /// The life of a token in an invitation: 1 minute to 30 days.
    pub invitation_ttl: Duration,
    /// The life of a token that confirms a sign-up, an address, or a change of address: 1 minute to 7 days.
    pub verification_ttl: Duration,
    /// How long the audit trail keeps an event: 1 to 36,500 days, or for ever.
    pub audit_retention: Option<Duration>,

    /// How mails leave.
    pub mail: MailUrl,
    /// Whom mails are from.
    pub mail_from: Sender,
    /// Where answers to mails go, if not there.
    pub mail_reply_to: Option<Sender>,
    /// A folder with templates that replace built-in ones.
    pub mail_templates: Option<PathBuf>,
    /// Certificates to trust in an SMTP server, in PEM, besides those that the system trusts.
    pub mail_root_certificate: Option<PathBuf>,
    /// How long a mail is tried before it is given up: 1 hour to 30 days.
    pub mail_max_age: Duration,
    /// Mails that are sent at the same time: 1 to 64.
    pub mail_workers: usize,

    /// The origins whose pages may call the API, exactly as browsers send them.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Threads that serve HTTP: 1 to 512, the most that actix knows.
    pub workers: usize,
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

    /// Requests per second of one address in the long run: 1 to 1,000,000, or 0 for no limit.
    pub rate_limit: usize,
    /// Requests of one address at once: 1 to 1,000,000.
    pub rate_burst: usize,
    /// Attempts to sign in, of one IP address.
    pub limit_login_per_ip: Quota,
    /// Attempts to sign in, with one name or e-mail address, known or not.
    pub limit_login_per_account: Quota,
    /// Requests for mails with a link, of one IP address, for each kind of mail.
    pub limit_mail_per_ip: Quota,
    /// Requests for mails with a link, with one e-mail address, known or not, for each kind of mail.
    pub limit_mail_per_address: Quota,
    /// Sign-ups, of one IP address.
    pub limit_sign_up_per_ip: Quota,
    /// Tokens out of mails that are presented, of one IP address.
    pub limit_tokens_per_ip: Quota,
}

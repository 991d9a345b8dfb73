//! What can be set on a store.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};

use crate::engine::pass_file;

/// Which database to open, and how much it may use.
///
/// Parsed from a URL as libpq takes it: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`. Several hosts,
/// separated by commas, are tried in turn; with `target_session_attrs=read-write`, which is the default here, until one of
/// them accepts writes. `host=/run/postgresql` names the folder of a Unix socket.
///
/// `sslmode` is `disable`, `require`, `verify-ca` or `verify-full`; the last three mean the same here: the certificate and
/// the name in it are checked, against the roots of the system or those in `sslrootcert=FILE`. Without `sslmode`, TLS is
/// used unless every host is a loopback address or a Unix socket.
///
/// The `Debug` output shows no password.
///
/// ```
/// use denizen_storage_postgres::PostgresOptions;
/// let options: PostgresOptions = "postgres://denizen:secret@db.example.org/denizen".parse()?;
/// assert_eq!(options.to_string(), "postgres://denizen@db.example.org:5432/denizen");
/// # Ok::<(), denizen_storage_postgres::InvalidUrl>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    pub(crate) config: Config,
    pub(crate) tls: Option<TlsRoots>,
    /// Connections that many single-row reads share, at least 1.
    pub lookups: usize,
    /// Connections for lists and searches, at least 1, each for one at a time.
    pub lists: usize,
    /// Connections for units of work, at least 1, each for one at a time.
    pub units: usize,
    /// How many units of work may wait, and for how long. Then callers are told that the store is busy.
    pub queue: usize,
    /// See [`Self::queue`].
    pub patience: Duration,
    /// For how long a statement may run before PostgreSQL ends it.
    pub statement_time_limit: Duration,
    /// For how long a statement waits for a row that another transaction holds. Longer than PostgreSQL's
    /// `deadlock_timeout` (1 s), or deadlocks would not be recognised as such.
    pub lock_time_limit: Duration,
}

/// Which certificates sign that of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TlsRoots {
    System,
    File(PathBuf),
}

/// Why a text does not name a database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// It is not a URL of PostgreSQL. The reason quotes nothing of it, because it may hold a password.
    #[error("expected `postgres://USER@HOST/DATABASE`: {0}")]
    Syntax(String),
    /// A TLS mode that does not protect from an attacker between the two.
    #[error(
        "sslmode must be `disable`, `require`, `verify-ca` or `verify-full`; `allow` and `prefer` protect from nothing"
    )]
    SslMode,
}

impl FromStr for PostgresOptions {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let syntax = |reason: &str| InvalidUrl::Syntax(reason.to_owned());
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(syntax("it begins otherwise"));
        }
        let (url, mode, roots) = without_tls_parameters(text)?;
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            // Its own text can quote a part of the URL.
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            let known = cause.split(" `").next().unwrap_or_default();
            syntax(if known.is_empty() { "it cannot be read" } else { known })
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(syntax("the host is missing"));
        }
        if config.get_dbname().is_none() {
            return Err(syntax("the name of the database is missing"));
        }
        let encrypted = match mode {
            Some(encrypted) => encrypted,
            None => {
                let addresses = config.get_hostaddrs();
                !(config.get_hosts().iter().all(is_local) && addresses.iter().all(IpAddr::is_loopback))
            }
        };
        config.ssl_mode(if encrypted { SslMode::Require } else { SslMode::Disable });
        if !url.contains("target_session_attrs=") {
            config.target_session_attrs(tokio_postgres::config::TargetSessionAttrs::ReadWrite);
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(2));
        }
        if config.get_application_name().is_none() {
            config.application_name("denizen");
        }
        // A peer that is gone without a word is noticed while an answer is awaited, and on connections that wait for news.
        config.tcp_user_timeout(Duration::from_secs(5));
        config.keepalives_idle(Duration::from_secs(5));
        config.keepalives_interval(Duration::from_secs(2));
        config.keepalives_retries(2);
        Ok(Self { tls: encrypted.then_some(roots), ..Self::of(config) })
    }
}

/// Takes out what the driver does not know: `sslmode` in all its words, and `sslrootcert`.
fn without_tls_parameters(text: &str) -> Result<(String, Option<bool>, TlsRoots), InvalidUrl> {
    let (mut mode, mut roots) = (None, TlsRoots::System);
    let Some((before, query)) = text.split_once('?') else { return Ok((text.to_owned(), mode, roots)) };
    let mut kept = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", "disable")) => mode = Some(false),
            Some(("sslmode", "require" | "verify-ca" | "verify-full")) => mode = Some(true),
            Some(("sslmode", _)) => return Err(InvalidUrl::SslMode),
            Some(("sslrootcert", "system")) => roots = TlsRoots::System,
            Some(("sslrootcert", path)) => {
                let path =
                    percent_decoded(path).ok_or_else(|| InvalidUrl::Syntax("sslrootcert".to_owned()))?;
                roots = TlsRoots::File(path.into());
            }
            _ => kept.push(parameter),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok((format!("{before}{query}"), mode, roots))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                u8::try_from(digit(rest.next()?)? * 16 + digit(rest.next()?)?).ok()?
            }
            byte => byte,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl PostgresOptions {
    fn of(config: Config) -> Self {
        Self {
            config,
            tls: None,
            lookups: 4,
            lists: 2,
            units: 8,
            queue: 1024,
            patience: Duration::from_secs(5),
            statement_time_limit: Duration::from_secs(2),
            lock_time_limit: Duration::from_millis(1_800),
        }
    }

    /// Returns whether the URL names a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// The same with this password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// The same with the password of the first line that fits, of a file as libpq's `.pgpass`: lines of
    /// `HOST:PORT:DATABASE:USER:PASSWORD`, where `*` stands for anything, and a backslash precedes a colon or a backslash that
    /// is meant.
    #[must_use]
    pub fn with_password_of_file(self, contents: &str) -> Self {
        let hosts = self.hosts();
        let database = self.config.get_dbname().unwrap_or_default();
        let user = self.config.get_user().unwrap_or_default();
        let found =
            hosts.iter().find_map(|(host, port)| pass_file::find(contents, [host, port, database, user]));
        match found {
            Some(password) => self.with_password(&password),
            None => self,
        }
    }

    /// Every host with its port; a Unix socket is `localhost` in password files.
    fn hosts(&self) -> Vec<(String, String)> {
        let name = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(_) => "localhost".to_owned(),
        };
        let ports = self.config.get_ports();
        let port =
            |index: usize| ports.get(index).or_else(|| ports.first()).copied().unwrap_or(5432).to_string();
        let hosts = self.config.get_hosts().iter().enumerate();
        let mut hosts: Vec<_> = hosts.map(|(index, host)| (name(host), port(index))).collect();
        if hosts.is_empty() {
            let addresses = self.config.get_hostaddrs().iter().enumerate();
            hosts.extend(addresses.map(|(index, address)| (address.to_string(), port(index))));
        }
        hosts
    }
}

/// Without password and parameters.
impl fmt::Display for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        for (index, (host, port)) in self.hosts().iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{host}:{port}")?;
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresOptions({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PostgresOptions, InvalidUrl> {
        text.parse()
    }

    #[test]
    fn tls_is_the_default_beyond_this_machine_and_always_verifies() {
        for (url, roots) in [
            ("postgres://a@127.0.0.1/b", None),
            ("postgres://a@localhost/b", None),
            ("postgres://a@[::1]/b", None),
            ("postgres://a@%2Frun%2Fpostgresql/b", None),
            ("postgres:///b?host=/run/postgresql&user=a", None),
            ("postgres://a@db.example.org/b", Some(TlsRoots::System)),
            ("postgres://a@localhost/b?hostaddr=203.0.113.5", Some(TlsRoots::System)),
            ("postgres://a@db.example.org/b?hostaddr=127.0.0.1", Some(TlsRoots::System)),
            ("postgres:///b?hostaddr=127.0.0.1&user=a", None),
            ("postgres://a@127.0.0.1,db.example.org/b", Some(TlsRoots::System)),
            ("postgres://a@db.example.org/b?sslmode=disable", None),
            ("postgres://a@localhost/b?sslmode=require", Some(TlsRoots::System)),
            (
                "postgres://a@db/b?sslmode=verify-ca&sslrootcert=/a%20b.pem",
                Some(TlsRoots::File("/a b.pem".into())),
            ),
            ("postgres://a@db/b?sslrootcert=system&sslmode=verify-full", Some(TlsRoots::System)),
        ] {
            assert_eq!(parse(url).map(|options| options.tls), Ok(roots), "{url}");
        }
        for mode in ["allow", "prefer", "", "VERIFY-FULL"] {
            assert_eq!(
                parse(&format!("postgres://a@db/b?sslmode={mode}")),
                Err(InvalidUrl::SslMode),
                "{mode}"
            );
        }
    }

    #[test]
    fn what_does_not_name_a_database_is_refused_without_being_quoted() {
        for url in [
            "postgres://",
            "postgres://ann:hunter2@",
            "postgres://ann:hunter2@db",
            "postgres://ann:hunter2@db:port/users",
            "postgres://ann:hunter2@db/users?nonsense=hunter2",
            "postgres://ann:hunter2@db/users?connect_timeout=hunter2",
            "host=db password=hunter2",
        ] {
            let error = parse(url).map(|options| options.to_string()).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{url}: {error}");
        }
    }

    /// Security checklist: 62.
    #[test]
    fn no_form_of_it_shows_the_password() {
        let options =
            parse("postgres://ann:hunter2@db1:5433,db2:5434/users?application_name=hunter2").unwrap();
        assert_eq!(options.to_string(), "postgres://ann@db1:5433,db2:5434/users");
        assert_eq!(format!("{options:?}"), "PostgresOptions(postgres://ann@db1:5433,db2:5434/users)");
    }

    #[test]
    fn a_password_file_is_asked_for_each_host() {
        let options = parse("postgres://ann@db1,db2:6000/users").unwrap();
        assert!(!options.clone().with_password_of_file("db3:*:*:*:no\n").has_password());
        let with = options.with_password_of_file("# comment\ndb1:*:other:*:no\ndb2:5432:users:ann:s\\:1\n");
        assert_eq!(with.config.get_password(), None, "the port is another one");
        let with = with.with_password_of_file("db2:6000:users:ann:s\\:1\n");
        assert_eq!(with.config.get_password(), Some(b"s:1".as_slice()));
    }
}

//! The URL of a mail server.

use std::{fmt, net::IpAddr};

use denizen_models::Secret;
use percent_encoding::percent_decode_str;
use url::Url;

/// A mail server, and how to connect to it.
#[derive(Clone)]
pub struct SmtpServer {
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// User and password, if the server wants them.
    pub login: Option<(String, Secret)>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// By STARTTLS (RFC 3207), without which nothing is sent.
    StartTls,
    /// By TLS from the first byte.
    Implicit,
}

/// Why a text is not the URL of a mail server. No message quotes the text, which may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtpUrl {
    /// The text contains white space or control characters.
    #[error(
        "must not contain white space or control characters; in user and password, write them percent-encoded"
    )]
    Blank,
    /// The text is not a URL.
    #[error(
        "is not a URL: {0}; characters such as @ : / ? # % in user and password are written percent-encoded"
    )]
    Url(String),
    /// The host is absent, or is not a name or an IP address.
    #[error("needs the name or address of a host, such as smtp://mail.example.com")]
    Host,
    /// The port is 0.
    #[error("port 0 cannot be connected to")]
    Port,
    /// The URL has a path, a query or a fragment.
    #[error("nothing may follow host and port; / ? # in user and password are written %2F %3F %23")]
    Rest,
    /// Only one of user and password is set.
    #[error("user and password come together, as in smtp://USER:PASSWORD@HOST")]
    Login,
    /// User or password contains a percent sign that does not encode a printable character in UTF-8.
    #[error(
        "user and password contain a % that encodes no printable character; the sign itself is written %25"
    )]
    Encoding,
}

impl SmtpServer {
    /// Returns whether mails cannot be read on their way to the server: the connection is encrypted, or local.
    pub(crate) fn is_private(&self) -> bool {
        self.encryption != Encryption::None || is_loopback(&self.host)
    }

    /// Parses a URL whose scheme stands for `encryption`. STARTTLS is not used to the machine itself.
    pub(crate) fn parse(text: &str, encryption: Encryption) -> Result<Self, InvalidSmtpUrl> {
        // The parser would silently drop some of them.
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(InvalidSmtpUrl::Blank);
        }
        let url = Url::parse(text).map_err(|error| InvalidSmtpUrl::Url(error.to_string()))?;
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if host.is_empty() || !(is_name || host.parse::<IpAddr>().is_ok()) {
            return Err(InvalidSmtpUrl::Host);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidSmtpUrl::Rest);
        }
        let login = match (url.username(), url.password().unwrap_or_default()) {
            ("", "") => None,
            ("", _) | (_, "") => return Err(InvalidSmtpUrl::Login),
            (user, password) => Some((decode(user)?, Secret::from(decode(password)?))),
        };
        let (encryption, usual_port) = match encryption {
            Encryption::StartTls if is_loopback(&host) => (Encryption::None, 25),
            Encryption::StartTls | Encryption::None => (encryption, 587),
            Encryption::Implicit => (encryption, 465),
        };
        match url.port().unwrap_or(usual_port) {
            0 => Err(InvalidSmtpUrl::Port),
            port => Ok(Self { host, port, encryption, login }),
        }
    }
}

fn decode(text: &str) -> Result<String, InvalidSmtpUrl> {
    let mut rest = text.split('%').skip(1);
    let escapes =
        rest.all(|part| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()));
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| InvalidSmtpUrl::Encoding)?;
    if !escapes || decoded.contains(char::is_control) {
        return Err(InvalidSmtpUrl::Encoding);
    }
    Ok(decoded.into_owned())
}

/// Returns whether `host` is this machine: an IP address, in brackets or not, or a name.
///
/// RFC 6761, section 6.3: `localhost` and names below it are loopback names.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    name == "localhost"
        || name.ends_with(".localhost")
        // `::ffff:127.0.0.1` is a loopback address, too.
        || address.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.encryption == Encryption::Implicit { "smtps://" } else { "smtp://" })?;
        if let Some((user, _)) = &self.login {
            write!(f, "{user}:…@")?;
        }
        if self.host.contains(':') { write!(f, "[{}]", self.host) } else { f.write_str(&self.host) }?;
        write!(f, ":{}", self.port)
    }
}

impl fmt::Debug for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpServer({self}, {:?})", self.encryption)
    }
}

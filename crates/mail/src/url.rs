//! How mail leaves, as one setting.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

use denizen_models::Secret;
use percent_encoding::percent_decode_str;
use url::Url;

/// How mail leaves. Written as
///
/// - `log`: into the log, for developers;
/// - `file:DIRECTORY`: one `.eml` file for each mail, `file:mails` or `file:///var/spool/denizen`;
/// - `smtp://[USER:PASSWORD@]HOST[:PORT]`: to a mail server, encrypted by STARTTLS, which the server must offer (port 587
///   unless named). To the machine itself (`localhost`, `127.0.0.0/8`, `[::1]`) it goes unencrypted instead (port 25):
///   nobody listens there, and what local mail servers offer is a certificate that nobody signed;
/// - `smtps://[USER:PASSWORD@]HOST[:PORT]`: encrypted from the first byte (port 465), which RFC 8314 prefers.
///
/// Characters of user and password that mean something in a URL are written percent-encoded: `p%40ss` for `p@ss`.
/// Neither `Display` nor `Debug` shows the password.
#[derive(Debug, Clone)]
pub enum MailUrl {
    /// Into the log.
    Log,
    /// Into this directory.
    File(PathBuf),
    /// To this server.
    Smtp(SmtpServer),
}

/// A mail server, and how to talk to it.
#[derive(Clone)]
pub struct SmtpServer {
    /// A name, or an address without brackets.
    pub host: String,
    /// Where it listens.
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

/// Why a text is no [`MailUrl`]. Never quotes it: it may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMailUrl {
    /// Not one of the four forms.
    #[error("must be log, file:DIRECTORY, smtp://HOST or smtps://HOST")]
    Scheme,
    /// `file:` and nothing more.
    #[error("file: needs a directory, such as file:mails or file:///var/spool/denizen")]
    NoDirectory,
    /// `file://host/path`.
    #[error("file:// is followed by an absolute path, such as file:///var/spool/denizen")]
    FileHost,
    /// Blanks, line breaks and the like.
    #[error(
        "must not contain white space or control characters; in user and password, write them percent-encoded"
    )]
    Blank,
    /// No URL.
    #[error(
        "is not a URL: {0}; characters such as @ : / ? # % in user and password are written percent-encoded"
    )]
    Url(String),
    /// No host, or something that cannot be one.
    #[error("needs the name or address of a host, such as smtp://mail.example.com")]
    Host,
    /// Port 0.
    #[error("port 0 cannot be connected to")]
    Port,
    /// Something after the host and the port.
    #[error("nothing may follow host and port; / ? # in user and password are written %2F %3F %23")]
    Rest,
    /// Only one of user and password.
    #[error("user and password come together, as in smtp://USER:PASSWORD@HOST")]
    Login,
    /// A percent sign that encodes nothing, or not UTF-8, or a control character.
    #[error(
        "user and password contain a % that encodes no printable character; the sign itself is written %25"
    )]
    Encoding,
}

impl MailUrl {
    /// Whether mails really leave, and nobody can read them on their way to the server: what production needs.
    #[must_use]
    pub fn delivers_privately(&self) -> bool {
        match self {
            Self::Log | Self::File(_) => false,
            Self::Smtp(server) => server.encryption != Encryption::None || is_loopback(&server.host),
        }
    }
}

impl FromStr for MailUrl {
    type Err = InvalidMailUrl;

    fn from_str(text: &str) -> Result<Self, InvalidMailUrl> {
        match text.split_once(':') {
            None if text == "log" => Ok(Self::Log),
            Some(("file", path)) => file(path),
            Some(("smtp", _)) => server(text, Encryption::StartTls).map(Self::Smtp),
            Some(("smtps", _)) => server(text, Encryption::Implicit).map(Self::Smtp),
            _ => Err(InvalidMailUrl::Scheme),
        }
    }
}

/// Nothing is decoded: a path is a path.
fn file(path: &str) -> Result<MailUrl, InvalidMailUrl> {
    let path = match path.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(InvalidMailUrl::FileHost),
        None => path,
    };
    if path.is_empty() { Err(InvalidMailUrl::NoDirectory) } else { Ok(MailUrl::File(path.into())) }
}

fn server(text: &str, encryption: Encryption) -> Result<SmtpServer, InvalidMailUrl> {
    // The parser would drop some of them without a word.
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(InvalidMailUrl::Blank);
    }
    let url = Url::parse(text).map_err(|error| InvalidMailUrl::Url(error.to_string()))?;
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if host.is_empty() || !(is_name || host.parse::<IpAddr>().is_ok()) {
        return Err(InvalidMailUrl::Host);
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(InvalidMailUrl::Rest);
    }
    let login = match (url.username(), url.password().unwrap_or_default()) {
        ("", "") => None,
        ("", _) | (_, "") => return Err(InvalidMailUrl::Login),
        (user, password) => Some((decode(user)?, Secret::from(decode(password)?))),
    };
    let (encryption, usual_port) = match encryption {
        Encryption::StartTls if is_loopback(&host) => (Encryption::None, 25),
        Encryption::StartTls | Encryption::None => (encryption, 587),
        Encryption::Implicit => (encryption, 465),
    };
    match url.port().unwrap_or(usual_port) {
        0 => Err(InvalidMailUrl::Port),
        port => Ok(SmtpServer { host, port, encryption, login }),
    }
}

fn decode(text: &str) -> Result<String, InvalidMailUrl> {
    let mut rest = text.split('%').skip(1);
    let escapes =
        rest.all(|part| part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()));
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| InvalidMailUrl::Encoding)?;
    if !escapes || decoded.contains(char::is_control) {
        return Err(InvalidMailUrl::Encoding);
    }
    Ok(decoded.into_owned())
}

/// Returns whether `host` only leads to the machine itself: an IP address, in brackets or not, or a name.
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

impl fmt::Display for MailUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log => f.write_str("log"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Smtp(server) => server.fmt(f),
        }
    }
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

//! The settings of mail, and how one setting names a transport.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use crate::{
    sender::Sender,
    url::{Encryption, InvalidSmtpUrl, SmtpServer},
};

/// How mails are sent, as one setting.
///
/// - `log`: into the log, for developers;
/// - `file:DIRECTORY`: as one `.eml` file for each mail, `file:mails` or `file:///var/spool/denizen`;
/// - `smtp://[USER:PASSWORD@]HOST[:PORT]`: to a mail server, encrypted by STARTTLS, which the server must offer (port 587
///   unless named). To the machine itself (`localhost`, `127.0.0.0/8`, `[::1]`) mails go unencrypted (port 25): the
///   connection cannot be observed there, and local mail servers usually offer a self-signed certificate;
/// - `smtps://[USER:PASSWORD@]HOST[:PORT]`: encrypted from the first byte (port 465), which RFC 8314 prefers.
///
/// Characters of user and password that have a meaning in a URL are percent-encoded: `p%40ss` for `p@ss`. Neither `Display`
/// nor `Debug` shows the password.
#[derive(Debug, Clone)]
pub enum MailUrl {
    /// Into the log.
    Log,
    /// Into this directory.
    File(PathBuf),
    /// To this server.
    Smtp(SmtpServer),
}

/// Why a text is not a [`MailUrl`]. No message quotes the text, which may contain a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMailUrl {
    /// The text has none of the four forms.
    #[error("must be log, file:DIRECTORY, smtp://HOST or smtps://HOST")]
    Scheme,
    /// `file:` is not followed by a path.
    #[error("file: needs a directory, such as file:mails or file:///var/spool/denizen")]
    NoDirectory,
    /// `file://` is followed by a host.
    #[error("file:// is followed by an absolute path, such as file:///var/spool/denizen")]
    FileHost,
    /// The URL of a mail server is invalid.
    #[error(transparent)]
    Smtp(#[from] InvalidSmtpUrl),
}

impl MailUrl {
    /// The forms, as the documentation of the setting.
    pub const MEANING: &str = "How mails are sent: `smtp://[USER:PASSWORD@]HOST[:PORT]` (STARTTLS; to the machine itself \
         unencrypted), `smtps://…` (TLS from the start), `file:DIR` (as .eml files), or for development `log`, tokens \
         included.";

    /// Returns why a server in production must not send mails this way, if it must not.
    #[must_use]
    pub fn refused_in_production(&self) -> Option<&'static str> {
        match self {
            Self::Log => {
                Some("the production profile keeps secrets out of its log, so mail must really be sent")
            }
            // A directory of private files, which other programs can deliver from.
            Self::File(_) => None,
            Self::Smtp(server) => (!server.is_private()).then_some(
                "mails carry secrets, so the production profile sends them encrypted, except to the machine itself",
            ),
        }
    }
}

impl FromStr for MailUrl {
    type Err = InvalidMailUrl;

    fn from_str(text: &str) -> Result<Self, InvalidMailUrl> {
        let smtp = |encryption| Ok(Self::Smtp(SmtpServer::parse(text, encryption)?));
        match text.split_once(':') {
            None if text == "log" => Ok(Self::Log),
            Some(("file", path)) => directory(path).map(Self::File),
            Some(("smtp", _)) => smtp(Encryption::StartTls),
            Some(("smtps", _)) => smtp(Encryption::Implicit),
            _ => Err(InvalidMailUrl::Scheme),
        }
    }
}

/// Parses what follows `file:`. Nothing is decoded: a path is a path.
fn directory(path: &str) -> Result<PathBuf, InvalidMailUrl> {
    let path = match path.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(_) => return Err(InvalidMailUrl::FileHost),
        None => path,
    };
    if path.is_empty() { Err(InvalidMailUrl::NoDirectory) } else { Ok(path.into()) }
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

/// The settings of mail.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The transport.
    pub url: MailUrl,
    /// The public URL of the service: the beginning of every link, and the right side of every `Message-ID`.
    pub public_url: String,
    /// The name of the service in mails.
    pub service: String,
    /// The `From`. SMTP needs one; other transports have `denizen@localhost` as the default.
    pub sender: Option<Sender>,
    /// The `Reply-To`. Mails ask for an answer only if it is set.
    pub reply_to: Option<Sender>,
    /// A directory with templates that replace built-in ones.
    pub templates: Option<PathBuf>,
    /// A PEM file with certificates to trust besides the system's.
    pub root_certificate: Option<PathBuf>,
    /// How long one mail may take: more than zero, at most [`MailSettings::MAX_TIME`].
    pub time_limit: Duration,
}

impl MailSettings {
    /// The longest time that one mail may take, which is the default: far below the worker's lease of five minutes.
    pub const MAX_TIME: Duration = Duration::from_secs(60);

    /// Returns settings with defaults for everything else.
    #[must_use]
    pub fn new(url: MailUrl, public_url: &str) -> Self {
        Self {
            url,
            public_url: public_url.to_owned(),
            service: "denizen".to_owned(),
            sender: None,
            reply_to: None,
            templates: None,
            root_certificate: None,
            time_limit: Self::MAX_TIME,
        }
    }
}

//! From settings to a transport.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use denizen_services::{Clock, Mailer};

use crate::{
    Composer, FileMailer, Letter, Links, LogMailer, MailUrl, Sender, SmtpMailer, TemplateError, Templates,
    TlsError,
};

/// All that a configuration says about mail.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// How mail leaves.
    pub url: MailUrl,
    /// Where users reach the service; the beginning of every link, and the right side of every `Message-ID`.
    pub public_url: String,
    /// What the service is called in mails.
    pub service: String,
    /// The `From`. SMTP needs one; files have `denizen@localhost` without.
    pub sender: Option<Sender>,
    /// Where answers go, if not to the sender. Mails ask for an answer only if it is set.
    pub reply_to: Option<Sender>,
    /// A directory with templates that replace built-in ones.
    pub templates: Option<PathBuf>,
    /// A PEM file with certificates to trust besides the system's.
    pub root_certificate: Option<PathBuf>,
    /// How long one mail may take: more than nothing, at most [`SmtpMailer::MAX_TIME`].
    pub time_limit: Duration,
}

impl MailSettings {
    /// Settings with defaults for everything else.
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
            time_limit: SmtpMailer::MAX_TIME,
        }
    }
}

/// Why there is no transport. Each is one line.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// See [`TemplateError`].
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// See [`TlsError`].
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// SMTP without a sender.
    #[error("mail by SMTP needs a sender, such as Accounts <accounts@example.com>")]
    NoSender,
    /// A time limit out of range.
    #[error("a mail may take more than 0 and at most 60 seconds")]
    TimeLimit,
    /// The directory for files is none.
    #[error("mails cannot be written to {}: {error}", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// The transport of these settings. Reads templates and certificates; connects to nothing yet, so that a service starts
/// while its mail server is down.
///
/// # Errors
/// [`ConnectError`] says what to mend.
pub fn connect(settings: MailSettings, clock: Arc<dyn Clock>) -> Result<Arc<dyn Mailer>, ConnectError> {
    if settings.time_limit.is_zero() || settings.time_limit > SmtpMailer::MAX_TIME {
        return Err(ConnectError::TimeLimit);
    }
    // Also for the log, which has words of its own: mistakes in templates are better found on the developer's machine.
    let templates = Templates::load(settings.templates.as_deref())?;
    let links = Links::below(&settings.public_url);
    let composer = |sender| {
        let MailSettings { service, reply_to, .. } = settings.clone();
        Composer::new(templates, Letter { links: links.clone(), service, sender, reply_to }, clock)
    };
    match settings.url.clone() {
        MailUrl::Log => Ok(Arc::new(LogMailer::new(links))),
        MailUrl::File(path) => {
            let composer = composer(settings.sender.clone().unwrap_or_else(Sender::local));
            let mailer = FileMailer::new(composer, path.clone());
            Ok(Arc::new(mailer.map_err(|error| ConnectError::Directory { path, error })?))
        }
        MailUrl::Smtp(server) => {
            let composer = composer(settings.sender.clone().ok_or(ConnectError::NoSender)?);
            let root_certificate = settings.root_certificate.as_deref();
            Ok(Arc::new(SmtpMailer::new(composer, server, root_certificate, settings.time_limit)?))
        }
    }
}

//! The transports, and how they are made. A new transport has a file below, a line in `connect`, and a form in `MailUrl`.

mod file;
mod log;
mod smtp;

use std::{io, path::PathBuf, sync::Arc};

use denizen_services::{Clock, Mailer};

pub use self::{
    file::FileMailer,
    log::LogMailer,
    smtp::{SmtpMailer, TlsError},
};
use crate::{
    compose::Composer,
    settings::{MailSettings, MailUrl},
    templates::TemplateError,
};

/// Why a transport cannot be made. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The templates cannot be used.
    #[error(transparent)]
    Templates(#[from] TemplateError),
    /// The trusted certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The sender is not set, and the transport is SMTP.
    #[error("mail by SMTP needs a sender, such as Accounts <accounts@example.com>")]
    NoSender,
    /// The time limit is out of range.
    #[error("a mail may take more than 0 and at most 60 seconds")]
    TimeLimit,
    /// The directory for files does not exist and cannot be created.
    #[error("mails cannot be written to {}: {error}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
}

/// Makes the transport of these settings. Reads templates and certificates, but connects to no server, so that a service
/// starts while its mail server is down.
///
/// # Errors
/// Returns a [`TransportError`] if the settings, a template or a certificate cannot be used.
pub fn connect(settings: MailSettings, clock: Arc<dyn Clock>) -> Result<Arc<dyn Mailer>, TransportError> {
    let MailSettings { time_limit, .. } = settings;
    if time_limit.is_zero() || time_limit > MailSettings::MAX_TIME {
        return Err(TransportError::TimeLimit);
    }
    let composer = Composer::new(&settings, clock)?;
    Ok(match settings.url {
        MailUrl::Log => Arc::new(LogMailer::new(composer)),
        MailUrl::File(path) => {
            let mailer = FileMailer::new(composer, path.clone());
            Arc::new(mailer.map_err(|error| TransportError::Directory { path, error })?)
        }
        MailUrl::Smtp(_) if settings.sender.is_none() => return Err(TransportError::NoSender),
        MailUrl::Smtp(server) => {
            Arc::new(SmtpMailer::new(composer, server, settings.root_certificate.as_deref(), time_limit)?)
        }
    })
}

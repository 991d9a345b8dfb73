//! # Mail transports
//!
//! A transport implements [`denizen_services::Mailer`]: it renders a [`denizen_services::Mail`] and sends it. The services
//! choose the content and the recipient; subject, text and links are made here.
//!
//! | transport | setting | effect |
//! |---|---|---|
//! | [`LogMailer`] | `log` | writes every mail into the log, for developers |
//! | [`FileMailer`] | `file:DIRECTORY` | writes every mail as an `.eml` file |
//! | [`SmtpMailer`] | `smtp://HOST`, `smtps://HOST` | sends every mail to a mail server |
//!
//! [`connect`] makes the transport of a configuration:
//!
//! ```
//! use std::sync::Arc;
//!
//! use denizen_mail::{MailSettings, connect};
//! use denizen_services::SystemClock;
//!
//! let settings = MailSettings {
//!     service: "Example".to_owned(),
//!     sender: Some("Example accounts <accounts@example.com>".parse()?),
//!     ..MailSettings::new("smtps://accounts:p%40ss@mail.example.com".parse()?, "https://accounts.example.com")
//! };
//! assert_eq!(settings.url.to_string(), "smtps://accounts:…@mail.example.com:465");
//! assert_eq!(settings.url.refused_in_production(), None);
//! let mailer = connect(settings, Arc::new(SystemClock))?;
//! # drop(mailer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Templates
//!
//! Every mail has three templates, for the subject, the text and the HTML part: `password_reset.subject.txt`,
//! `password_reset.txt` and `password_reset.html`. All texts share `layout.txt`, and all HTML parts share `layout.html`. An
//! operator replaces a template by a file of the same name in a directory ([`MailSettings::templates`]). The values:
//!
//! | value | in | meaning |
//! |---|---|---|
//! | `service` | all templates | the name of the service |
//! | `url` | all templates | its public URL, without a slash at the end |
//! | `name` | all templates | the first name of the recipient, or an empty text |
//! | `reply_to` | all templates | the e-mail address for answers, or none |
//! | `username` | `invitation` | the name of the account |
//! | `link` | mails with a link; not in subjects | the page with the token |
//! | `valid_for` | mails with a link; not in subjects | how long the link works, such as "30 minutes" |
//! | `at` | the other mails; not in subjects | the time of the event (UTC) |
//! | `ip` | the other mails; not in subjects | the IP address that caused the event, or none |

#![deny(missing_docs)]

mod compose;
mod display_name;
mod durations;
mod link;
mod sender;
mod settings;
mod templates;
mod transport;
mod url;

pub use crate::{
    link::Links,
    sender::{InvalidSender, Sender},
    settings::{InvalidMailUrl, MailSettings, MailUrl},
    templates::{TemplateError, Templates},
    transport::{FileMailer, LogMailer, SmtpMailer, TlsError, TransportError, connect},
    url::{Encryption, InvalidSmtpUrl, SmtpServer, is_loopback},
};

//! # Mail transports
//!
//! A transport implements [`denizen_services::Mailer`]: it words a [`denizen_services::Mail`] and hands it on. The
//! services say *what* is mailed and to whom; subject, text and links are made here.
//!
//! | transport | setting | what it does |
//! |---|---|---|
//! | [`LogMailer`] | `log` | shows every mail in the log, for developers |
//! | [`FileMailer`] | `file:DIRECTORY` | writes every mail as an `.eml` file |
//! | [`SmtpMailer`] | `smtp://HOST`, `smtps://HOST` | hands every mail to a mail server |
//!
//! [`connect`] makes the one that a configuration asks for:
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
//! assert!(settings.url.delivers_privately());
//! let mailer = connect(settings, Arc::new(SystemClock))?;
//! # drop(mailer);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Words
//!
//! Every mail is made of three templates, for the subject, the text and the HTML part: `password_reset.subject.txt`,
//! `password_reset.txt` and `password_reset.html`. The two kinds of parts share `layout.txt` and `layout.html`. An operator
//! puts a file of the same name into a directory ([`MailSettings::templates`]) to replace one. These values are there:
//!
//! | value | where | what |
//! |---|---|---|
//! | `service` | everywhere | what the service is called |
//! | `url` | everywhere | its public URL, without a slash at the end |
//! | `name` | everywhere | the first name of the person, or an empty text |
//! | `reply_to` | everywhere | where answers are read, or none |
//! | `username` | `invitation`, `confirm_sign_up` | the name of the account |
//! | `link` | in mails with something to do; not in subjects | the page with the token |
//! | `valid_for` | the same | how long it works, such as "30 minutes" |
//! | `at` | `password_changed`, `email_changed`, `account_exists`, `test`; not in subjects | when (UTC) |
//! | `ip` | the same | from which address, or none |

#![deny(missing_docs)]

mod compose;
mod file;
mod link;
mod log;
mod person;
mod sender;
mod settings;
mod smtp;
mod templates;
mod url;
mod words;

pub use crate::{
    compose::{Composer, Letter},
    file::FileMailer,
    link::Links,
    log::LogMailer,
    sender::{InvalidSender, Sender},
    settings::{ConnectError, MailSettings, connect},
    smtp::{SmtpMailer, TlsError},
    templates::{TemplateError, Templates},
    url::{Encryption, InvalidMailUrl, MailUrl, SmtpServer, is_loopback},
};

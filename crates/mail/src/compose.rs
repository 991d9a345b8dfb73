//! Composes messages as they travel (RFC 5322 and MIME).

use std::{sync::Arc, time::SystemTime};

use denizen_models::{EmailAddress, text};
use denizen_services::{Clock, Mail, MailError, MailMessage};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, HeaderName, HeaderValue},
    },
};
use minijinja::Value;

use crate::{
    display_name::display_name,
    link::Links,
    sender::Sender,
    settings::MailSettings,
    templates::{
        RenderedMail, TemplateError, Templates, link_template, link_values, notice_template, notice_values,
        shared_values,
    },
};

/// Renders mails and composes messages from them.
pub(crate) struct Composer {
    templates: Templates,
    /// The values that all mails share.
    shared: Value,
    links: Links,
    sender: Sender,
    reply_to: Option<Sender>,
    clock: Arc<dyn Clock>,
}

impl Composer {
    /// Loads the templates. The clock gives the `Date`.
    ///
    /// # Errors
    /// Returns a [`TemplateError`] if a template cannot be used.
    pub(crate) fn new(settings: &MailSettings, clock: Arc<dyn Clock>) -> Result<Self, TemplateError> {
        let links = Links::below(&settings.public_url);
        let reply_to = settings.reply_to.clone();
        // The service is named by an operator, so it may be a host name: `display_name` would drop it.
        let service = text::single_line(&settings.service);
        Ok(Self {
            templates: Templates::load(settings.templates.as_deref())?,
            shared: shared_values(&service, links.home(), reply_to.as_ref().map(ToString::to_string)),
            links,
            sender: settings.sender.clone().unwrap_or_else(Sender::local),
            reply_to,
            clock,
        })
    }

    pub(crate) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    /// Returns subject, text and HTML part of `mail`.
    ///
    /// # Errors
    /// Returns [`MailError::Temporary`] if a template fails, which an operator can repair.
    pub(crate) fn render(&self, mail: &Mail) -> Result<RenderedMail, MailError> {
        let (name, username, values) = match &mail.message {
            MailMessage::Link { template, token, valid_for } => {
                let (name, page, username) = link_template(template);
                (name, username, link_values(&self.links.to(page, token), *valid_for))
            }
            MailMessage::Notice { template, at, ip } => {
                (notice_template(*template), None, notice_values(*at, *ip))
            }
        };
        let display_name = display_name(&mail.name);
        self.templates.render(name, &self.shared, &display_name, username, &values).map_err(|error| {
            MailError::Temporary(match error {
                // Without the reason, which may quote values: a token is one of them.
                TemplateError::Broken { file, line, .. } => {
                    format!("the mail template {file} fails in line {line}").into()
                }
                TemplateError::Read { .. } | TemplateError::Unknown { .. } | TemplateError::NoLink(_) => {
                    "the mail templates fail".into()
                }
            })
        })
    }

    /// Returns the message for `mail`. It is 7-bit, with lines of fewer than 1,000 characters.
    ///
    /// # Errors
    /// Returns [`MailError::Temporary`] if a template fails, and [`MailError::Permanent`] if the e-mail address cannot be
    /// used in SMTP.
    pub(crate) fn compose(&self, mail: &Mail) -> Result<Message, MailError> {
        let failed = |error| MailError::Temporary(format!("the mail cannot be put together: {error}").into());
        let RenderedMail { subject, text, html, .. } = self.render(mail)?;
        let id = identifier(&mail.id);
        let email = smtp_address(&mail.to)?;
        // Set, not read from the headers: lettre does not understand every e-mail address that it writes there.
        let envelope =
            Envelope::new(Some(self.sender.mailbox().email), vec![email.clone()]).map_err(failed)?;
        let to = Mailbox::new(Some(display_name(&mail.name)).filter(|name| !name.is_empty()), email);
        let mut message = Message::builder()
            .envelope(envelope)
            .date(SystemTime::from(self.clock.now()))
            .from(self.sender.mailbox())
            .to(to)
            .subject(subject)
            .message_id(Some(format!("<{id}@{}>", self.links.host())))
            // RFC 3834: asks for no automatic replies.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(reply_to) = &self.reply_to {
            message = message.reply_to(reply_to.mailbox());
        }
        // A boundary derived from the mail makes mails reproducible. No value has line breaks, so only a template could
        // contain the boundary at the start of a line.
        let parts = MultiPart::alternative()
            .boundary(format!("=_denizen_{id}"))
            .singlepart(SinglePart::plain(body(text)))
            .singlepart(SinglePart::html(body(html)));
        message.multipart(parts).map_err(failed)
    }
}

/// Returns `text` unencoded where possible, so that the source of a mail shows whole links. lettre would encode each line
/// of more than 76 characters; SMTP allows 998 (RFC 5322, section 2.1.1).
fn body(text: String) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= 998) {
        let lines = text.replace('\n', "\r\n");
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}

/// Returns the left side of a `Message-ID`, also safe in a file name: other characters become hyphens.
pub(crate) fn identifier(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}

/// Returns the e-mail address as SMTP wants it. Our rule (that of browsers) allows dots anywhere before the `@`; where SMTP
/// does not, the part is quoted (RFC 5321, section 4.1.2), which names the same mailbox.
fn smtp_address(to: &EmailAddress) -> Result<Address, MailError> {
    let refused = || MailError::Permanent("the e-mail address cannot be used in SMTP".into());
    let (user, domain) = to.as_str().rsplit_once('@').ok_or_else(refused)?;
    Address::new(user, domain).or_else(|_| Address::new(format!("\"{user}\""), domain)).map_err(|_| refused())
}

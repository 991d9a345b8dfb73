//! From what is to be said to a message as it travels (RFC 5322 and MIME).

use std::{fmt, sync::Arc, time::SystemTime};

use denizen_models::EmailAddress;
use denizen_services::{Clock, Mail, MailError, MailMessage};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Body, Mailbox, MultiPart, SinglePart,
        header::{ContentTransferEncoding, HeaderName, HeaderValue},
    },
};

use crate::{
    link::{Links, Page},
    person::{one_line, presentable},
    sender::Sender,
    templates::{Content, Letterhead, TemplateError, Templates},
};

/// Who writes, and in whose name.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Where the pages behind the links are.
    pub links: Links,
    /// What the service is called in subjects and texts.
    pub service: String,
    /// The `From` of every mail, and where a mail server returns what it cannot deliver.
    pub sender: Sender,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<Sender>,
}

/// Words mails and puts them into the form in which they travel.
pub struct Composer {
    templates: Templates,
    letter: Letter,
    head: Letterhead,
    clock: Arc<dyn Clock>,
}

impl Composer {
    /// A composer with these words. The clock gives the `Date`.
    #[must_use]
    pub fn new(templates: Templates, letter: Letter, clock: Arc<dyn Clock>) -> Self {
        let head = Letterhead {
            // An operator chose it, and may call the service like its site.
            service: one_line(&letter.service),
            url: letter.links.home().to_owned(),
            reply_to: letter.reply_to.as_ref().map(ToString::to_string),
        };
        Self { templates, letter, head, clock }
    }

    pub(crate) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.clock.now()
    }

    pub(crate) fn links(&self) -> &Links {
        &self.letter.links
    }

    /// The message for `mail`. All of it is 7-bit, with lines of fewer than 1,000 characters.
    ///
    /// # Errors
    /// Temporary if a template fails, which an operator can mend; permanent if the address cannot be used in SMTP.
    pub(crate) fn compose(&self, mail: &Mail) -> Result<Message, MailError> {
        let (name, content) = self.content(&mail.message);
        let person = presentable(&mail.name);
        let wording =
            self.templates.word(name, &self.head, &person, &content).map_err(|error| match error {
                // Without the reason, which may quote values: a token is one of them.
                TemplateError::Broken { file, line, .. } => {
                    MailError::Temporary(format!("the mail template {file} fails in line {line}").into())
                }
                TemplateError::Read { .. } | TemplateError::Unknown { .. } | TemplateError::NoLink(_) => {
                    MailError::Temporary("the mail templates fail".into())
                }
            })?;
        let id = identifier(&mail.id);
        let address = address(&mail.to)?;
        // Said, not read from the headers: lettre does not understand every address there that it has written itself.
        let envelope =
            Envelope::new(Some(self.letter.sender.address()), vec![address.clone()]).map_err(|error| {
                MailError::Temporary(format!("the mail cannot be put together: {error}").into())
            })?;
        let to = Mailbox::new(Some(person).filter(|person| !person.is_empty()), address);
        let mut message = Message::builder()
            .envelope(envelope)
            .date(SystemTime::from(self.clock.now()))
            .from(self.letter.sender.mailbox())
            .to(to)
            .subject(wording.subject)
            .message_id(Some(format!("<{id}@{}>", self.letter.links.host())))
            // RFC 3834: nobody's holiday answer to this, please.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(reply_to) = &self.letter.reply_to {
            message = message.reply_to(reply_to.mailbox());
        }
        // A boundary that a mail determines makes mails reproducible. That it occurs at the start of a line of a part is
        // up to the templates alone: no value has line breaks.
        let parts = MultiPart::alternative().boundary(format!("=_denizen_{id}"));
        message
            .multipart(
                parts
                    .singlepart(SinglePart::plain(body(wording.text)))
                    .singlepart(SinglePart::html(body(wording.html))),
            )
            .map_err(|error| MailError::Temporary(format!("the mail cannot be put together: {error}").into()))
    }

    fn content<'a>(&self, message: &'a MailMessage) -> (&'static str, Content<'a>) {
        let link = |page, token: &denizen_services::Token| self.letter.links.to(page, token.expose());
        match message {
            MailMessage::PasswordReset { token, valid_for } => {
                let link = link(Page::ResetPassword, token);
                ("password_reset", Content::Link { link, valid_for: *valid_for, username: None })
            }
            MailMessage::Invitation { username, token, valid_for } => {
                let (link, username) = (link(Page::AcceptInvitation, token), Some(username.as_str()));
                ("invitation", Content::Link { link, valid_for: *valid_for, username })
            }
            MailMessage::ConfirmSignUp { username, token, valid_for } => {
                let (link, username) = (link(Page::VerifyEmail, token), Some(username.as_str()));
                ("confirm_sign_up", Content::Link { link, valid_for: *valid_for, username })
            }
            MailMessage::VerifyEmail { token, valid_for } => {
                let link = link(Page::VerifyEmail, token);
                ("verify_email", Content::Link { link, valid_for: *valid_for, username: None })
            }
            MailMessage::ConfirmEmailChange { token, valid_for } => {
                let link = link(Page::ConfirmEmailChange, token);
                ("confirm_email_change", Content::Link { link, valid_for: *valid_for, username: None })
            }
            MailMessage::PasswordChanged { at, ip } => {
                ("password_changed", Content::Notice { at: *at, ip: *ip })
            }
            MailMessage::AccountExists { at, ip } => ("account_exists", Content::Notice { at: *at, ip: *ip }),
            MailMessage::EmailChanged { at, ip } => ("email_changed", Content::Notice { at: *at, ip: *ip }),
            MailMessage::Test { at } => ("test", Content::Notice { at: *at, ip: None }),
        }
    }
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").field("letter", &self.letter).finish_non_exhaustive()
    }
}

/// Text goes as it is, if it can: a developer who opens the file, or an operator the mail's source, sees whole links. lettre
/// would encode each line of more than 76 characters; what SMTP demands is less than 999 (RFC 5322, section 2.1.1).
fn body(text: String) -> Body {
    if text.is_ascii() && text.lines().all(|line| line.len() <= 998) {
        let lines = text.replace('\n', "\r\n");
        Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit)
    } else {
        Body::new(text)
    }
}

/// The left side of a `Message-ID`. Whatever has no place there, or in a file name, becomes a hyphen.
pub(crate) fn identifier(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}

/// Our rule for addresses (that of browsers) allows dots anywhere in the part before the `@`. SMTP wants quotes around
/// such a one (RFC 5321, section 4.1.2), which mean the same mailbox.
fn address(to: &EmailAddress) -> Result<Address, MailError> {
    let refused = || MailError::Permanent("the address cannot be used in SMTP".into());
    let (user, domain) = to.as_str().rsplit_once('@').ok_or_else(refused)?;
    Address::new(user, domain).or_else(|_| Address::new(format!("\"{user}\""), domain)).map_err(|_| refused())
}

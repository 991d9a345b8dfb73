//! The templates of mails, and how an operator replaces them.

use std::{
    fs, io,
    net::{IpAddr, Ipv6Addr},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Duration, Utc};
use denizen_models::text;
use denizen_services::{LinkTemplate, NoticeTemplate};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, context, syntax::SyntaxConfig};

use crate::{durations::in_words, link::ACCEPT_INVITATION};

/// Declares all kinds of mails. `Variant(username) => "name", "page"` has the name of an account; its files are
/// `name.subject.txt`, `name.txt` and `name.html`, and its link leads to `page`.
macro_rules! built_in {
    (
        links { $($link:ident $(($username:ident))? => $link_name:literal, $page:expr;)* }
        notices { $($notice:ident => $notice_name:literal;)* }
    ) => {
        built_in! { files $($link_name)* $($notice_name)* }

        /// The mails with a link, and a name of an account for those that have one.
        const LINKS: &[(&str, Option<&str>)] =
            &[$(($link_name, [$(stringify!($username))?].as_slice().first().copied())),*];

        /// The mails without a link.
        const NOTICES: &[&str] = &[$($notice_name),*];

        /// Returns the name of the template, the page behind the link and the name of the account.
        pub(crate) fn link_template(template: &LinkTemplate) -> (&'static str, &'static str, Option<&str>) {
            match template {
                $(LinkTemplate::$link $(($username))? => ($link_name, $page, None$(.or(Some($username.as_str())))?),)*
            }
        }

        /// Returns the name of the template.
        pub(crate) const fn notice_template(template: NoticeTemplate) -> &'static str {
            match template {
                $(NoticeTemplate::$notice => $notice_name,)*
            }
        }
    };
    (files $($name:literal)*) => {
        const FILES: &[(&str, &str)] = &[
            ("layout.txt", include_str!("../templates/layout.txt")),
            ("layout.html", include_str!("../templates/layout.html")),
            $(
                (concat!($name, ".subject.txt"), include_str!(concat!("../templates/", $name, ".subject.txt"))),
                (concat!($name, ".txt"), include_str!(concat!("../templates/", $name, ".txt"))),
                (concat!($name, ".html"), include_str!(concat!("../templates/", $name, ".html"))),
            )*
        ];
    };
}

built_in! {
    links {
        PasswordReset => "password_reset", "reset-password";
        Invitation(username) => "invitation", ACCEPT_INVITATION;
        ConfirmSignUp(username) => "confirm_sign_up", "verify-email";
        VerifyEmail => "verify_email", "verify-email";
        ConfirmEmailChange => "confirm_email_change", "confirm-email-change";
    }
    notices {
        PasswordChanged => "password_changed";
        AccountExists => "account_exists";
        EmailChanged => "email_changed";
        AccountDeleted => "account_deleted";
        Test => "test";
    }
}

/// The token in the link of a trial rendering. Unlike the link, it looks the same in HTML, where slashes are escaped.
const SAMPLE_TOKEN: &str = "0123456789abcdef";

/// Why templates cannot be used. Each message is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The directory or a file in it cannot be read.
    #[error("mail templates: {}: {error}", path.display())]
    Read {
        /// The directory or file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The directory contains a file that replaces no template, such as a misspelt name.
    #[error("mail templates: {} is none of the files that can be replaced: {}", path.display(), known())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// A template is not well formed, or uses a value that its mail does not have.
    #[error("mail templates: {file}, line {line}: {reason}")]
    Broken {
        /// The file, without its directory.
        file: String,
        /// The line, starting at 1.
        line: usize,
        /// The mistake.
        reason: String,
    },
    /// A template does not contain the link that is the purpose of its mail.
    #[error("mail templates: {0} does not contain {{{{ link }}}}, without which the mail is of no use")]
    NoLink(String),
}

fn known() -> String {
    FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Returns the values that all mails of a service share.
pub(crate) fn shared_values(service: &str, url: &str, reply_to: Option<String>) -> Value {
    context! { service, url, reply_to }
}

/// Returns the values of a mail with a link.
pub(crate) fn link_values(link: &str, valid_for: Duration) -> Value {
    context! { link, valid_for => in_words(valid_for) }
}

/// Returns the values of a mail about an event.
pub(crate) fn notice_values(at: DateTime<Utc>, ip: Option<IpAddr>) -> Value {
    context! { at => at.format("%F at %T UTC").to_string(), ip => ip.map(|ip| ip.to_string()) }
}

/// A rendered mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RenderedMail {
    /// The name of the template.
    pub name: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The templates of all mails: those built in, or an operator's instead.
///
/// They are [minijinja](https://docs.rs/minijinja) templates. Values in files that end in `.html` are escaped. A value that
/// a mail does not have is an error, never an empty text; [`Templates::load`] finds it.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    /// Loads the built-in templates, each replaced by the file of the same name in `directory`, if there is one. Every
    /// mail is rendered once with sample values, so that a mistake is found now and not in the first mail. Names that
    /// begin with a dot are ignored.
    ///
    /// # Errors
    /// Returns a [`TemplateError`] that names the file and the line.
    pub fn load(directory: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Jinja's own tags, but a line break after a tag is not part of the mail.
        match SyntaxConfig::builder().trim_blocks(true).build() {
            Ok(syntax) => environment.set_syntax(syntax),
            Err(error) => return Err(broken("syntax", &error)),
        }
        let replaced = directory.map_or_else(|| Ok(Vec::new()), read)?;
        let built_in = FILES.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned()));
        for (name, source) in built_in.chain(replaced) {
            environment.add_template_owned(name.clone(), source).map_err(|error| broken(&name, &error))?;
        }
        let templates = Self(environment);
        templates.try_out()?;
        Ok(templates)
    }

    /// Renders every mail twice: with all optional values, and without.
    fn try_out(&self) -> Result<(), TemplateError> {
        for full in [true, false] {
            let reply_to = full.then(|| "help@example.com".to_owned());
            let shared = shared_values("Service", "https://example.com", reply_to);
            let display_name = if full { "Ada" } else { "" };
            let link = format!("https://example.com/page?token={SAMPLE_TOKEN}");
            let values = link_values(&link, Duration::minutes(30));
            for (name, username) in LINKS {
                let mail = self.render(name, &shared, display_name, *username, &values)?;
                for (part, suffix) in [(mail.text, "txt"), (mail.html, "html")] {
                    if !part.contains(SAMPLE_TOKEN) {
                        return Err(TemplateError::NoLink(format!("{name}.{suffix}")));
                    }
                }
            }
            let ip = full.then_some(IpAddr::V6(Ipv6Addr::LOCALHOST));
            let values = notice_values(DateTime::UNIX_EPOCH, ip);
            for name in NOTICES {
                self.render(name, &shared, display_name, None, &values)?;
            }
        }
        Ok(())
    }

    /// Renders the mail `name` to a recipient whose display name may be empty. The `username` is the name of the account
    /// if the recipient may not know it; `values` are those of this mail alone.
    ///
    /// # Errors
    /// Returns [`TemplateError::Broken`] if a template fails. Its reason may contain values: it is for
    /// [`Templates::load`] only.
    pub(crate) fn render(
        &self,
        name: &str,
        shared: &Value,
        display_name: &str,
        username: Option<&str>,
        values: &Value,
    ) -> Result<RenderedMail, TemplateError> {
        let shared = context! { name => display_name, ..shared.clone() };
        let in_subject = match username {
            Some(username) => context! { username, ..shared },
            None => shared,
        };
        // Not in subjects: locked screens show them, and mail servers log them.
        let in_parts = context! { ..values.clone(), ..in_subject.clone() };
        let part = |suffix: &str, values: &Value| {
            let file = format!("{name}.{suffix}");
            let rendered = self.0.get_template(&file).and_then(|template| template.render(values));
            rendered.map_err(|error| broken(&file, &error))
        };
        Ok(RenderedMail {
            name: name.to_owned(),
            subject: text::single_line(&part("subject.txt", &in_subject)?),
            text: normalize(&part("txt", &in_parts)?),
            html: normalize(&part("html", &in_parts)?),
        })
    }
}

fn read(directory: &Path) -> Result<Vec<(String, String)>, TemplateError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |error| TemplateError::Read { path, error }
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed(directory))? {
        let path = entry.map_err(failed(directory))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Kubernetes mounts entries like `..data` beside the files.
        if name.starts_with('.') {
            continue;
        }
        if !FILES.iter().any(|(known, _)| *known == name) {
            return Err(TemplateError::Unknown { path });
        }
        let source = fs::read_to_string(&path).map_err(failed(&path))?;
        files.push((name, source));
    }
    Ok(files)
}

/// Converts an error, taking the place from the innermost one: an error in a layout occurs in a mail that extends it.
fn broken(file: &str, error: &minijinja::Error) -> TemplateError {
    let source =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<minijinja::Error>());
    if let Some(source) = source.filter(|source| source.name().is_some()) {
        return broken(file, source);
    }
    let reason = match (error.kind(), error.detail()) {
        (kind, None) => kind.to_string(),
        (ErrorKind::SyntaxError, Some(detail)) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
    };
    let file = error.name().unwrap_or(file).to_owned();
    TemplateError::Broken { file, line: error.line().unwrap_or(1), reason }
}

/// Returns `text` with `\n` as line breaks, one of them at the end, and no other control characters but tabs: SMTP
/// smuggling needs a lone carriage return. Bidirectional marks stay, because templates in some languages need them; names
/// are free of them.
fn normalize(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| {
        line.chars().filter(|c| *c == '\t' || !c.is_control()).collect::<String>().trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

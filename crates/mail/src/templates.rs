//! The words of mails, and how an operator replaces them.

use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Duration, Utc};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, Value, context, syntax::SyntaxConfig};

use crate::words::in_words;

/// The files with the built-in words of the mails named, each with a subject, a text and an HTML part, and their layouts.
macro_rules! built_in {
    ($($name:literal: $content:ident),* $(,)?) => {
        const FILES: &[(&str, &str)] = &[
            ("layout.txt", include_str!("../templates/layout.txt")),
            ("layout.html", include_str!("../templates/layout.html")),
            $(
                (concat!($name, ".subject.txt"), include_str!(concat!("../templates/", $name, ".subject.txt"))),
                (concat!($name, ".txt"), include_str!(concat!("../templates/", $name, ".txt"))),
                (concat!($name, ".html"), include_str!(concat!("../templates/", $name, ".html"))),
            )*
        ];
        const SAMPLES: &[(&str, fn(bool) -> Content<'static>)] = &[$(($name, samples::$content)),*];
    };
}

built_in! {
    "password_reset": link,
    "password_changed": notice,
    "invitation": link_to_account,
    "confirm_sign_up": link_to_account,
    "account_exists": notice,
    "verify_email": link,
    "confirm_email_change": link,
    "email_changed": notice,
    "test": notice,
}

/// Why templates cannot be used. Each is one line that names the file.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The directory or a file in it cannot be read.
    #[error("mail templates: {}: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file that replaces nothing, such as a misspelt one.
    #[error("mail templates: {} is none of the files that can be replaced: {}", path.display(), known())]
    Unknown {
        /// Which.
        path: PathBuf,
    },
    /// A template that is not well formed, or uses a value that its mail does not have.
    #[error("mail templates: {file}, line {line}: {reason}")]
    Broken {
        /// Its name, without the directory.
        file: String,
        /// Where, starting at 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A mail whose purpose is a link, without the link.
    #[error("mail templates: {0} does not contain {{{{ link }}}}, without which the mail is of no use")]
    NoLink(String),
}

fn known() -> String {
    FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// What differs from mail to mail of a kind.
pub(crate) enum Content<'a> {
    /// Something to do, with the page where to do it and, if there is no user yet, the name of the account.
    Link { link: String, valid_for: Duration, username: Option<&'a str> },
    /// Something to know.
    Notice { at: DateTime<Utc>, ip: Option<IpAddr> },
}

/// What is the same in all mails of a service.
#[derive(Debug, Clone, Default)]
pub(crate) struct Letterhead {
    pub service: String,
    pub url: String,
    pub reply_to: Option<String>,
}

/// A worded mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wording {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The words of all mails: those built in, or an operator's instead.
///
/// Templates are [minijinja](https://docs.rs/minijinja)'s. Values in files that end in `.html` are escaped. A value that
/// a mail does not have is an error, never an empty text; [`Templates::load`] finds it.
#[derive(Debug)]
pub struct Templates(Environment<'static>);

impl Templates {
    /// Takes the built-in words, each file of which is replaced by the one of the same name in `directory`, if it is
    /// there. Everything is rendered once with made-up values, so that a mistake is found now and not in the first mail.
    /// Names that begin with a dot are passed over.
    ///
    /// # Errors
    /// [`TemplateError`] names the file and the line.
    pub fn load(directory: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Jinja's own tags; only that a line break after one is none of the mail's.
        match SyntaxConfig::builder().trim_blocks(true).build() {
            Ok(syntax) => environment.set_syntax(syntax),
            Err(error) => return Err(broken("syntax", &error)),
        }
        let mut replaced = directory.map_or_else(|| Ok(Vec::new()), read)?;
        for (name, built_in) in FILES {
            let own =
                replaced.iter().position(|(own, _)| own == name).map(|index| replaced.swap_remove(index).1);
            let source = own.unwrap_or_else(|| (*built_in).to_owned());
            environment.add_template_owned(*name, source).map_err(|error| broken(name, &error))?;
        }
        let templates = Self(environment);
        templates.try_out()?;
        Ok(templates)
    }

    /// Renders everything twice: with all that a mail may have, and without what it may lack.
    fn try_out(&self) -> Result<(), TemplateError> {
        for ((name, sample), full) in SAMPLES.iter().flat_map(|sample| [(sample, true), (sample, false)]) {
            let letterhead = Letterhead {
                service: "Service".to_owned(),
                url: "https://example.com".to_owned(),
                reply_to: full.then(|| "help@example.com".to_owned()),
            };
            let content = sample(full);
            let wording = self.word(name, &letterhead, if full { "Ada" } else { "" }, &content)?;
            if let Content::Link { .. } = content {
                for (part, suffix) in [(&wording.text, "txt"), (&wording.html, "html")] {
                    if !part.contains(samples::TOKEN) {
                        return Err(TemplateError::NoLink(format!("{name}.{suffix}")));
                    }
                }
            }
        }
        Ok(())
    }

    /// Words a mail of the kind `name` to `person`, who may have no name.
    ///
    /// # Errors
    /// The template is broken. The error's reason may contain values: it is for [`Templates::load`] only.
    pub(crate) fn word(
        &self,
        name: &str,
        letterhead: &Letterhead,
        person: &str,
        content: &Content<'_>,
    ) -> Result<Wording, TemplateError> {
        let Letterhead { service, url, reply_to } = letterhead;
        let head = context! { service, url, reply_to, name => person };
        // No link in subjects: they are shown on locked screens, and logged by mail servers.
        let (in_subject, in_parts) = match content {
            Content::Link { link, valid_for, username: None } => {
                (context! {}, context! { link, valid_for => in_words(*valid_for) })
            }
            Content::Link { link, valid_for, username } => {
                (context! { username }, context! { username, link, valid_for => in_words(*valid_for) })
            }
            Content::Notice { at, ip } => {
                let ip = ip.map(|ip| ip.to_string());
                (context! {}, context! { at => at.format("%F at %T UTC").to_string(), ip })
            }
        };
        let part = |suffix: &str, values: &Value| {
            let file = format!("{name}.{suffix}");
            self.0
                .get_template(&file)
                .and_then(|template| template.render(context! { ..values.clone(), ..head.clone() }))
                .map_err(|error| broken(&file, &error))
        };
        Ok(Wording {
            subject: one_line(&part("subject.txt", &in_subject)?),
            text: tidy(&part("txt", &in_parts)?),
            html: tidy(&part("html", &in_parts)?),
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
        // What Kubernetes mounts has entries like `..data` beside the files.
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

/// An error in a layout is met while a mail is rendered, and in a mail that extends it: the innermost error has the place.
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

/// White space of any kind, line breaks first of all, becomes single spaces: a subject cannot begin another header.
fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Line breaks are `\n` and nothing else is a control character, least of all a lone carriage return (the stuff that
/// SMTP smuggling is made of). One line break at the end.
fn tidy(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| {
        line.chars().filter(|c| *c == '\t' || !c.is_control()).collect::<String>().trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// Made-up values to try templates with: all that a mail of a kind may have, or as little as possible.
mod samples {
    use std::net::{IpAddr, Ipv6Addr};

    use chrono::{DateTime, Duration};

    use super::Content;

    /// The part of the link that looks the same in HTML, where slashes are escaped.
    pub(super) const TOKEN: &str = "0123456789abcdef";

    pub(super) fn link(_full: bool) -> Content<'static> {
        let link = format!("https://example.com/page?token={TOKEN}");
        Content::Link { link, valid_for: Duration::minutes(30), username: None }
    }

    pub(super) fn link_to_account(_full: bool) -> Content<'static> {
        let link = format!("https://example.com/page?token={TOKEN}");
        Content::Link { link, valid_for: Duration::minutes(30), username: Some("ada") }
    }

    pub(super) fn notice(full: bool) -> Content<'static> {
        Content::Notice { at: DateTime::UNIX_EPOCH, ip: full.then_some(IpAddr::V6(Ipv6Addr::LOCALHOST)) }
    }
}

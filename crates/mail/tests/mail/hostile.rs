//! Nothing that people or operators write becomes a header, a command or markup.

use std::fs;

use denizen_mail::{MailSettings, Sender};
use denizen_models::EmailAddress;
use denizen_services::{Mail, MailMessage, NoticeTemplate};
use denizen_testkit::{Letter, SmtpSecurity, SmtpServer};
use tempfile::TempDir;

use crate::support::{LONG, notice, password_reset, settings, smtp_mailer, written};

/// The names of all fields in the header, in order.
fn field_names(raw: &str) -> Vec<&str> {
    let header = raw.split("\r\n\r\n").next().unwrap();
    let lines = header.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    lines.map(|line| line.split(':').next().unwrap()).collect()
}

const FIELDS: [&str; 8] =
    ["Date", "From", "To", "Subject", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"];

/// Security checklist: 12.
#[tokio::test]
async fn a_name_adds_no_header_and_no_recipient() {
    for name in [
        "Ada\r\nBcc: eve@evil.example",
        "Ada\nSubject: changed",
        "Ada\rX: y",
        "\r\n\r\nbody",
        "Ada\u{0}\u{b}\u{85}\u{2028}X: y",
        "\"Ada\" <eve@evil.example>",
        "Ada, eve@evil.example",
        "=?utf-8?q?Ada=0d=0aBcc:_x?=",
    ] {
        let mail = Mail { name: name.to_owned(), ..notice() };
        let raw = written(settings("log"), &mail).await;
        assert_eq!(field_names(&raw), FIELDS, "{name:?}: {raw}");
        let message = mail_parser::MessageParser::default().parse(raw.as_bytes()).unwrap();
        let to: Vec<_> = message.to().unwrap().iter().map(|to| to.address().unwrap()).collect();
        assert_eq!(to, ["ada@example.net"], "{name:?}");
        assert_eq!(Letter::parse(raw.as_bytes()).subject, "Example: your password was changed", "{name:?}");
    }
}

/// Security checklist: 12.
#[tokio::test]
async fn a_name_is_no_markup_and_no_link() {
    let mail = Mail { name: "<b>Ada</b> & \"Co\"".to_owned(), ..notice() };
    let letter = Letter::parse(written(settings("log"), &mail).await.as_bytes());
    assert!(!letter.html.contains("<b>") && letter.text.starts_with("Hello,\n"), "{}", letter.html);
    let mail = Mail { name: "<b>Ada & Co".to_owned(), ..notice() };
    let letter = Letter::parse(written(settings("log"), &mail).await.as_bytes());
    assert!(letter.html.contains("Hello &lt;b&gt;Ada &amp; Co,"), "{}", letter.html);
    assert!(letter.text.starts_with("Hello <b>Ada & Co,\n"), "{}", letter.text);
    let mail = Mail { name: "You won, see evil.example".to_owned(), ..notice() };
    let raw = written(settings("log"), &mail).await;
    assert!(!raw.contains("evil.example"), "{raw}");
}

#[tokio::test]
async fn an_identifier_stays_within_its_brackets_and_its_directory() {
    let mail = Mail { id: "../1>\r\nX: y@<".to_owned(), ..notice() };
    let raw = written(settings("log"), &mail).await;
    assert_eq!(field_names(&raw), FIELDS, "{raw}");
    let id = Letter::parse(raw.as_bytes()).header("Message-ID").unwrap();
    assert_eq!(id, "<..-1---X--y--@accounts.example.com>");
}

#[tokio::test]
async fn templates_and_settings_add_no_header() {
    let directory = TempDir::new().unwrap();
    let subject = "{{ service }}\r\nBcc: eve@evil.example\r\n\r\nbody";
    fs::write(directory.path().join("password_changed.subject.txt"), subject).unwrap();
    let settings = MailSettings {
        templates: Some(directory.path().to_owned()),
        service: "Exa\r\nmple.com\u{202E}\r\n\r\n".to_owned(),
        ..settings("log")
    };
    let raw = written(settings, &notice()).await;
    assert_eq!(field_names(&raw), FIELDS, "{raw}");
    assert_eq!(Letter::parse(raw.as_bytes()).subject, "Exa mple.com Bcc: eve@evil.example body");
    assert!("a\r\n <a@example.com>".parse::<Sender>().is_err());
}

/// Security checklist: 12.
#[tokio::test]
async fn no_line_ends_the_mail_or_begins_a_command() {
    let directory = TempDir::new().unwrap();
    let text = "{% extends \"layout.txt\" %}\n{% block body %}\n.\n..\n\r.\r\nMAIL FROM:<eve@evil.example>\r\n.\r\r\n\
                From here\n{% endblock %}\n";
    fs::write(directory.path().join("test.txt"), text).unwrap();
    let settings = MailSettings { templates: Some(directory.path().to_owned()), ..settings("log") };
    let message = MailMessage::Notice {
        template: NoticeTemplate::Test,
        at: denizen_testkit::FixedClock::start(),
        ip: None,
    };
    let mail = Mail { message, ..notice() };
    let raw = written(settings.clone(), &mail).await;
    assert_eq!(raw.replace("\r\n", "").find(['\r', '\n']), None, "{raw:?}");

    let server = SmtpServer::start(SmtpSecurity::None);
    let url = format!("smtp://127.0.0.1:{}", server.address().port());
    let settings = MailSettings { url: url.parse().unwrap(), ..settings };
    crate::support::mailer(settings).send(&mail).await.unwrap();
    let received = server.next_mail().await;
    assert_eq!(server.waiting(), 0);
    assert_eq!(received.letter.raw, format!("{raw}\r\n").into_bytes(), "dots are stuffed, and unstuffed");
}

/// Security checklist: 12.
#[tokio::test]
async fn an_address_is_one_recipient_and_no_option() {
    let server = SmtpServer::start(SmtpSecurity::None);
    let mailer = smtp_mailer(&server, LONG);
    for address in ["a{b}|'$x=y@example.com", "..@example.com", "#!%&*+/=?^_`{|}~-@example.com"] {
        let mail = Mail { to: EmailAddress::parse(address).unwrap(), ..password_reset() };
        mailer.send(&mail).await.unwrap();
        let to = server.next_mail().await.to;
        assert_eq!(to.iter().map(|to| to.replace('"', "")).collect::<Vec<_>>(), [address]);
    }
}

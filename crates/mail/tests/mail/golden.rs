//! Every mail, word for word. `UPDATE_GOLDEN=1 cargo test -p denizen-mail` writes the files anew; read them before you
//! commit them.

use std::{env, fs, path::Path};

use denizen_models::EmailAddress;
use denizen_services::{Mail, MailMessage, NoticeTemplate};
use denizen_testkit::{FixedClock, Letter};

use crate::support::{mail, notice, one_of_each, password_reset, settings, written};

/// Compares the mail with the file of that name, in which line breaks are `\n`.
async fn assert_golden(name: &str, mail: &Mail) {
    let raw = written(settings("log"), mail).await;
    let text = raw.replace("\r\n", "\n");
    assert_eq!(text.replace('\n', "\r\n"), raw, "every line ends with CRLF");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.eml"));
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{}", path.display());
}

#[tokio::test]
async fn every_mail_is_as_it_was() {
    for (name, mail) in one_of_each() {
        assert_golden(name, &mail).await;
    }
}

#[tokio::test]
async fn umlauts_and_emoji_survive() {
    let mail = Mail { name: "Jürgen 🦀 Müller-Lüdenscheidt".to_owned(), ..password_reset() };
    assert_golden("encoded", &mail).await;
    let raw = written(settings("log"), &mail).await;
    assert!(raw.is_ascii());
    let letter = Letter::parse(raw.as_bytes());
    assert!(letter.text.starts_with("Hello Jürgen 🦀 Müller-Lüdenscheidt,\n"), "{}", letter.text);
    assert!(letter.html.contains("<p>Hello Jürgen 🦀 Müller-Lüdenscheidt,</p>"), "{}", letter.html);
    let message = mail_parser::MessageParser::default().parse(raw.as_bytes()).unwrap();
    let to = message.to().and_then(|to| to.first()).unwrap();
    assert_eq!((to.name(), to.address()), (Some("Jürgen 🦀 Müller-Lüdenscheidt"), Some("ada@example.net")));
}

#[tokio::test]
async fn who_has_no_name_is_greeted_without() {
    let mail = Mail { name: String::new(), ..notice() };
    let letter = Letter::parse(written(settings("log"), &mail).await.as_bytes());
    assert!(letter.text.starts_with("Hello,\n"), "{}", letter.text);
    assert_eq!(letter.header("To").as_deref(), Some("ada@example.net"));
}

#[tokio::test]
async fn an_unknown_address_is_not_mentioned() {
    let message =
        MailMessage::Notice { template: NoticeTemplate::PasswordChanged, at: FixedClock::start(), ip: None };
    let mail = mail(message);
    let letter = Letter::parse(written(settings("log"), &mail).await.as_bytes());
    assert!(letter.text.contains("UTC.\n") && !letter.text.contains("from"), "{}", letter.text);
}

#[tokio::test]
async fn only_who_reads_answers_asks_for_one() {
    let mut settings = settings("log");
    let letter = Letter::parse(written(settings.clone(), &notice()).await.as_bytes());
    assert_eq!(letter.header("Reply-To"), None);
    assert!(letter.text.contains("tell those who run Example"), "{}", letter.text);
    settings.reply_to = "Help <help@example.com>".parse().ok();
    let letter = Letter::parse(written(settings, &notice()).await.as_bytes());
    assert_eq!(letter.header("Reply-To").as_deref(), Some("Help <help@example.com>"));
    assert!(letter.text.replace('\n', " ").contains("answer this mail"), "{}", letter.text);
}

#[tokio::test]
async fn dots_that_smtp_does_not_know_are_quoted() {
    let to = EmailAddress::parse("a..b.@example.com").unwrap();
    let letter = Letter::parse(written(settings("log"), &Mail { to, ..notice() }).await.as_bytes());
    assert_eq!(letter.header("To").as_deref(), Some("Ada <\"a..b.\"@example.com>"));
}

#[tokio::test]
async fn every_link_is_in_both_parts_and_nowhere_else() {
    for (name, mail) in one_of_each() {
        let raw = written(settings("log"), &mail).await;
        let letter = Letter::parse(raw.as_bytes());
        let token = crate::support::token(1);
        let expected = usize::from(letter.text.contains("https://accounts.example.com/"));
        let links = letter.text.matches(token.expose()).count();
        assert!(links <= expected, "{name}: {}", letter.text);
        assert_eq!(letter.html.matches(token.expose()).count(), 2 * links, "{name}: {}", letter.html);
        let header = raw.split("\r\n\r\n").next().unwrap();
        assert!(!header.contains(token.expose()), "{name}: {header}");
        // Nothing that a mail program would fetch, and nothing that runs.
        for forbidden in ["<img", "<link", "<script", "<style", "src=", "url(", "http:"] {
            assert!(!letter.html.contains(forbidden), "{name}: {forbidden}");
        }
    }
}

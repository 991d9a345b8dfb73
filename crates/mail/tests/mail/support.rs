//! Mails, and transports to send them by.

use std::{fs, path::Path, sync::Arc, time::Duration};

use denizen_mail::{Encryption, MailSettings, MailUrl, SmtpServer as ServerSetting, connect};
use denizen_models::{EmailAddress, Secret, Username};
use denizen_services::{LinkTemplate, Mail, MailMessage, Mailer, NoticeTemplate, Token};
use denizen_testkit::{FixedClock, SeededTokens, SmtpSecurity, SmtpServer};
use tempfile::TempDir;

pub const PUBLIC_URL: &str = "https://accounts.example.com";
pub const SENDER: &str = "\"Example accounts\" <accounts@example.com>";

pub fn token(seed: u64) -> Token {
    Token::mint(&SeededTokens::new(seed)).unwrap()
}

pub fn mail(message: MailMessage) -> Mail {
    let to = EmailAddress::parse("ada@example.net").unwrap();
    Mail { id: "7.1.5f3".to_owned(), to, name: "Ada".to_owned(), message }
}

pub fn password_reset() -> Mail {
    link(LinkTemplate::PasswordReset, chrono::Duration::minutes(30))
}

pub fn notice() -> Mail {
    happened(NoticeTemplate::PasswordChanged, "2001:db8::1")
}

fn link(template: LinkTemplate, valid_for: chrono::Duration) -> Mail {
    mail(MailMessage::Link { template, token: token(1), valid_for })
}

fn happened(template: NoticeTemplate, ip: &str) -> Mail {
    mail(MailMessage::Notice { template, at: FixedClock::start(), ip: ip.parse().ok() })
}

/// One of each kind, with its name.
pub fn one_of_each() -> [(&'static str, Mail); 10] {
    let username = Username::parse("ada_l").unwrap();
    let (day, week, ip) = (chrono::Duration::hours(24), chrono::Duration::days(7), "203.0.113.7");
    [
        ("password_reset", password_reset()),
        ("password_changed", happened(NoticeTemplate::PasswordChanged, ip)),
        ("invitation", link(LinkTemplate::Invitation(username.clone()), week)),
        ("confirm_sign_up", link(LinkTemplate::ConfirmSignUp(username), day)),
        ("account_exists", happened(NoticeTemplate::AccountExists, ip)),
        ("verify_email", link(LinkTemplate::VerifyEmail, day)),
        ("confirm_email_change", link(LinkTemplate::ConfirmEmailChange, day)),
        ("email_changed", happened(NoticeTemplate::EmailChanged, ip)),
        ("account_deleted", happened(NoticeTemplate::AccountDeleted, ip)),
        ("test", happened(NoticeTemplate::Test, ip)),
    ]
}

pub fn settings(url: &str) -> MailSettings {
    MailSettings {
        service: "Example".to_owned(),
        sender: SENDER.parse().ok(),
        ..MailSettings::new(url.parse().unwrap(), PUBLIC_URL)
    }
}

pub fn mailer(settings: MailSettings) -> Arc<dyn Mailer> {
    connect(settings, Arc::new(FixedClock::new())).unwrap()
}

/// What `mail` becomes with these settings, as it travels.
pub async fn written(settings: MailSettings, mail: &Mail) -> String {
    let directory = TempDir::new().unwrap();
    let settings = MailSettings { url: MailUrl::File(directory.path().to_owned()), ..settings };
    mailer(settings).send(mail).await.unwrap();
    only_file_in(directory.path())
}

pub fn only_file_in(directory: &Path) -> String {
    let names = names_in(directory);
    assert_eq!(names.len(), 1, "{names:?}");
    fs::read_to_string(directory.join(&names[0])).unwrap()
}

pub fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub const LONG: Duration = MailSettings::MAX_TIME;

/// A mailer for `server` that trusts its certificate, encrypts as it wants, and has this much time.
pub fn smtp_mailer(server: &SmtpServer, time_limit: Duration) -> Arc<dyn Mailer> {
    smtp_mailer_with_login(server, time_limit, None)
}

pub fn smtp_mailer_with_login(
    server: &SmtpServer,
    time_limit: Duration,
    login: Option<(&str, &str)>,
) -> Arc<dyn Mailer> {
    make_smtp_mailer(server, server.security(), time_limit, login)
}

/// A mailer that encrypts as it wants itself.
pub fn smtp_mailer_to(server: &SmtpServer, security: SmtpSecurity) -> Arc<dyn Mailer> {
    make_smtp_mailer(server, security, LONG, None)
}

fn make_smtp_mailer(
    server: &SmtpServer,
    security: SmtpSecurity,
    time_limit: Duration,
    login: Option<(&str, &str)>,
) -> Arc<dyn Mailer> {
    let directory = TempDir::new().unwrap();
    let root = directory.path().join("root.pem");
    fs::write(&root, server.root_certificate()).unwrap();
    let setting = ServerSetting {
        host: "127.0.0.1".to_owned(),
        port: server.address().port(),
        encryption: match security {
            SmtpSecurity::None => Encryption::None,
            SmtpSecurity::StartTls => Encryption::StartTls,
            SmtpSecurity::Implicit => Encryption::Implicit,
        },
        login: login.map(|(user, password)| (user.to_owned(), Secret::from(password))),
    };
    let settings = MailSettings {
        url: MailUrl::Smtp(setting),
        root_certificate: Some(root),
        time_limit,
        ..settings("log")
    };
    mailer(settings)
}

//! Mails to a mail server that works.

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use denizen_mail::MailSettings;
use denizen_services::{LinkTemplate, Mail, MailMessage};
use denizen_testkit::{SmtpCommand, SmtpSecurity, SmtpServer};

use crate::support::{
    LONG, SENDER, mailer, notice, password_reset, settings, smtp_mailer, smtp_mailer_with_login, token,
};

const SECURITY: [SmtpSecurity; 3] = [SmtpSecurity::None, SmtpSecurity::StartTls, SmtpSecurity::Implicit];

#[tokio::test]
async fn a_mail_arrives_encrypted_as_the_server_wants_it() {
    for security in SECURITY {
        let server = SmtpServer::start(security);
        smtp_mailer(&server, LONG).send(&password_reset()).await.unwrap();
        let mail = server.next_mail().await;
        assert_eq!(mail.encrypted, security != SmtpSecurity::None);
        assert_eq!(
            (mail.from.as_str(), mail.to.as_slice()),
            ("accounts@example.com", &["ada@example.net".to_owned()][..])
        );
        assert_eq!(mail.letter.token(), Some(token(1).expose()));
        assert_eq!(mail.letter.subject, "Example: choose a new password");
        assert_eq!(mail.letter.header("From").as_deref(), Some(SENDER));
    }
}

#[tokio::test]
async fn a_url_is_enough_to_send() {
    let server = SmtpServer::start(SmtpSecurity::Implicit);
    let root = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(root.path(), server.root_certificate()).unwrap();
    server.require_login("us er", "p@ss:wörd");
    let port = server.address().port();
    let settings = MailSettings {
        root_certificate: Some(root.path().to_owned()),
        ..settings(&format!("smtps://us%20er:p%40ss%3Aw%C3%B6rd@localhost:{port}"))
    };
    mailer(settings).send(&notice()).await.unwrap();
    let mail = server.next_mail().await;
    assert_eq!((mail.user.as_deref(), mail.encrypted), (Some("us er"), true));
}

#[tokio::test]
async fn who_must_log_in_does_so_after_encryption() {
    for security in SECURITY {
        let server = SmtpServer::start(security);
        server.require_login("denizen", "secret");
        let mailer = smtp_mailer_with_login(&server, LONG, Some(("denizen", "secret")));
        mailer.send(&notice()).await.unwrap();
        let mail = server.next_mail().await;
        assert_eq!((mail.user.as_deref(), mail.encrypted), (Some("denizen"), security != SmtpSecurity::None));
    }
}

#[tokio::test]
async fn many_mails_need_one_connection() {
    let server = SmtpServer::start(SmtpSecurity::StartTls);
    let mailer = smtp_mailer(&server, LONG);
    for number in 0..5 {
        let mail = Mail { id: format!("{number}"), ..notice() };
        mailer.send(&mail).await.unwrap();
        let id = server.next_mail().await.letter.header("Message-ID");
        assert_eq!(id, Some(format!("<{number}@accounts.example.com>")));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_that_is_not_used_for_a_while_ends_with_a_goodbye() {
    const WHILE: Duration = Duration::from_secs(30);
    for security in SECURITY {
        let server = SmtpServer::start(security);
        let mailer = smtp_mailer(&server, LONG);
        for _ in 0..3 {
            mailer.send(&notice()).await.unwrap();
            tokio::time::pause();
            tokio::time::advance(WHILE - Duration::from_secs(5)).await;
            tokio::time::resume();
            mailer.close_idle(WHILE).await;
        }
        assert_eq!((server.connections(), server.quits()), (1, 0), "{security:?}");
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(5)).await;
        tokio::time::resume();
        mailer.close_idle(WHILE).await;
        server.idle().await;
        assert_eq!((server.connections(), server.quits()), (1, 1), "{security:?}");
        mailer.send(&notice()).await.unwrap();
        assert_eq!(server.connections(), 2, "{security:?}");
    }
}

#[tokio::test]
async fn of_many_connections_those_that_are_not_needed_end() {
    let server = SmtpServer::start(SmtpSecurity::StartTls);
    let mailer = smtp_mailer(&server, LONG);
    let mails: Vec<Mail> = (0..6).map(|id| Mail { id: id.to_string(), ..notice() }).collect();
    server.hold_at(SmtpCommand::Rcpt);
    let sending = futures_util::future::join_all(mails.iter().map(|mail| mailer.send(mail)));
    let (sent, ()) = tokio::join!(sending, async {
        server.held().await;
        server.release();
    });
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let many = server.connections();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(20)).await;
    tokio::time::resume();
    mailer.send(&notice()).await.unwrap();
    mailer.close_idle(Duration::from_secs(20)).await;
    assert_eq!((server.connections(), server.quits()), (many, many - 1), "one is in use");
    mailer.close_idle(Duration::ZERO).await;
    server.idle().await;
    assert_eq!((server.connections(), server.quits()), (many, many));
}

#[tokio::test]
async fn mails_at_the_same_time_do_not_mix() {
    let server = SmtpServer::start(SmtpSecurity::None);
    let mailer = smtp_mailer(&server, LONG);
    let mails: Vec<Mail> = (0..10).map(|id| Mail { id: id.to_string(), ..notice() }).collect();
    for _ in 0..2 {
        let sent = futures_util::future::join_all(mails.iter().map(|mail| mailer.send(mail))).await;
        assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    }
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.extend(server.next_mail().await.letter.header("Message-ID"));
    }
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), server.waiting()), (10, 0));
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_loses_no_mail() {
    for security in SECURITY {
        let server = SmtpServer::start(security);
        let mailer = smtp_mailer(&server, LONG);
        mailer.send(&password_reset()).await.unwrap();
        server.close().await;
        server.reopen();
        mailer.send(&notice()).await.unwrap();
        assert_eq!(server.next_mail().await.letter.subject, "Example: choose a new password");
        assert_eq!(server.next_mail().await.letter.subject, "Example: your password was changed");
        assert_eq!(server.connections(), 2);
    }
}

/// Everything that anything in this process logs.
fn logged() -> &'static Mutex<String> {
    static LOGGED: OnceLock<Mutex<String>> = OnceLock::new();
    struct Logger;
    impl log::Log for Logger {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            let line = format!("{}: {}\n", record.target(), record.args());
            logged().lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
        }
        fn flush(&self) {}
    }
    LOGGED.get_or_init(|| {
        log::set_logger(&Logger).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        Mutex::default()
    })
}

/// Security checklist: 8.
#[tokio::test]
async fn no_token_or_password_is_logged_or_printed() {
    logged();
    let server = SmtpServer::start(SmtpSecurity::StartTls);
    server.require_login("denizen", "pass-9af31");
    let mailer = smtp_mailer_with_login(&server, LONG, Some(("denizen", "pass-9af31")));
    let token = token(4711);
    let message = MailMessage::Link {
        template: LinkTemplate::VerifyEmail,
        token: token.clone(),
        valid_for: chrono::Duration::hours(1),
    };
    let mail = Mail { message, ..notice() };
    mailer.send(&mail).await.unwrap();
    assert_eq!(server.next_mail().await.letter.token(), Some(token.expose()));
    let settings = settings("smtp://denizen:pass-9af31@127.0.0.1");
    let shown = format!("{settings:?} {mail:?} {}", logged().lock().unwrap());
    assert!(shown.contains("denizen:…@127.0.0.1"), "{shown}");
    assert!(!shown.contains(token.expose()) && !shown.contains("pass-9af31"), "{shown}");
}

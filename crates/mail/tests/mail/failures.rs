//! Mails to a mail server that does not work: tried again, given up, never lost, never doubled by us.

use std::time::Duration;

use denizen_services::MailError;
use denizen_testkit::{SmtpCommand, SmtpFault, SmtpSecurity, SmtpServer};

use crate::support::{LONG, notice, password_reset, smtp_mailer, smtp_mailer_with_login, token};

/// Enough for a server that says nothing.
const SHORT: Duration = Duration::from_millis(200);

fn temporary(result: Result<(), MailError>) -> String {
    match result {
        Err(MailError::Temporary(reason)) => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A reply of the server, and whether it ends the mail.
const REPLIES: [(SmtpCommand, &str, bool); 19] = [
    (SmtpCommand::Greeting, "421 4.3.2 too busy", false),
    (SmtpCommand::Greeting, "554 5.3.2 no mail here", false),
    (SmtpCommand::Ehlo, "421 4.3.2 shutting down", false),
    (SmtpCommand::Ehlo, "550 5.7.1 you are not welcome", false),
    (SmtpCommand::StartTls, "454 4.7.0 no TLS just now", false),
    (SmtpCommand::StartTls, "501 5.5.4 no TLS at all", false),
    (SmtpCommand::Auth, "454 4.7.0 no logins just now", false),
    (SmtpCommand::Auth, "535 5.7.8 wrong password", false),
    (SmtpCommand::Mail, "451 4.3.0 no disk", false),
    (SmtpCommand::Mail, "550 5.7.1 not your sender address", false),
    (SmtpCommand::Rcpt, "421 4.7.0 too many errors", false),
    (SmtpCommand::Rcpt, "450 4.2.2 mailbox of <ada@example.net> busy", false),
    (SmtpCommand::Rcpt, "530 5.7.0 authentication required", false),
    (SmtpCommand::Rcpt, "550 5.1.1 <ada@example.net>: no such user ada", true),
    (SmtpCommand::Rcpt, "553 5.1.3 bad address ada@example.net", true),
    (SmtpCommand::Data, "451 4.3.0 no disk", false),
    (SmtpCommand::Data, "554 5.5.1 no valid recipients", true),
    (SmtpCommand::Content, "452 4.3.1 no disk", false),
    (SmtpCommand::Content, "554 5.7.1 looks like spam", true),
];

#[tokio::test]
async fn a_refusal_is_permanent_only_if_it_is_about_this_mail() {
    for (command, reply, permanent) in REPLIES {
        let server = SmtpServer::start(SmtpSecurity::StartTls);
        server.require_login("denizen", "secret");
        let mailer = smtp_mailer_with_login(&server, LONG, Some(("denizen", "secret")));
        server.fail(SmtpFault::Reply(command, reply));
        let reason = match (mailer.send(&password_reset()).await, permanent) {
            (Err(MailError::Permanent(reason)), true) | (Err(MailError::Temporary(reason)), false) => {
                reason.to_string()
            }
            (other, _) => panic!("{reply}: {other:?}"),
        };
        // Code and enhanced code are there, the address is not.
        assert!(reason.contains(&reply[..9]), "{reply}: {reason}");
        assert!(!reason.contains("ada") && !reason.contains("example.net"), "{reply}: {reason}");
        assert_eq!(server.waiting(), 0, "{reply}");

        server.recover();
        mailer.send(&password_reset()).await.unwrap();
        assert_eq!(server.next_mail().await.letter.token(), Some(token(1).expose()), "{reply}");
    }
}

#[tokio::test]
async fn what_a_kept_connection_refuses_is_asked_of_a_new_one() {
    let server = SmtpServer::start(SmtpSecurity::None);
    let mailer = smtp_mailer(&server, LONG);
    mailer.send(&notice()).await.unwrap();
    server.fail(SmtpFault::Reply(SmtpCommand::Mail, "421 4.7.0 enough mails"));
    let reason = temporary(mailer.send(&notice()).await);
    assert!(reason.contains("421 4.7.0 enough mails"), "{reason}");
    assert_eq!((server.connections(), server.waiting()), (2, 1));
    server.recover();
    mailer.send(&notice()).await.unwrap();
    assert_eq!((server.connections(), server.waiting()), (3, 2));
}

#[tokio::test]
async fn a_wrong_password_is_temporary_because_an_operator_can_mend_it() {
    let server = SmtpServer::start(SmtpSecurity::StartTls);
    server.require_login("denizen", "secret");
    let mailer = smtp_mailer_with_login(&server, LONG, Some(("denizen", "guess-31337")));
    let reason = temporary(mailer.send(&notice()).await);
    assert_eq!(reason, "the mail server refuses the login: 535 5.7.8 wrong user or password");
    let reason = temporary(smtp_mailer(&server, LONG).send(&notice()).await);
    assert_eq!(reason, "the mail server refuses the sender: 530 5.7.0 log in first");
    server.require_login("denizen", "guess-31337");
    mailer.send(&notice()).await.unwrap();
    assert_eq!(server.next_mail().await.user.as_deref(), Some("denizen"));
}

#[tokio::test]
async fn a_server_that_is_down_is_tried_again() {
    let server = SmtpServer::start(SmtpSecurity::None);
    let mailer = smtp_mailer(&server, LONG);
    server.close().await;
    let reason = temporary(mailer.send(&notice()).await);
    assert!(reason.starts_with("no connection to the mail server: "), "{reason}");
    server.reopen();
    mailer.send(&notice()).await.unwrap();
    assert_eq!(server.next_mail().await.letter.subject, "Example: your password was changed");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_after_the_time_limit() {
    for security in [SmtpSecurity::None, SmtpSecurity::StartTls, SmtpSecurity::Implicit] {
        let server = SmtpServer::start(security);
        server.fail(SmtpFault::Silence);
        let reason = temporary(smtp_mailer(&server, SHORT).send(&notice()).await);
        assert_eq!(reason, "the mail server took longer than 0.2 s");
        assert_eq!(server.waiting(), 0);
    }
}

#[tokio::test]
async fn a_slow_server_is_waited_for_within_the_time_limit() {
    let server = SmtpServer::start(SmtpSecurity::None);
    server.fail(SmtpFault::Slow(Duration::from_millis(20)));
    smtp_mailer(&server, LONG).send(&notice()).await.unwrap();
    assert_eq!(server.waiting(), 1);
}

#[tokio::test]
async fn late_answers_to_one_mail_are_not_taken_for_those_to_the_next() {
    let server = SmtpServer::start(SmtpSecurity::None);
    let mailer = smtp_mailer(&server, Duration::from_secs(1));
    mailer.send(&notice()).await.unwrap();
    server.next_mail().await;
    server.fail(SmtpFault::Slow(Duration::from_millis(700)));
    temporary(mailer.send(&notice()).await);
    server.fail(SmtpFault::Reply(SmtpCommand::Rcpt, "550 5.1.1 nobody"));
    let refused = mailer.send(&password_reset()).await;
    assert!(matches!(refused, Err(MailError::Permanent(_))), "{refused:?}");
    assert_eq!((server.connections(), server.waiting()), (2, 0));
}

#[tokio::test]
async fn a_connection_cut_within_a_mail_is_a_temporary_failure() {
    let server = SmtpServer::start(SmtpSecurity::StartTls);
    let mailer = smtp_mailer(&server, LONG);
    server.fail(SmtpFault::DropInData);
    let reason = temporary(mailer.send(&password_reset()).await);
    assert!(reason.starts_with("the mail server, content: "), "{reason}");
    assert_eq!(server.waiting(), 0);
    server.recover();
    mailer.send(&password_reset()).await.unwrap();
    assert_eq!((server.waiting(), server.connections()), (1, 2));
}

#[tokio::test]
async fn who_shows_a_certificate_that_nobody_vouches_for_gets_neither_password_nor_mail() {
    for security in [SmtpSecurity::StartTls, SmtpSecurity::Implicit] {
        let server = SmtpServer::start(security);
        server.require_login("denizen", "secret");
        server.fail(SmtpFault::UntrustedCertificate);
        let mailer = smtp_mailer_with_login(&server, LONG, Some(("denizen", "secret")));
        let reason = temporary(mailer.send(&notice()).await);
        assert!(
            reason.ends_with(": its certificate is not signed by an authority that is trusted here"),
            "{reason}"
        );
        server.recover();
        mailer.send(&notice()).await.unwrap();
        assert_eq!(server.next_mail().await.user.as_deref(), Some("denizen"));
    }
}

#[tokio::test]
async fn who_does_not_offer_encryption_gets_no_mail() {
    let server = SmtpServer::start(SmtpSecurity::None);
    let strict = SmtpServer::start(SmtpSecurity::StartTls);
    let mailer = crate::support::smtp_mailer_to(&server, SmtpSecurity::StartTls);
    let reason = temporary(mailer.send(&notice()).await);
    assert!(reason.contains("STARTTLS is not supported"), "{reason}");
    let mailer = crate::support::smtp_mailer_to(&strict, SmtpSecurity::None);
    let reason = temporary(mailer.send(&notice()).await);
    assert!(reason.contains("530 5.7.0 STARTTLS first"), "{reason}");
    assert_eq!((server.waiting(), strict.waiting()), (0, 0));
}

#[tokio::test]
async fn replies_slipped_in_before_encryption_are_not_believed() {
    let server = SmtpServer::start(SmtpSecurity::StartTls);
    let mailer = smtp_mailer(&server, LONG);
    server.fail(SmtpFault::PlaintextAfterStartTls);
    let reason = temporary(mailer.send(&notice()).await);
    assert!(reason.starts_with("the mail server, encryption: "), "{reason}");
    assert_eq!(server.waiting(), 0);
    server.recover();
    mailer.send(&notice()).await.unwrap();
    assert!(server.next_mail().await.encrypted);
}

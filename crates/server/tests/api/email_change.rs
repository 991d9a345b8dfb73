//! Another address for an account: asked for with the password, confirmed at the new address, told to the old one.

use std::time::Duration;

use denizen_server::SAMPLE_PASSWORD;
use denizen_services::{MailMessage, NoticeTemplate};
use denizen_testkit::{SmtpSecurity, SmtpServer};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::{
    TestServer,
    account::{change_email, change_password, confirm_email_change, logout},
    api::{self, user},
    http::{Request, act_as},
    process::Process,
    production::{PASSWORD, UNLIMITED},
};

/// alice, who has signed in.
async fn alice() -> (TestServer, String) {
    let server = TestServer::start_in_production(&UNLIMITED).await;
    server.enrol("alice").await;
    let token = server.session_of("alice").await;
    (server, token)
}

/// The address that the account of this session has.
async fn address_of(server: &TestServer, session: &str) -> String {
    let known = Request::get("/api/auth/session").bearer(session).send(server.address).await.succeeded(200);
    known["data"]["user"]["email"].as_str().expect("an address").to_owned()
}

/// Security checklist: 56.
#[tokio::test]
async fn an_address_changes_when_its_owner_confirms_and_the_old_one_is_told() {
    let (server, session) = alice().await;
    let at = server.address;

    let asked = change_email(at, &session, PASSWORD, "alice@new.example.com").await;

    assert_eq!(asked.succeeded(202).get("data"), None);
    let token = server.next_token("alice@new.example.com").await;
    assert_eq!(address_of(&server, &session).await, "alice@example.com");
    api::session(at, "alice@example.com", PASSWORD).await;
    api::login(at, "alice@new.example.com", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    assert_eq!(server.mailer.sent_to("alice@example.com").len(), 0, "nothing has changed yet");

    let confirmed = confirm_email_change(at, &token).await;

    assert_eq!(confirmed.header("Set-Cookie"), None);
    assert_eq!(confirmed.succeeded(200).get("data"), None);
    assert_eq!(address_of(&server, &session).await, "alice@new.example.com");
    api::session(at, "alice@new.example.com", PASSWORD).await;
    api::login(at, "alice@example.com", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    let told = server
        .mail("alice@example.com", |it| {
            matches!(it, MailMessage::Notice { template: NoticeTemplate::EmailChanged, .. })
        })
        .await;
    let MailMessage::Notice { template: NoticeTemplate::EmailChanged, ip, .. } = told.message else {
        panic!("{told:?}")
    };
    assert_eq!(ip, Some(at.ip()));
    assert_eq!(server.mailer.last_token_for("alice@example.com"), None);
    let alice = Request::get("/api/users/1").bearer(&session).send(at).await.succeeded(200);
    assert_eq!(alice["data"]["email_verified"], true);
}

/// Security checklist: 81.
#[tokio::test]
async fn a_user_who_is_edited_while_the_mail_server_is_down_gets_the_mail_all_the_same() {
    let folder = TempDir::new().unwrap();
    let smtp = SmtpServer::start(SmtpSecurity::None);
    smtp.close().await;
    let mail = format!("smtp://{}", smtp.address());
    let process = Process::start_with(folder.path(), &["--mail", &mail]).await;
    let at = process.address;
    let session = api::token_of(at, "alice_dev").await;
    change_email(at, &session, SAMPLE_PASSWORD, "alice@new.example.com").await.succeeded(202);
    process.line_with(" not sent: ").await;
    api::patch(at, 1, &json!({ "first_name": "Alicia" })).await.succeeded(200);
    smtp.reopen();
    let mail = timeout(Duration::from_secs(60), smtp.next_mail()).await.expect("a mail");
    assert_eq!(mail.to, ["alice@new.example.com"]);
    confirm_email_change(at, mail.letter.token().expect("a token")).await.succeeded(200);
    // One that a new password has made void is not forgotten either.
    smtp.close().await;
    let answer = change_email(at, &session, SAMPLE_PASSWORD, "alice@third.example.com").await;
    let id = answer.succeeded(202)["request_id"].as_str().expect("an id").to_owned();
    process.line_with(&format!("mail email_change of {id} not sent: ")).await;
    change_password(at, &session, SAMPLE_PASSWORD, "newsecurepassword").await.succeeded(200);
    smtp.reopen();
    process.line_with(&format!("mail email_change of {id} is not sent: account_changed")).await;
}

/// Security checklist: 56.
#[tokio::test]
async fn an_open_session_alone_changes_no_address() {
    let (server, session) = alice().await;
    let at = server.address;
    let guessed = change_email(at, &session, "wrong horse battery", "mallory@example.com").await;
    guessed.refused(403, "WRONG_PASSWORD");
    let patch = Request::new("PATCH", "/api/users/1").bearer(&session);
    patch.json(&json!({ "email": "mallory@example.com" })).send(at).await.refused(403, "FORBIDDEN");
    logout(at, &session).await.succeeded(200);
    change_email(at, &session, PASSWORD, "mallory@example.com").await.refused(401, "UNAUTHENTICATED");

    // The queue is empty when a later mail is there.
    let session = server.session_of("alice").await;
    change_email(at, &session, PASSWORD, "alice@new.example.com").await.succeeded(202);
    server.next_token("alice@new.example.com").await;
    assert_eq!(server.mailer.sent().len(), 1);
}

/// Security checklist: 56.
#[tokio::test]
async fn of_two_changes_only_the_one_that_was_asked_for_last_can_be_confirmed() {
    let (server, session) = alice().await;
    let at = server.address;
    change_email(at, &session, PASSWORD, "alice@first.example.com").await.succeeded(202);
    let first = server.next_token("alice@first.example.com").await;
    change_email(at, &session, PASSWORD, "alice@second.example.com").await.succeeded(202);
    let second = server.next_token("alice@second.example.com").await;

    // Whoever reads the mail of the first address must not confirm the second, nor the other way round.
    confirm_email_change(at, &first).await.refused(400, "EMAIL_CHANGE_FAILED");
    assert_eq!(address_of(&server, &session).await, "alice@example.com");
    confirm_email_change(at, &second).await.succeeded(200);
    assert_eq!(address_of(&server, &session).await, "alice@second.example.com");
}

/// Security checklist: 42, 56.
#[tokio::test]
async fn the_address_of_another_is_not_given_away_and_its_owner_is_told() {
    let (server, session) = alice().await;
    let at = server.address;
    server.enrol("bob").await;
    let free = change_email(at, &session, PASSWORD, "free@example.com").await.succeeded(202);
    let taken = change_email(at, &session, PASSWORD, "BOB@example.com").await.succeeded(202);
    assert_eq!(free["message"], taken["message"]);

    server
        .mail("bob@example.com", |it| {
            matches!(it, MailMessage::Notice { template: NoticeTemplate::AccountExists, .. })
        })
        .await;

    assert_eq!(server.mailer.last_token_for("bob@example.com"), None);
    assert_eq!(address_of(&server, &session).await, "alice@example.com");
}

/// Security checklist: 56.
#[tokio::test]
async fn an_address_that_somebody_got_in_the_meantime_stays_theirs() {
    let (server, session) = alice().await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    change_email(at, &session, PASSWORD, "bob@example.com").await.succeeded(202);
    let token = server.next_token("bob@example.com").await;
    act_as(at, Some(server.session_of("olga").await));
    api::create(at, &user("bob")).await.succeeded(201);

    let refused = confirm_email_change(at, &token).await.refused(409, "USER_UPDATE_ERROR");

    assert_eq!(refused["error"], "Failed to change email: email 'bob@example.com' already exists");
    assert_eq!(address_of(&server, &session).await, "alice@example.com");
}

/// Security checklist: 56.
#[tokio::test]
async fn an_administrator_who_changes_an_address_tells_the_old_one() {
    let (server, session) = alice().await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    let changed = api::patch(at, 1, &json!({ "email": "alice@new.example.com" })).await.succeeded(200);
    assert_eq!(changed["data"]["email_verified"], false, "an administrator does not read its mail");
    server
        .mail("alice@example.com", |it| {
            matches!(it, MailMessage::Notice { template: NoticeTemplate::EmailChanged, .. })
        })
        .await;
    assert_eq!(address_of(&server, &session).await, "alice@new.example.com");
}

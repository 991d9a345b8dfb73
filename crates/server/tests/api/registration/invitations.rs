//! Invitations: an administrator makes the account, and its owner chooses the password.

use denizen_server::config::{REGISTRATION, Setting};
use denizen_services::{LinkTemplate, MailMessage};

use super::administered;
use crate::support::{
    TestServer,
    account::{accept_invitation, change_email},
    api::{self, user},
    production::PASSWORD,
};

const INVITE: [(&Setting, &str); 1] = [(&REGISTRATION, "invite")];

#[tokio::test]
async fn whoever_is_invited_chooses_the_password() {
    let server = TestServer::start_in_production(&INVITE).await;
    let at = server.address;
    administered(&server).await;

    let created = api::create(at, &user("alice")).await;

    let token = server.next_token("alice@example.com").await;
    assert!(!created.text().contains(&token), "{}", created.text());
    let created = created.succeeded(201);
    assert_eq!(created["data"]["email_verified"], false);
    api::login(at, "alice", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    let mail = server
        .mail("alice@example.com", |it| {
            matches!(it, MailMessage::Link { template: LinkTemplate::Invitation(_), .. })
        })
        .await;
    assert_eq!((mail.to.as_str(), &*mail.name), ("alice@example.com", "Some"));

    accept_invitation(at, &token, "too short").await.refused(400, "VALIDATION_ERROR");
    accept_invitation(at, &token, "alice@example.com").await.refused(400, "VALIDATION_ERROR");
    let accepted = accept_invitation(at, &token, PASSWORD).await;

    assert_eq!(accepted.header("Set-Cookie"), None);
    assert_eq!(accepted.succeeded(200).get("data"), None);
    server.session_of("alice").await;
    let alice = api::get(at, 2).await.succeeded(200);
    assert_eq!(alice["data"]["email_verified"], true, "the token came by mail");
}

#[tokio::test]
async fn an_invitation_works_for_three_days() {
    let server = TestServer::start_in_production(&INVITE).await;
    let at = server.address;
    administered(&server).await;
    api::create(at, &user("alice")).await.succeeded(201);
    let late = server.next_token("alice@example.com").await;
    server.advance_minutes(3 * 24 * 60);
    accept_invitation(at, &late, PASSWORD).await.refused(400, "INVITATION_FAILED");

    api::create(at, &user("bob")).await.succeeded(201);
    let in_time = server.next_token("bob@example.com").await;
    server.advance_minutes(3 * 24 * 60 - 1);
    accept_invitation(at, &in_time, PASSWORD).await.succeeded(200);
    server.session_of("bob").await;
}

#[tokio::test]
async fn nobody_is_invited_while_registration_is_closed() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    administered(&server).await;
    api::create(at, &user("alice")).await.succeeded(201);
    server.advance_minutes(1);
    let olga = server.session_of("olga").await;
    change_email(at, &olga, PASSWORD, "olga@new.example.com").await.succeeded(202);
    server.next_token("olga@new.example.com").await;
    assert_eq!(server.mailer.sent().len(), 1);
}

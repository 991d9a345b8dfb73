//! How one becomes a user: by signing up, or by being invited.

mod invitations;
mod mails;

use std::collections::BTreeSet;

use denizen_server::config::{REGISTRATION, Setting};
use denizen_services::{MailMessage, NoticeTemplate};
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    account::{request_verification, sign_up, verify_email},
    api::{self, user, with},
    http::{Request, Response, act_as},
    production::PASSWORD,
};

const OPEN: [(&Setting, &str); 1] = [(&REGISTRATION, "open")];

/// Somebody who wants to be a user, as the form sends them.
fn applicant(name: &str) -> Value {
    with(user(name), json!({ "password": PASSWORD }))
}

/// Confirms a sign-up under another name.
async fn verify_as(server: &TestServer, token: &str, name: &str) -> Response {
    let body = json!({ "token": token, "username": name });
    Request::post("/api/users/verify-email").json(&body).send(server.address).await
}

/// Acts from now on as an administrator, who is created.
async fn administered(server: &TestServer) {
    server.enrol_administrator("olga").await;
    act_as(server.address, Some(server.session_of("olga").await));
}

#[tokio::test]
async fn strangers_sign_up_where_registration_is_open_and_nowhere_else() {
    for (mode, status) in [("closed", 403), ("invite", 403), ("open", 202)] {
        let server = TestServer::start_in_production(&[(&REGISTRATION, mode)]).await;
        let answer = sign_up(server.address, &applicant("alice")).await;
        if status == 403 {
            let refused = answer.refused(403, "FORBIDDEN");
            assert_eq!(refused["error"], "Forbidden: registration is not open");
        } else {
            answer.succeeded(status);
        }
    }
}

#[tokio::test]
async fn a_developer_signs_up_and_is_there() {
    let server = TestServer::start().await;
    let at = server.address;
    let created = sign_up(at, &applicant("frank")).await.succeeded(201);
    assert_eq!(created["data"]["id"], 6);
    api::session(at, "frank", PASSWORD).await;
    for (taken, reason) in [
        (json!({ "username": "FRANK", "email": "other@example.com" }), "username 'FRANK' already exists"),
        (json!({ "username": "other" }), "email 'frank@example.com' already exists"),
    ] {
        let refused = sign_up(at, &with(applicant("frank"), taken)).await.refused(409, "USER_CREATION_ERROR");
        assert_eq!(refused["error"], format!("Failed to create user: {reason}"));
    }
    let token = server.next_token("frank@example.com").await;
    verify_email(at, &token).await.succeeded(200);
    assert_eq!(api::get(at, 6).await.succeeded(200)["data"]["email_verified"], true);
}

/// Security checklist: 20, 42.
#[tokio::test]
async fn a_stranger_becomes_a_user_by_the_token_that_was_mailed() {
    let server = TestServer::start_in_production(&OPEN).await;
    let at = server.address;
    administered(&server).await;

    let pending = sign_up(at, &applicant("alice")).await;

    assert_eq!(pending.header("Location"), None);
    let body = pending.succeeded(202);
    assert_eq!((body.get("data"), body.get("metadata")), (None, None), "no id, nor anything else");
    let token = server.next_token("alice@example.com").await;
    api::login(at, "alice", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    assert_eq!(api::ids_of(&api::list(at, "").await.succeeded(200)), [1], "nobody but the administrator");

    let done = verify_email(at, &token).await;
    assert_eq!(done.header("Set-Cookie"), None);
    assert_eq!(done.succeeded(200).get("data"), None);
    let alice = Request::get("/api/users/2").bearer(&server.session_of("alice").await).send(at).await;
    let alice = alice.succeeded(200)["data"].clone();
    assert_eq!((&alice["email_verified"], &alice["roles"]), (&json!(true), &json!(["user"])));
    verify_email(at, &token).await.refused(400, "EMAIL_VERIFICATION_FAILED");
}

/// Everything about an answer that could tell one from another.
#[track_caller]
fn features(answer: &Response) -> (Value, BTreeSet<(String, String)>) {
    let mut body = answer.succeeded(202);
    body["request_id"] = Value::Null;
    let varying = ["x-request-id", "date"];
    let headers = answer.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone()));
    (body, headers.filter(|(name, _)| !varying.contains(&&**name)).collect())
}

/// Security checklist: 42.
#[tokio::test]
async fn whose_address_or_name_is_taken_is_told_to_nobody_but_the_owner() {
    let server = TestServer::start_in_production(&OPEN).await;
    let at = server.address;
    server.enrol("alice").await;
    let new = sign_up(at, &applicant("bob")).await;
    let same_address = with(applicant("mallory"), json!({ "email": "Alice@Example.com" }));
    let same_address = sign_up(at, &same_address).await;
    let same_name = sign_up(at, &with(applicant("alice"), json!({ "email": "other@example.com" }))).await;
    assert_eq!(features(&new), features(&same_address));
    assert_eq!(features(&new), features(&same_name));

    let told = server
        .mail("alice@example.com", |it| {
            matches!(it, MailMessage::Notice { template: NoticeTemplate::AccountExists, .. })
        })
        .await;
    let MailMessage::Notice { template: NoticeTemplate::AccountExists, ip, .. } = told.message else {
        panic!("{told:?}")
    };
    assert_eq!(ip, Some(at.ip()));
    assert_eq!(server.mailer.last_token_for("alice@example.com"), None);
    api::login(at, "mallory", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    server.session_of("alice").await;

    // Only who has the address learns of the name, and chooses another one.
    let token = server.next_token("other@example.com").await;
    let refused = verify_email(at, &token).await.refused(409, "USER_CREATION_ERROR");
    assert_eq!(refused["error"], "Failed to create user: username 'alice' already exists");
    verify_as(&server, &token, "no").await.refused(400, "VALIDATION_ERROR");
    verify_as(&server, &token, "alice_too").await.succeeded(200);
    let token = server.session_of("alice_too").await;
    let known = Request::get("/api/auth/session").bearer(&token).send(at).await.succeeded(200);
    assert_eq!(known["data"]["user"]["email"], "other@example.com");
}

#[tokio::test]
async fn of_two_who_want_the_same_address_only_its_owner_can_get_it() {
    let server = TestServer::start_in_production(&OPEN).await;
    let at = server.address;
    let claim = |name: &str, password: &str| {
        with(user(name), json!({ "email": "alice@example.com", "password": password }))
    };
    sign_up(at, &claim("mallory", "a password of mallory")).await.succeeded(202);
    let first = server.next_token("alice@example.com").await;
    sign_up(at, &claim("alice", PASSWORD)).await.succeeded(202);
    let second = server.next_token("alice@example.com").await;

    verify_email(at, &first).await.refused(400, "EMAIL_VERIFICATION_FAILED");
    verify_email(at, &second).await.succeeded(200);

    server.session_of("alice").await;
    api::login(at, "mallory", "a password of mallory").await.refused(401, "INVALID_CREDENTIALS");
    api::login(at, "alice", "a password of mallory").await.refused(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_sign_up_waits_for_a_day() {
    let server = TestServer::start_in_production(&OPEN).await;
    let at = server.address;
    for (name, minutes) in [("alice", 24 * 60 - 1), ("bob", 24 * 60)] {
        sign_up(at, &applicant(name)).await.succeeded(202);
        let token = server.next_token(&format!("{name}@example.com")).await;
        server.advance_minutes(minutes);
        let answer = verify_email(at, &token).await;
        if name == "alice" {
            answer.succeeded(200);
        } else {
            answer.refused(400, "EMAIL_VERIFICATION_FAILED");
        }
    }
}

#[tokio::test]
async fn nobody_slips_in_after_registration_was_closed() {
    let server = TestServer::start_in_production(&OPEN).await;
    sign_up(server.address, &applicant("alice")).await.succeeded(202);
    let token = server.next_token("alice@example.com").await;
    let server = TestServer::start_in_production_in(server.stop().await, &[(&REGISTRATION, "invite")]).await;
    verify_email(server.address, &token).await.refused(400, "EMAIL_VERIFICATION_FAILED");
    api::login(server.address, "alice", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn users_show_that_their_address_is_theirs() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    administered(&server).await;
    let created = api::create(at, &applicant("alice")).await.succeeded(201);
    assert_eq!((&created["data"]["id"], &created["data"]["email_verified"]), (&json!(2), &json!(false)));

    // The same answer for everybody, and a mail for the one whom it is about.
    let asked = ["nobody@example.com", "olga@example.com", "Alice@example.com"];
    let mut answers = Vec::new();
    for email in asked {
        answers.push(features(&request_verification(at, email).await));
    }
    assert_eq!((&answers[0], &answers[1]), (&answers[2], &answers[2]));
    let token = server.next_token("alice@example.com").await;
    assert_eq!(server.mailer.sent().len(), 1);

    verify_email(at, &token).await.succeeded(200);
    assert_eq!(api::get(at, 2).await.succeeded(200)["data"]["email_verified"], true);
}

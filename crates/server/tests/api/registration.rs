//! How one becomes a user: by signing up, or by being invited.

mod invitations;
mod mails;

use std::collections::BTreeSet;

use denizen_server::config::{REGISTRATION, Setting};
use denizen_services::{MailMessage, NoticeTemplate};
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    account::{choices, confirm_sign_up, request_verification, sign_up, sign_up_at_once, verify_email},
    api::{self, user, with},
    http::{Request, Response, act_as},
    production::{PASSWORD, UNLIMITED},
};

const OPEN: [(&Setting, &str); 1] = [(&REGISTRATION, "open")];

/// A user with a password, as a developer or an administrator sends them.
fn applicant(name: &str) -> Value {
    with(user(name), json!({ "password": PASSWORD }))
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
        let answer = sign_up(server.address, "alice@example.com").await;
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
    let created = sign_up_at_once(at, &applicant("frank")).await.succeeded(201);
    assert_eq!(created["data"]["id"], 6);
    api::session(at, "frank", PASSWORD).await;
    for (taken, reason) in [
        (json!({ "username": "FRANK", "email": "other@example.com" }), "username 'FRANK' already exists"),
        (json!({ "username": "other" }), "email 'frank@example.com' already exists"),
    ] {
        let again = sign_up_at_once(at, &with(applicant("frank"), taken)).await;
        let refused = again.refused(409, "USER_CREATION_ERROR");
        assert_eq!(refused["error"], format!("Failed to create user: {reason}"));
    }
    let token = server.next_token("frank@example.com").await;
    verify_email(at, &token).await.succeeded(200);
    assert_eq!(api::get(at, 6).await.succeeded(200)["data"]["email_verified"], true);
}

/// Security checklist: 20, 42, 65.
#[tokio::test]
async fn a_stranger_becomes_a_user_by_the_token_that_was_mailed() {
    let server = TestServer::start_in_production(&OPEN).await;
    let at = server.address;
    administered(&server).await;

    let pending = sign_up(at, "alice@example.com").await;

    assert_eq!(pending.header("Location"), None);
    let body = pending.succeeded(202);
    assert_eq!((body.get("data"), body.get("metadata")), (None, None), "no id, nor anything else");
    let token = server.next_token("alice@example.com").await;
    assert_eq!(api::ids_of(&api::list(at, "").await.succeeded(200)), [1], "nobody but the administrator");
    // The token alone is not enough, and says what else is needed.
    let refused = verify_email(at, &token).await.refused(400, "VALIDATION_ERROR");
    let members: Vec<_> = refused["details"]["fields"].as_object().expect("members").keys().collect();
    assert_eq!(members, ["first_name", "last_name", "password", "username"]);

    let done = confirm_sign_up(at, &token, "alice", PASSWORD).await;
    assert_eq!(done.header("Set-Cookie"), None);
    assert_eq!(done.succeeded(200).get("data"), None);
    let alice = Request::get("/api/users/2").bearer(&server.session_of("alice").await).send(at).await;
    let alice = alice.succeeded(200)["data"].clone();
    assert_eq!((&alice["email_verified"], &alice["roles"]), (&json!(true), &json!(["user"])));
    assert_eq!(alice["email"], "alice@example.com");
    confirm_sign_up(at, &token, "alice", PASSWORD).await.refused(400, "EMAIL_VERIFICATION_FAILED");
}

/// Security checklist: 52, 65.
#[tokio::test]
async fn what_a_stranger_types_beside_the_address_is_refused_whatever_is_taken() {
    let server = TestServer::start_in_production(&OPEN).await;
    let at = server.address;
    server.enrol("alice").await;
    for name in ["alice", "bob"] {
        let all = with(applicant(name), json!({ "roles": ["admin"] }));
        let refused = sign_up_at_once(at, &all).await.refused(400, "VALIDATION_ERROR");
        let reason = "username must be absent: a sign-up has only the member \"email\", and the rest is chosen with \
                      the mailed token";
        assert_eq!(refused["error"], format!("Validation failed: {reason}"));
        let fields = refused["details"]["fields"].as_object().expect("members");
        let members: Vec<_> = fields.keys().collect();
        assert_eq!(members, ["first_name", "last_name", "password", "roles", "username"]);
    }
    assert!(server.mailer.sent().is_empty());
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
async fn whose_address_is_taken_is_told_to_nobody_but_the_owner() {
    let server = TestServer::start_in_production(&OPEN).await;
    let at = server.address;
    server.enrol("alice").await;
    let new = sign_up(at, "bob@example.com").await;
    let taken = sign_up(at, "Alice@Example.com").await;
    assert_eq!(features(&new), features(&taken));

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
    server.session_of("alice").await;
}

/// Security checklist: 65.
#[tokio::test]
async fn whoever_asks_and_however_often_the_owner_of_the_mailbox_gets_in_with_their_own_choice() {
    const EMAIL: &str = "alice@example.com";
    for owner_asks_at in [0, 1, 3] {
        let server = TestServer::start_in_production(&[&OPEN[..], &UNLIMITED].concat()).await;
        let at = server.address;
        let mut tokens = Vec::new();
        for number in 0..4 {
            // Of the requests nobody can tell who sent them. A stranger tries to choose, too.
            if number != owner_asks_at {
                let choice = with(applicant("mallory"), json!({ "email": EMAIL }));
                sign_up_at_once(at, &choice).await.refused(400, "VALIDATION_ERROR");
            }
            sign_up(at, EMAIL).await.succeeded(202);
            tokens.push(server.next_token(EMAIL).await);
            server.advance_minutes(20);
        }
        let newest = tokens.pop().expect("a token");
        for old in &tokens {
            confirm_sign_up(at, old, "mallory", "a password of mallory")
                .await
                .refused(400, "EMAIL_VERIFICATION_FAILED");
        }
        confirm_sign_up(at, &newest, "alice", PASSWORD).await.succeeded(200);

        server.session_of("alice").await;
        server.session_of(EMAIL).await;
        for (login, password) in [("mallory", PASSWORD), (EMAIL, "a password of mallory")] {
            api::login(at, login, password).await.refused(401, "INVALID_CREDENTIALS");
        }
        // Afterwards a stranger's sign-up is a notice to her, and changes nothing.
        sign_up(at, EMAIL).await.succeeded(202);
        server
            .mail(EMAIL, |it| {
                matches!(it, MailMessage::Notice { template: NoticeTemplate::AccountExists, .. })
            })
            .await;
        server.session_of("alice").await;
    }
}

/// Security checklist: 65.
#[tokio::test]
async fn one_token_tells_of_five_names_and_then_says_that_it_is_used_up() {
    let server = TestServer::start_in_production(&[&OPEN[..], &UNLIMITED].concat()).await;
    let at = server.address;
    for name in ["alice", "bob", "carol", "dave"] {
        server.enrol(name).await;
    }
    sign_up(at, "eve@example.com").await.succeeded(202);
    let token = server.next_token("eve@example.com").await;
    // What tells nothing of names does not count.
    for (name, password) in [("no", PASSWORD), ("alice", "short"), ("alice", "eve@example.com")] {
        confirm_sign_up(at, &token, name, password).await.refused(400, "VALIDATION_ERROR");
    }
    for name in ["alice", "BOB", "carol", "dave"] {
        let refused = confirm_sign_up(at, &token, name, PASSWORD).await.refused(409, "USER_CREATION_ERROR");
        assert_eq!(refused["error"], format!("Failed to create user: username '{name}' already exists"));
    }
    let last = confirm_sign_up(at, &token, "alice", PASSWORD).await.refused(409, "USER_CREATION_ERROR");
    let reason = "username 'alice' already exists, and the token is used up; sign up again to get a new one";
    assert_eq!(last["error"], format!("Failed to create user: {reason}"));
    for name in ["alice", "eve"] {
        confirm_sign_up(at, &token, name, PASSWORD).await.refused(400, "EMAIL_VERIFICATION_FAILED");
    }
    sign_up(at, "eve@example.com").await.succeeded(202);
    let token = server.next_token("eve@example.com").await;
    confirm_sign_up(at, &token, "eve", PASSWORD).await.succeeded(200);
    server.session_of("eve").await;
}

/// Security checklist: 65.
#[tokio::test]
async fn of_twenty_confirmations_at_once_one_succeeds_and_of_twenty_taken_names_five_are_told() {
    let server = TestServer::start_in_production(&[&OPEN[..], &UNLIMITED].concat()).await;
    let at = server.address;
    server.enrol("alice").await;
    for (email, name, expected) in
        [("bob@example.com", "bob", [(200, 1), (409, 0)]), ("eve@example.com", "alice", [(200, 0), (409, 5)])]
    {
        sign_up(at, email).await.succeeded(202);
        let token = server.next_token(email).await;
        let attempts = (0..20).map(|number| {
            let name = if name == "bob" { format!("bob_{number}") } else { name.to_owned() };
            let body = choices(&token, &name, PASSWORD);
            Request::post("/api/users/verify-email").anonymous().json(&body)
        });
        let answers = crate::races::race(at, attempts.collect()).await;
        for (status, count) in expected {
            let found = answers.iter().filter(|answer| answer.status == status).count();
            assert_eq!(found, count, "{status} for {name}");
        }
    }
}

#[tokio::test]
async fn a_sign_up_waits_for_a_day() {
    let server = TestServer::start_in_production(&OPEN).await;
    let at = server.address;
    for (name, minutes) in [("alice", 24 * 60 - 1), ("bob", 24 * 60)] {
        sign_up(at, &format!("{name}@example.com")).await.succeeded(202);
        let token = server.next_token(&format!("{name}@example.com")).await;
        server.advance_minutes(minutes);
        let answer = confirm_sign_up(at, &token, name, PASSWORD).await;
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
    sign_up(server.address, "alice@example.com").await.succeeded(202);
    let token = server.next_token("alice@example.com").await;
    let server = TestServer::start_in_production_in(server.stop().await, &[(&REGISTRATION, "invite")]).await;
    let late = confirm_sign_up(server.address, &token, "alice", PASSWORD).await;
    late.refused(400, "EMAIL_VERIFICATION_FAILED");
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

    // The token of an account sets nothing else.
    confirm_sign_up(at, &token, "mallory", PASSWORD).await.refused(400, "VALIDATION_ERROR");
    verify_email(at, &token).await.succeeded(200);
    let alice = api::get(at, 2).await.succeeded(200)["data"].clone();
    assert_eq!((&alice["email_verified"], &alice["username"]), (&json!(true), &json!("alice")));
}

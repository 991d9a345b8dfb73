//! A forgotten password: what a reset does, and what it does not.

use serde_json::json;

use super::verbs;
use crate::support::{
    TestServer, account, api,
    http::{Request, act_as},
    production::{PASSWORD, UNLIMITED},
    socket::Socket,
};

const NEW: &str = "another horse battery";

/// The token that is mailed to this user after a request for a reset.
async fn requested(server: &TestServer, name: &str) -> String {
    let email = format!("{name}@example.com");
    verbs::request_reset(server.address, &email).await.succeeded(200);
    server.next_token(&email).await
}

/// Security checklist: 18, 45, 58.
#[tokio::test]
async fn a_reset_ends_every_session_and_closes_every_socket() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    for name in ["alice", "bob"] {
        server.enrol(name).await;
    }
    let sessions = [
        server.session_of("alice").await,
        server.session_of("alice").await,
        server.session_of("alice").await,
    ];
    let bystander = server.session_of("bob").await;
    let mut socket = Socket::open_as(at, &sessions[1]).await;
    let mut other = Socket::open_as(at, &bystander).await;
    let token = requested(&server, "alice").await;
    for session in &sessions {
        assert!(api::is_open(at, session).await, "to ask for a reset ends nothing");
    }

    verbs::reset(at, &token, NEW).await.succeeded(200);

    for session in &sessions {
        assert!(!api::is_open(at, session).await);
    }
    assert_eq!(socket.closed().await.0, 4401);
    assert!(api::is_open(at, &bystander).await);
    other.send(json!({ "type": "ping" })).await;
    while other.next().await["type"] != "pong" {}
}

/// Security checklist: 20, 39, 66.
#[tokio::test]
async fn a_reset_signs_nobody_in_and_strangers_do_not_keep_the_device_out() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    let token = requested(&server, "alice").await;
    let by_page = Request::post(&format!("/reset-password?token={token}"))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Sec-Fetch-Site", "same-origin")
        .body("new_password=another+horse+battery");
    let by_api = |token: &str| verbs::reset_request(token, "and another horse battery");

    let page = by_page.send(at).await;
    server.advance_minutes(1);
    let answer = by_api(&requested(&server, "alice").await).send(at).await;

    assert_eq!(
        (page.status, page.header("Location")),
        (303, Some("/sign-in?done=password-reset")),
        "{}",
        page.text()
    );
    let cookies: Vec<_> =
        page.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie")).collect();
    assert!(cookies.len() == 1 && cookies[0].1.starts_with("__Host-denizen_device="), "{cookies:?}");
    assert_eq!(answer.header("Set-Cookie"), None);
    let body = answer.succeeded(200);
    let members: Vec<&String> = body["data"].as_object().expect("data").keys().collect();
    assert_eq!(members, ["device", "message", "success"]);
    while api::login(at, "alice", "a wrong battery").await.status != 429 {}
    let login = json!({
        "login": "alice", "password": "and another horse battery", "device": body["data"]["device"],
    });
    let signed_in = Request::post("/api/auth/login").anonymous().json(&login).send(at).await;
    let session = api::token_in(&signed_in);
    assert_eq!(account::sessions(at, &session).await.len(), 1, "the only one");
}

/// Security checklist: 16, 25.
#[tokio::test]
async fn steps_that_are_left_out_or_crossed_change_no_password() {
    let server = TestServer::start_in_production(&UNLIMITED).await;
    let at = server.address;
    for name in ["alice", "bob", "olga"] {
        server.enrol(name).await;
    }
    let session = server.session_of("alice").await;
    account::change_email(at, &session, PASSWORD, "new@example.com").await.succeeded(202);
    let change = server.next_token("new@example.com").await;

    // Nobody asked for these.
    for token in [&*"0".repeat(64), &*session, &*change, "", "alice@example.com", "1"] {
        let answer = verbs::reset(at, token, NEW).await;
        if token.is_empty() {
            answer.refused(400, "VALIDATION_ERROR");
        } else {
            let refused = answer.refused(400, "PASSWORD_RESET_FAILED");
            assert_eq!(refused["error"], "Failed to reset password: invalid or expired reset token");
        }
    }
    // Two at a time, in the order in which nobody would do it; and each where another one belongs.
    let [of_alice, of_bob] = [requested(&server, "alice").await, requested(&server, "bob").await];
    account::verify_email(at, &of_alice).await.refused(400, "EMAIL_VERIFICATION_FAILED");
    account::accept_invitation(at, &of_alice, NEW).await.refused(400, "INVITATION_FAILED");
    account::confirm_email_change(at, &of_alice).await.refused(400, "EMAIL_CHANGE_FAILED");
    assert!(!api::is_open(at, &of_alice).await, "it opens no session either");
    let named = json!({ "token": of_alice, "new_password": NEW, "user_id": 2 });
    let request = Request::post("/api/users/reset-password").json(&named);
    request.send(at).await.refused(400, "INVALID_REQUEST_BODY");
    for name in ["alice", "bob", "olga"] {
        server.session_of(name).await;
    }

    verbs::reset(at, &of_bob, "the battery of bob").await.succeeded(200);

    server.session_of("alice").await;
    api::session(at, "bob", "the battery of bob").await;
    verbs::reset(at, &of_alice, "the battery of alice").await.succeeded(200);
    api::session(at, "alice", "the battery of alice").await;
    api::session(at, "bob", "the battery of bob").await;
    server.session_of("olga").await;
}

/// Security checklist: 27.
#[tokio::test]
async fn an_administrator_starts_a_reset_and_never_sees_the_way_in() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    let send = |discard: bool| {
        let path = format!("/api/users/{alice}/send-password-reset");
        Request::post(&path).json(&json!({ "discard_password": discard }))
    };

    let answer = send(false).send(at).await;
    let token = server.next_token("alice@example.com").await;

    assert!(!answer.text().contains(&token), "{}", answer.text());
    let body = answer.succeeded(202);
    assert_eq!((body.get("data"), body.get("metadata")), (None, None));
    let session = server.session_of("alice").await;
    assert!(api::is_open(at, &session).await, "nothing has changed yet");

    // The account is in the wrong hands: whoever they are, they are out.
    let answer = send(true).send(at).await;
    let newer = server.next_token("alice@example.com").await;
    assert!(!answer.text().contains(&newer), "{}", answer.text());
    answer.succeeded(202);
    assert!(!api::is_open(at, &session).await);
    api::login(at, "alice", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    verbs::reset(at, &token, NEW).await.refused(400, "PASSWORD_RESET_FAILED");
    verbs::reset(at, &newer, NEW).await.succeeded(200);
    api::session(at, "alice", NEW).await;
    // Nor can an administrator choose the password.
    let chosen = json!({ "password": "chosen by olga herself" });
    api::patch(at, alice, &chosen).await.refused(400, "INVALID_REQUEST_BODY");
}

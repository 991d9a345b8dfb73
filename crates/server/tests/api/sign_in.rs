//! Signing in and out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    TestServer,
    account::{self, change_password, logout},
    api,
    http::{Request, act_as},
    production::{PASSWORD, UNLIMITED},
};

/// Security checklist: 44, 45.
#[tokio::test]
async fn whoever_signs_in_is_known_until_they_sign_out() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    let mut tokens = Vec::new();
    for login in ["alice", "ALICE", " Alice ", "alice@example.com", "ALICE@Example.COM"] {
        let answer = api::login(at, login, PASSWORD).await;
        assert_eq!(answer.header("Set-Cookie"), None);
        assert_eq!(answer.header("Cache-Control"), Some("no-store"));
        let body = answer.succeeded(200);
        assert_eq!(
            (&body["data"]["user"]["id"], &body["data"]["token_type"]),
            (&json!(alice), &json!("Bearer"))
        );
        tokens.push(api::token_in(&answer));
    }
    for token in &tokens {
        assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "256 bits: {token}");
        let known = Request::get("/api/auth/session").bearer(token).send(at).await;
        assert_eq!((known.header("Remote-User"), known.header("Remote-User-Id")), (None, None));
        assert_eq!(known.succeeded(200)["data"]["user"]["email"], "alice@example.com");
    }
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), tokens.len(), "every session has its own token");

    logout(at, &tokens[0]).await.succeeded(200);

    let refused = Request::get("/api/users/1").bearer(&tokens[0]).send(at).await;
    refused.refused(401, "UNAUTHENTICATED");
    let challenge = "Bearer realm=\"denizen\", error=\"invalid_token\"";
    assert_eq!(refused.header("WWW-Authenticate"), Some(challenge));
    logout(at, &tokens[0]).await.refused(401, "UNAUTHENTICATED");
    for token in &tokens[1..] {
        assert!(api::is_open(at, token).await);
    }
}

/// Nobody can be made to use a session that somebody else knows. Security checklist: 44.
#[tokio::test]
async fn signing_in_opens_a_new_session_whatever_was_presented() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    server.enrol("mallory").await;
    let planted = server.session_of("mallory").await;
    let body = json!({ "login": "alice", "password": PASSWORD });
    let request = Request::post("/api/auth/login").json(&body);
    let cookie = format!("__Host-denizen_session={planted}");
    for request in [request.clone().bearer(&planted), request.header("Cookie", &cookie)] {
        let own = api::token_in(&request.send(at).await);
        assert_ne!(own, planted);
    }
    let mallory = Request::get("/api/auth/session").bearer(&planted).send(at).await.succeeded(200);
    assert_eq!(mallory["data"]["user"]["username"], "mallory");
}

/// Security checklist: 34, 44.
#[tokio::test]
async fn a_change_of_password_needs_the_current_one_and_leaves_one_new_session() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    let [here, elsewhere] = [server.session_of("alice").await, server.session_of("alice").await];
    let new = "another horse battery";
    change_password(at, &here, "wrong horse battery", new).await.refused(403, "WRONG_PASSWORD");
    change_password(at, &here, PASSWORD, "too short").await.refused(400, "VALIDATION_ERROR");
    assert!(api::is_open(at, &elsewhere).await, "nothing has changed yet");

    let fresh = api::token_in(&change_password(at, &here, PASSWORD, new).await);

    assert!(api::is_open(at, &fresh).await);
    for ended in [&here, &elsewhere] {
        assert!(!api::is_open(at, ended).await);
    }
    api::login(at, "alice", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    api::session(at, "alice", new).await;
}

/// A wrong current password counts like a wrong sign-in: a session that was found open is no way around the limit.
/// Security checklist: 34, 38.
#[tokio::test]
async fn passwords_cannot_be_guessed_by_way_of_an_open_session() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    let found = server.session_of("alice").await;
    for number in 0..10 {
        let guess = format!("wrong horse battery {number}");
        change_password(at, &found, &guess, "another horse battery").await.refused(403, "WRONG_PASSWORD");
    }
    change_password(at, &found, PASSWORD, "another horse battery").await.refused(429, "RATE_LIMITED");
    let other = server.session_of("alice").await;
    assert!(api::is_open(at, &other).await, "whoever found the session does not keep its owner out");
    server.advance_minutes(1);
    change_password(at, &found, PASSWORD, "another horse battery").await.succeeded(200);
}

/// Security checklist: 66.
#[tokio::test]
async fn strangers_who_guess_keep_no_device_out_that_has_signed_in_before() {
    let server = TestServer::start_in_production(&UNLIMITED).await;
    let at = server.address;
    server.enrol("alice").await;
    let sign_in = async |more: Value, cookie: &str| {
        let mut body = json!({ "login": "alice", "password": PASSWORD });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        Request::post("/api/auth/login").anonymous().header("Cookie", cookie).json(&body).send(at).await
    };
    let program = sign_in(json!({}), "").await.succeeded(200)["data"]["device"].clone();
    let browser = sign_in(json!({ "cookie": true }), "").await;
    let mut cookies = browser.headers.iter().map(|(_, value)| value.split("; ").next().unwrap_or_default());
    let browser =
        cookies.find(|pair| pair.starts_with("__Host-denizen_device=")).expect("a cookie").to_owned();

    while api::login(at, "alice", "a wrong battery").await.status != 429 {}

    sign_in(json!({}), "").await.refused(429, "RATE_LIMITED");
    sign_in(json!({ "device": program }), "").await.succeeded(200);
    sign_in(json!({ "cookie": true }), &browser).await.succeeded(200);
    let renamed = browser.replace("__Host-", "");
    sign_in(json!({}), &renamed).await.refused(429, "RATE_LIMITED");
}

/// Security checklist: 37.
#[tokio::test]
async fn whoever_cannot_sign_in_is_not_told_why() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    api::create(at, &api::user("without_password")).await.succeeded(201);
    api::patch(at, alice, &json!({ "active": false })).await.succeeded(200);
    let mut answers = Vec::new();
    for (login, password) in [
        ("alice", PASSWORD),
        ("alice@example.com", PASSWORD),
        ("olga", "wrong horse battery"),
        ("without_password", PASSWORD),
        ("nobody", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("nobody at all", PASSWORD),
    ] {
        let answer = api::login(at, login, password).await;
        let mut body = answer.refused(401, "INVALID_CREDENTIALS");
        body["request_id"] = json!(null);
        let names: Vec<String> = answer.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
        answers.push((body, names.into_iter().collect::<BTreeSet<_>>()));
    }
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
    api::patch(at, alice, &json!({ "active": true })).await.succeeded(200);
    let token = server.session_of("alice").await;
    assert_eq!(account::sessions(at, &token).await.len(), 1);
}

//! What comes by mail and works once: looked at as often as you like, and dead as soon as the account is another one.

use std::net::SocketAddr;

use denizen_server::config::REGISTRATION;
use serde_json::json;

use crate::support::{
    TestServer,
    account::{
        accept_invitation, change_email, change_password, confirm_email_change, request_verification,
        verify_email,
    },
    api::{self, user, with},
    http::{Request, Response, act_as},
    production::{PASSWORD, UNLIMITED},
};

pub const NEW: &str = "another horse battery";

/// A server in whose administrator's name requests are sent.
pub async fn administered() -> TestServer {
    let server =
        TestServer::start_in_production(&[&[(&REGISTRATION, "invite")], &UNLIMITED[..]].concat()).await;
    server.enrol_administrator("olga").await;
    act_as(server.address, Some(server.session_of("olga").await));
    server
}

/// A new member who can sign in, but has not shown yet that the address is theirs. Gives id and session.
pub async fn unverified(server: &TestServer, name: &str) -> (u64, String) {
    let member = with(user(name), json!({ "password": PASSWORD }));
    let created = api::create(server.address, &member).await.succeeded(201);
    (created["data"]["id"].as_u64().expect("an id"), server.session_of(name).await)
}

/// The tokens that were mailed on behalf of one user.
pub struct Outstanding {
    verification: String,
    change: String,
}

impl Outstanding {
    /// One of each kind that a user with a password can have.
    pub async fn of(server: &TestServer, name: &str, session: &str) -> Self {
        let (at, email) = (server.address, format!("{name}@example.com"));
        request_verification(at, &email).await.succeeded(202);
        let verification = server.next_token(&email).await;
        let new = format!("new_{email}");
        change_email(at, session, PASSWORD, &new).await.succeeded(202);
        Self { verification, change: server.next_token(&new).await }
    }

    pub async fn are_dead(&self, at: SocketAddr, after: &str) {
        for (answer, code) in [
            (verify_email(at, &self.verification).await, "EMAIL_VERIFICATION_FAILED"),
            (confirm_email_change(at, &self.change).await, "EMAIL_CHANGE_FAILED"),
        ] {
            assert_eq!(answer.status, 400, "after {after}: {}", answer.text());
            answer.refused(400, code);
        }
    }
}

/// What makes an account another one.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    PasswordChanged,
    EmailChanged,
    EmailChangedByAdministrator,
    EmailReplacedByAdministrator,
    Disabled,
    DisabledAndEnabled,
    Deleted,
}

impl Event {
    pub const ALL: [Self; 7] = [
        Self::PasswordChanged,
        Self::EmailChanged,
        Self::EmailChangedByAdministrator,
        Self::EmailReplacedByAdministrator,
        Self::Disabled,
        Self::DisabledAndEnabled,
        Self::Deleted,
    ];

    pub async fn happen(self, at: SocketAddr, id: u64, session: &str, tokens: &Outstanding) -> Response {
        let turned = format!("turned_{id}@example.com");
        match self {
            Self::PasswordChanged => change_password(at, session, PASSWORD, NEW).await,
            Self::EmailChanged => confirm_email_change(at, &tokens.change).await,
            Self::EmailChangedByAdministrator => api::patch(at, id, &json!({ "email": turned })).await,
            Self::EmailReplacedByAdministrator => {
                api::put(at, id, &with(user(&format!("user_{id}")), json!({ "email": turned }))).await
            }
            Self::Disabled => api::patch(at, id, &json!({ "active": false })).await,
            Self::DisabledAndEnabled => {
                api::patch(at, id, &json!({ "active": false })).await.succeeded(200);
                api::patch(at, id, &json!({ "active": true })).await
            }
            Self::Deleted => api::delete(at, id).await,
        }
    }
}

/// Security checklist: 19.
#[tokio::test]
async fn whatever_changes_an_account_kills_the_tokens_that_are_out() {
    let server = administered().await;
    let at = server.address;
    for event in Event::ALL {
        let name = format!("{event:?}");
        let (id, session) = unverified(&server, &name).await;
        let tokens = Outstanding::of(&server, &name, &session).await;

        let done = event.happen(at, id, &session, &tokens).await;

        assert!((200..300).contains(&done.status), "{name}: {}", done.text());
        tokens.are_dead(at, &name).await;
    }
}

/// Security checklist: 19.
#[tokio::test]
async fn what_does_not_touch_the_way_in_leaves_tokens_alone() {
    let server = administered().await;
    let at = server.address;
    let (id, session) = unverified(&server, "alice").await;
    let tokens = Outstanding::of(&server, "alice", &session).await;
    api::patch(at, id, &json!({ "first_name": "Alicia", "email": "ALICE@example.com" })).await.succeeded(200);
    api::patch(at, id, &json!({ "roles": ["user", "mentor"] })).await.succeeded(200);
    Request::new("DELETE", &format!("/api/users/{id}/sessions")).send(at).await.succeeded(200);

    verify_email(at, &tokens.verification).await.succeeded(200);
    assert_eq!(api::get(at, id).await.succeeded(200)["data"]["email_verified"], true);
    confirm_email_change(at, &tokens.change).await.succeeded(200);
    assert_eq!(api::get(at, id).await.succeeded(200)["data"]["email"], "new_alice@example.com");
}

/// Security checklist: 19.
#[tokio::test]
async fn an_invitation_dies_with_the_account_as_it_was() {
    let server = administered().await;
    let at = server.address;
    for (name, changes) in [
        ("moved", vec![json!({ "email": "elsewhere@example.com" })]),
        ("disabled", vec![json!({ "active": false })]),
        ("back_again", vec![json!({ "active": false }), json!({ "active": true })]),
    ] {
        let created = api::create(at, &user(name)).await.succeeded(201);
        let token = server.next_token(&format!("{name}@example.com")).await;
        for change in changes {
            api::patch(at, created["data"]["id"].as_u64().unwrap(), &change).await.succeeded(200);
        }
        accept_invitation(at, &token, NEW).await.refused(400, "INVITATION_FAILED");
    }
}

/// What follows links before people do.
const SCANNERS: [&str; 4] = [
    "LinkScanner/1.0 (prefetch)",
    "Mozilla/5.0 (compatible; mail protection)",
    "curl/8.0",
    "facebookexternalhit/1.1",
];

/// Follows the link twenty times with GET and HEAD, as it is and to the API.
pub async fn follow(at: SocketAddr, page: &str, token: &str) {
    let link = format!("{page}?token={token}");
    for number in 0..20 {
        for method in ["GET", "HEAD"] {
            let scanner = Request::new(method, &link).anonymous().header("User-Agent", SCANNERS[number % 4]);
            let answer = scanner.send(at).await;
            assert_eq!((answer.status, answer.header("Set-Cookie")), (200, None), "{method} {page}");
            assert!(!answer.text().contains(token), "the page repeats the token");
        }
    }
    let prefetch = Request::get(&link).header("Sec-Purpose", "prefetch").header("Purpose", "prefetch");
    assert_eq!(prefetch.send(at).await.status, 200);
}

/// Security checklist: 17.
#[tokio::test]
async fn scanners_that_follow_links_use_nothing_up() {
    let server = administered().await;
    let at = server.address;
    let (_, session) = unverified(&server, "alice").await;
    let tokens = Outstanding::of(&server, "alice", &session).await;
    api::create(at, &user("bob")).await.succeeded(201);
    let invitation = server.next_token("bob@example.com").await;
    for (page, token) in [
        ("/verify-email", &tokens.verification),
        ("/confirm-email-change", &tokens.change),
        ("/accept-invitation", &invitation),
    ] {
        follow(at, page, token).await;
    }

    verify_email(at, &tokens.verification).await.succeeded(200);
    accept_invitation(at, &invitation, NEW).await.succeeded(200);
    api::session(at, "bob", NEW).await;
}

/// Security checklist: 14, 17.
#[tokio::test]
async fn what_was_used_is_used_up() {
    let server = administered().await;
    let at = server.address;
    let (_, session) = unverified(&server, "alice").await;
    let tokens = Outstanding::of(&server, "alice", &session).await;
    verify_email(at, &tokens.verification).await.succeeded(200);
    verify_email(at, &tokens.verification).await.refused(400, "EMAIL_VERIFICATION_FAILED");
    confirm_email_change(at, &tokens.change).await.succeeded(200);
    confirm_email_change(at, &tokens.change).await.refused(400, "EMAIL_CHANGE_FAILED");
    api::create(at, &user("bob")).await.succeeded(201);
    let invitation = server.next_token("bob@example.com").await;
    accept_invitation(at, &invitation, NEW).await.succeeded(200);
    accept_invitation(at, &invitation, PASSWORD).await.refused(400, "INVITATION_FAILED");
    api::session(at, "bob", NEW).await;
}

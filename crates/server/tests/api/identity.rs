//! Who somebody is: names that change hands, and acts that cannot be taken back.

use std::net::SocketAddr;

use denizen_server::config::{RESERVED_USERNAMES, Setting, USERNAME_RESERVATION};
use denizen_services::{MailMessage, NoticeTemplate};
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    account::{change_email, change_password, confirm_email_change},
    api,
    http::{Request, Response, act_as},
    production::PASSWORD,
    socket::Socket,
};

async fn rename(at: SocketAddr, session: &str, id: u64, name: &str) -> Response {
    let request = Request::new("PATCH", &format!("/api/users/{id}")).bearer(session);
    request.json(&json!({ "username": name })).send(at).await
}

async fn delete_account(at: SocketAddr, session: &str, password: &str) -> Response {
    let request = Request::post("/api/auth/delete-account").bearer(session);
    request.json(&json!({ "password": password })).send(at).await
}

/// User 1 as this session sees it.
async fn seen_by(at: SocketAddr, session: &str) -> Value {
    Request::get("/api/users/1").bearer(session).send(at).await.succeeded(200)["data"].clone()
}

/// Why a name is refused that another user has, has had, or may not have.
#[track_caller]
fn taken(response: &Response, name: &str) {
    let body = response.refused(409, "USER_UPDATE_ERROR");
    assert_eq!(body["error"], format!("Failed to update user: username '{name}' already exists"));
}

/// alice and mallory, and the session of olga, who is an administrator.
async fn server_of_three(settings: &[(&'static Setting, &str)]) -> (TestServer, String) {
    let server = TestServer::start_in_production(settings).await;
    server.enrol("alice").await;
    server.enrol("mallory").await;
    server.enrol_administrator("olga").await;
    let olga = server.session_of("olga").await;
    (server, olga)
}

/// Security checklist: 76.
#[tokio::test]
async fn nobody_becomes_who_somebody_else_was() {
    let (server, olga) = server_of_three(&[]).await;
    let at = server.address;
    let (alice, mallory) = (server.session_of("alice").await, server.session_of("mallory").await);
    rename(at, &alice, 1, "alicia").await.succeeded(200);

    taken(&rename(at, &mallory, 2, "alice").await, "alice");
    let body = rename(at, &olga, 2, "alice").await.refused(409, "USER_UPDATE_ERROR");
    assert_eq!(body["error"], "Failed to update user: username 'alice' is reserved for the user who had it");
    let again = json!({
        "username": "Alice", "email": "other@example.com", "first_name": "An", "last_name": "Other",
    });
    let created = Request::post("/api/users").bearer(&olga).json(&again).send(at).await;
    created.refused(409, "USER_CREATION_ERROR");

    // A day later mallory may try again, and alice may be called alice again.
    server.advance_minutes(24 * 60);
    taken(&rename(at, &mallory, 2, "ALICE").await, "ALICE");
    rename(at, &alice, 1, "alice").await.succeeded(200);
    act_as(at, Some(olga));
    api::delete(at, 1).await.succeeded(200);
    server.advance_minutes(24 * 60);
    taken(&rename(at, &mallory, 2, "alice").await, "alice");
    let files = std::fs::read(server.folder().join("denizen.db")).unwrap();
    assert!(!files.windows(6).any(|bytes| bytes == b"alicia"), "no former name is at rest");
}

/// Security checklist: 76.
#[tokio::test]
async fn members_try_one_name_a_day_and_none_that_means_the_service() {
    let (server, olga) = server_of_three(&[(&RESERVED_USERNAMES, "acme, acme_inc")]).await;
    let at = server.address;
    for (id, login, name) in [(1, "alice", "Post_Master"), (2, "mallory", "ACME")] {
        let session = server.session_of(login).await;
        taken(&rename(at, &session, id, name).await, name);
        for other in ["olga", "nobody_has_this", "root"] {
            let refused = rename(at, &session, id, other).await;
            refused.refused(429, "RATE_LIMITED");
            assert_eq!(refused.header("Retry-After"), Some("86400"), "{other}");
        }
        rename(at, &olga, id, name).await.succeeded(200);
        let same = Request::new("PATCH", &format!("/api/users/{id}")).bearer(&session);
        same.json(&json!({ "username": name.to_lowercase() })).send(at).await.succeeded(200);
    }
}

/// Security checklist: 76.
#[tokio::test]
async fn names_are_free_at_once_where_that_is_so_set() {
    let (server, olga) = server_of_three(&[(&USERNAME_RESERVATION, "0s")]).await;
    act_as(server.address, Some(olga));
    api::delete(server.address, 1).await.succeeded(200);
    let mallory = server.session_of("mallory").await;
    rename(server.address, &mallory, 2, "alice").await.succeeded(200);
}

/// What becomes of an act with a wrong password, and with the right one.
type Act = (&'static str, NoticeTemplate, u16);

const ACTS: [Act; 3] = [
    ("change-password", NoticeTemplate::PasswordChanged, 200),
    ("change-email", NoticeTemplate::EmailChanged, 202),
    ("delete-account", NoticeTemplate::AccountDeleted, 200),
];

async fn act(at: SocketAddr, what: &str, session: &str, password: &str) -> Response {
    match what {
        "change-password" => change_password(at, session, password, "another horse battery").await,
        "change-email" => change_email(at, session, password, "alice@new.example.com").await,
        _ => delete_account(at, session, password).await,
    }
}

/// Security checklist: 77.
#[tokio::test]
async fn what_cannot_be_taken_back_asks_for_the_password_and_tells_the_owner() {
    for (what, notice, status) in ACTS {
        let (server, _) = server_of_three(&[]).await;
        let (at, alice) = (server.address, server.session_of("alice").await);
        let before = seen_by(at, &alice).await;
        for wrong in ["tutorial horse battery", ""] {
            let refused = act(at, what, &alice, wrong).await;
            assert!([400, 403].contains(&refused.status), "{what}: {}", refused.text());
        }
        assert_eq!(seen_by(at, &alice).await, before, "{what}");
        assert_eq!(server.mailer.sent_to("alice@example.com").len(), 0, "{what}");

        act(at, what, &alice, PASSWORD).await.succeeded(status);
        if what == "change-email" {
            let token = server.next_token("alice@new.example.com").await;
            confirm_email_change(at, &token).await.succeeded(200);
        }

        let is_notice = |message: &MailMessage| matches!(message, MailMessage::Notice { .. });
        let told = server.mail("alice@example.com", is_notice).await;
        let MailMessage::Notice { template, ip, .. } = told.message else { panic!("{told:?}") };
        assert_eq!((template, ip), (notice, Some(at.ip())), "{what}");
    }
}

/// Security checklist: 77.
#[tokio::test]
async fn an_account_is_deleted_by_its_password_alone_and_everything_of_it_ends() {
    let (server, olga) = server_of_three(&[]).await;
    let at = server.address;
    let (alice, phone) = (server.session_of("alice").await, server.session_of("alice").await);
    let mut socket = Socket::open_as(at, &phone).await;
    let delete = |session: &str| Request::new("DELETE", "/api/users/1").bearer(session);
    let hint = "Forbidden: to delete your own account, send your password to POST /api/auth/delete-account";
    assert_eq!(delete(&alice).send(at).await.refused(403, "FORBIDDEN")["error"], hint);
    let own = Request::new("DELETE", "/api/users/3").bearer(&olga).send(at).await;
    assert_eq!(own.refused(403, "FORBIDDEN")["error"], hint, "of an administrator, too");

    delete_account(at, &alice, PASSWORD).await.succeeded(200);

    assert_eq!(socket.closed().await.0, 4401);
    for session in [&alice, &phone] {
        assert!(!api::is_open(at, session).await);
    }
    api::login(at, "alice", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    delete(&olga).send(at).await.refused(404, "USER_DELETE_ERROR");
    let trail = Request::get("/api/audit?kind=user.deleted").bearer(&olga).send(at).await.succeeded(200);
    assert_eq!((&trail["data"][0]["actor"], &trail["data"][0]["target"]), (&json!("user:1"), &json!(1)));
    let last = delete_account(at, &olga, PASSWORD).await.refused(403, "FORBIDDEN");
    assert_eq!(last["error"], "Forbidden: there would be no administrator left");
}

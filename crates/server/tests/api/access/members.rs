//! What members can change of themselves, and what they cannot.

use serde_json::{Value, json};

use crate::support::{
    TestServer,
    api::{self, user, with},
    http::{Request, act_as},
};

/// A server on which requests are those of alice, and the session of its administrator.
async fn as_alice() -> (TestServer, u64, String) {
    let server = TestServer::start_in_production(&[]).await;
    let alice = server.enrol("alice").await;
    server.enrol_administrator("olga").await;
    let olga = server.session_of("olga").await;
    act_as(server.address, Some(server.session_of("alice").await));
    (server, alice, olga)
}

/// The user as the administrator sees it.
async fn seen_by(server: &TestServer, administrator: &str, id: u64) -> Value {
    let request = Request::get(&format!("/api/users/{id}")).bearer(administrator);
    request.send(server.address).await.succeeded(200)["data"].clone()
}

/// Security checklist: 52.
#[tokio::test]
async fn what_decides_about_a_user_is_not_taken_from_the_user() {
    let (server, alice, olga) = as_alice().await;
    let at = server.address;
    let before = seen_by(&server, &olga, alice).await;
    for (members, status, code) in [
        (json!({"roles": ["user", "admin"]}), 403, "FORBIDDEN"),
        (json!({"roles": ["admin"]}), 403, "FORBIDDEN"),
        (json!({"active": false}), 403, "FORBIDDEN"),
        (json!({"email": "alice@example.org"}), 403, "FORBIDDEN"),
        (json!({"email": "ALICE@example.com"}), 403, "FORBIDDEN"),
        (json!({"email_verified": false}), 400, "VALIDATION_ERROR"),
        (json!({"id": 2}), 400, "VALIDATION_ERROR"),
        (json!({"created_at": "2020-01-01T00:00:00Z"}), 400, "VALIDATION_ERROR"),
        (json!({"updated_at": "2020-01-01T00:00:00Z"}), 400, "VALIDATION_ERROR"),
        (json!({"password": "another horse battery"}), 400, "INVALID_REQUEST_BODY"),
        (
            json!({"password_hash": "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA"}),
            400,
            "INVALID_REQUEST_BODY",
        ),
        (json!({"revision": 1}), 400, "INVALID_REQUEST_BODY"),
        (json!({"security_version": 1}), 400, "INVALID_REQUEST_BODY"),
        (json!({"is_admin": true}), 400, "INVALID_REQUEST_BODY"),
        (json!({"ROLES": ["admin"]}), 400, "INVALID_REQUEST_BODY"),
        (json!({"profile": {"roles": ["admin"]}}), 400, "INVALID_REQUEST_BODY"),
    ] {
        // With a change beside it that is allowed: nothing is done by halves.
        let members = with(json!({"first_name": "Changed"}), members);
        api::patch(at, alice, &members).await.refused(status, code);
        api::put(at, alice, &with(user("alice"), members)).await.refused(status, code);
        assert_eq!(seen_by(&server, &olga, alice).await, before);
    }
}

/// Security checklist: 52.
#[tokio::test]
async fn what_is_sent_back_as_it_was_does_no_harm() {
    let (server, alice, olga) = as_alice().await;
    let at = server.address;
    let own = api::get(at, alice).await.succeeded(200)["data"].clone();
    assert_eq!(own, seen_by(&server, &olga, alice).await, "one's own address is no secret");
    assert_eq!(api::put(at, alice, &own).await.succeeded(200)["data"], own);

    let changed = with(own, json!({"first_name": "Alicia", "username": "alicia", "age": 30}));
    assert_eq!(api::put(at, alice, &changed).await.succeeded(200)["data"], changed);
    let patched = api::patch(at, alice, &json!({"profile": {"bio": "Hello."}})).await.succeeded(200);
    assert_eq!(patched["data"]["profile"]["bio"], "Hello.");
    assert_eq!(seen_by(&server, &olga, alice).await, patched["data"]);
}

/// Security checklist: 51.
#[tokio::test]
async fn members_can_leave_and_are_gone() {
    let (server, alice, olga) = as_alice().await;
    let at = server.address;
    let delete = Request::post("/api/auth/delete-account");
    let body = json!({ "password": crate::support::production::PASSWORD });
    delete.json(&body).send(at).await.succeeded(200);
    api::get(at, alice).await.refused(401, "UNAUTHENTICATED");
    let gone = Request::get(&format!("/api/users/{alice}")).bearer(&olga).send(at).await;
    gone.refused(404, "USER_NOT_FOUND");
    api::login(at, "alice", crate::support::production::PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
}

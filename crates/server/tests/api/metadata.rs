//! Data of applications on users, and the export of all that is kept about one.

use std::net::SocketAddr;

use denizen_server::config::DIRECTORY;
use serde_json::{Value, json};

use crate::support::{
    TestServer, api,
    http::{Request, Response},
};

async fn patch(at: SocketAddr, session: &str, id: u64, members: &Value) -> Response {
    Request::new("PATCH", &format!("/api/users/{id}")).bearer(session).json(members).send(at).await
}

async fn get(at: SocketAddr, session: &str, target: &str) -> Value {
    Request::get(target).bearer(session).send(at).await.succeeded(200)["data"].clone()
}

#[tokio::test]
async fn metadata_comes_back_as_it_was_written_to_those_who_may_see_it() {
    let server = TestServer::start_in_production(&[(&DIRECTORY, "members")]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    server.enrol("bob").await;
    server.enrol_administrator("olga").await;
    let (me, bob) = (server.session_of("alice").await, server.session_of("bob").await);
    let olga = server.session_of("olga").await;
    let own = json!({ "numbers": [0.1, -5e-324, u64::MAX, i64::MIN], "text": "\u{0} é 🦀", "seen": { "a": 1, "b": 2 } });
    let apps = json!({ "plan": "pro", "\"": { "": [[], {}] } });
    patch(at, &me, alice, &json!({ "user_metadata": own })).await.succeeded(200);
    patch(at, &olga, alice, &json!({ "app_metadata": apps })).await.succeeded(200);
    let path = format!("/api/users/{alice}");
    for session in [&me, &olga] {
        let user = get(at, session, &path).await;
        assert_eq!((&user["user_metadata"], &user["app_metadata"]), (&own, &apps));
        let export = get(at, session, &format!("{path}/export")).await;
        assert_eq!(export["user"], user);
        assert_eq!(export["has_password"], true);
    }
    for session in [&me, &bob, &olga] {
        let list = Request::get("/api/users?search=alice").bearer(session).send(at).await;
        assert_eq!(list.succeeded(200)["metadata"]["count"], 1);
        assert!(!list.text().contains("_metadata"), "{}", list.text());
    }
    let merged =
        patch(at, &me, alice, &json!({ "user_metadata": { "seen": { "a": null }, "text": null } })).await;
    let merged = merged.succeeded(200)["data"]["user_metadata"].clone();
    assert_eq!(merged, json!({ "numbers": own["numbers"], "seen": { "b": 2 } }));
    let emptied = patch(at, &me, alice, &json!({ "user_metadata": null })).await.succeeded(200);
    assert_eq!(emptied["data"].get("user_metadata"), None);
}

#[tokio::test]
async fn metadata_is_limited_and_members_cannot_write_that_of_applications() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    let me = server.session_of("alice").await;
    let of_length = |bytes: usize| json!({ "a": "x".repeat(bytes - 8) });
    patch(at, &me, alice, &json!({ "user_metadata": of_length(8 * 1024) })).await.succeeded(200);
    let long = patch(at, &me, alice, &json!({ "user_metadata": of_length(8 * 1024 + 1) })).await;
    let body = long.refused(400, "VALIDATION_ERROR");
    assert_eq!(body["error"], "Validation failed: user_metadata cannot exceed 8192 bytes of JSON");
    let refused = patch(at, &me, alice, &json!({ "app_metadata": { "plan": "pro" } })).await;
    let body = refused.refused(403, "FORBIDDEN");
    assert_eq!(body["error"], "Forbidden: only administrators can change app_metadata");
    for body in [json!({ "user_metadata": [] }), json!({ "user_metadata": "x" })] {
        patch(at, &me, alice, &body).await.refused(400, "INVALID_REQUEST_BODY");
    }
    let user = get(at, &me, &format!("/api/users/{alice}")).await;
    assert_eq!((&user["user_metadata"], user.get("app_metadata")), (&of_length(8 * 1024), None));
}

#[tokio::test]
async fn an_export_holds_sessions_and_what_was_done_and_no_secret() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    let me = server.session_of("alice").await;
    api::login(at, "alice", "a wrong password of mine").await.refused(401, "INVALID_CREDENTIALS");
    let answer = Request::get(&format!("/api/users/{alice}/export")).bearer(&me).send(at).await;
    let export = answer.succeeded(200)["data"].clone();
    assert_eq!((&export["failed_attempts"], &export["sessions"][0]["current"]), (&json!(1), &json!(true)));
    let kinds: Vec<_> =
        export["audit"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["login.failed", "login.succeeded", "user.created"]);
    let text = answer.text();
    assert!(!text.contains(&me) && !text.contains("argon2"), "{text}");
}

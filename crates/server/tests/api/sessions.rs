//! Sessions: seen, ended, and gone when their time has come or their owner may no longer.

mod cookies;

use denizen_server::config::{SESSION_IDLE_TIMEOUT, SESSION_LIFETIME};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{
    PATIENCE, TestServer,
    account::{session_id, sessions},
    api::{self, user, with},
    http::{Request, Response, act_as},
    production::PASSWORD,
};

/// Ends the session with this number, in the name of whoever has the token.
async fn end(server: &TestServer, token: &str, id: u64) -> Response {
    let request = Request::new("DELETE", &format!("/api/auth/sessions/{id}"));
    request.bearer(token).send(server.address).await
}

/// Security checklist: 47.
#[tokio::test]
async fn members_see_where_they_are_signed_in() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    server.enrol("bob").await;
    server.session_of("bob").await;
    let credentials = json!({ "login": "alice", "password": PASSWORD });
    let request =
        Request::post("/api/auth/login").header("User-Agent", "Browser/1.0 (a machine)").json(&credentials);
    let first = api::token_in(&request.send(at).await);
    server.advance_minutes(10);
    let second = server.session_of("alice").await;

    let listed = sessions(at, &second).await;

    let expected = |id: u64, current: bool, minute: u32, ends: &str| {
        json!({
            "id": id, "current": current, "created_at": format!("2026-01-01T00:{minute:02}:00Z"),
            "last_seen_at": format!("2026-01-01T00:{minute:02}:00Z"), "expires_at": ends, "ip": "127.0.0.1",
        })
    };
    let [one, two] = [session_id(at, &first).await, session_id(at, &second).await];
    assert_eq!(listed[0], expected(two, true, 10, "2026-01-31T00:10:00Z"));
    let agent = json!({ "user_agent": "Browser/1.0 (a machine)" });
    assert_eq!(listed[1], with(expected(one, false, 0, "2026-01-31T00:00:00Z"), agent));
    assert_eq!(listed.len(), 2);
}

/// Security checklist: 45, 47.
#[tokio::test]
async fn members_end_one_session_or_all_others() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(server.session_of("alice").await);
    }
    let [here, lost, .., last] = &tokens[..] else { panic!("four sessions") };
    let id = session_id(at, lost).await;

    end(&server, here, id).await.succeeded(200);
    assert!(!api::is_open(at, lost).await);
    assert_eq!(sessions(at, here).await.len(), 3);
    end(&server, here, id).await.refused(404, "SESSION_NOT_FOUND");

    let all = Request::new("DELETE", "/api/auth/sessions").bearer(here).send(at).await.succeeded(200);
    assert_eq!(all["data"], json!({ "ended": 2 }));
    assert!(!api::is_open(at, last).await);
    assert_eq!(sessions(at, here).await.len(), 1);

    end(&server, here, session_id(at, here).await).await.succeeded(200);
    assert!(!api::is_open(at, here).await);
}

/// Security checklist: 47.
#[tokio::test]
async fn nobody_can_end_the_session_of_another_or_find_out_that_it_is_there() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    server.enrol_administrator("olga").await;
    let alice = server.session_of("alice").await;
    let id = session_id(at, &alice).await;
    // Administrators have a route of their own for that.
    let olga = server.session_of("olga").await;
    let [there, nowhere] = [end(&server, &olga, id).await, end(&server, &olga, 999_999).await]
        .map(|answer| answer.refused(404, "SESSION_NOT_FOUND")["error"].clone());
    assert_eq!(there, nowhere);
    assert!(api::is_open(at, &alice).await);
}

/// Security checklist: 45, 48.
#[tokio::test]
async fn administrators_end_one_session_of_a_user_or_all() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    let bob = server.enrol("bob").await;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    let [one, two, three] = [
        server.session_of("alice").await,
        server.session_of("alice").await,
        server.session_of("alice").await,
    ];
    let of_bob = server.session_of("bob").await;
    let id = session_id(at, &one).await;
    let delete = async |path: String| Request::new("DELETE", &path).send(at).await;

    let list = Request::get(&format!("/api/users/{alice}/sessions")).send(at).await.succeeded(200);
    assert_eq!((&list["metadata"]["count"], &list["data"][0]["current"]), (&json!(3), &json!(false)));
    delete(format!("/api/users/{bob}/sessions/{id}")).await.refused(404, "SESSION_NOT_FOUND");
    assert!(api::is_open(at, &one).await, "it is not a session of bob");

    delete(format!("/api/users/{alice}/sessions/{id}")).await.succeeded(200);
    assert!(!api::is_open(at, &one).await && api::is_open(at, &two).await);

    let ended = delete(format!("/api/users/{alice}/sessions")).await.succeeded(200);
    assert_eq!(ended["data"], json!({ "ended": 2 }));
    assert!(!api::is_open(at, &two).await && !api::is_open(at, &three).await);
    assert!(api::is_open(at, &of_bob).await);
}

/// Security checklist: 46.
#[tokio::test]
async fn a_session_that_is_not_used_ends() {
    let server = TestServer::start_in_production(&[(&SESSION_IDLE_TIMEOUT, "1h")]).await;
    let at = server.address;
    server.enrol("alice").await;
    let [unused, used] = [server.session_of("alice").await, server.session_of("alice").await];
    server.advance_minutes(59);
    // That it is used is noted by and by.
    let noted = async { while sessions(at, &used).await[0]["last_seen_at"] != "2026-01-01T00:59:00Z" {} };
    timeout(PATIENCE, noted).await.expect("a session that was used");
    server.advance_minutes(1);

    assert!(!api::is_open(at, &unused).await);
    assert!(api::is_open(at, &used).await);
    assert_eq!(sessions(at, &used).await.len(), 1);
}

/// Security checklist: 46.
#[tokio::test]
async fn no_session_lives_for_ever_however_much_it_is_used() {
    let settings = [(&SESSION_LIFETIME, "2h"), (&SESSION_IDLE_TIMEOUT, "2h")];
    let server = TestServer::start_in_production(&settings).await;
    let at = server.address;
    server.enrol("alice").await;
    let token = server.session_of("alice").await;
    for _ in 0..119 {
        server.advance_minutes(1);
        assert!(api::is_open(at, &token).await);
    }
    server.advance_minutes(1);
    assert!(!api::is_open(at, &token).await);
}

/// Security checklist: 45.
#[tokio::test]
async fn whoever_is_disabled_or_deleted_is_out_with_the_next_request() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let (alice, bob) = (server.enrol("alice").await, server.enrol("bob").await);
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    let [of_alice, of_bob] = [server.session_of("alice").await, server.session_of("bob").await];

    api::patch(at, alice, &json!({ "active": false })).await.succeeded(200);
    assert!(!api::is_open(at, &of_alice).await);
    api::delete(at, bob).await.succeeded(200);
    assert!(!api::is_open(at, &of_bob).await);

    api::patch(at, alice, &json!({ "active": true })).await.succeeded(200);
    assert!(!api::is_open(at, &of_alice).await, "what was ended stays ended");
    server.session_of("alice").await;
}

/// Security checklist: 50.
#[tokio::test]
async fn roles_count_as_they_are_and_not_as_they_were_at_sign_in() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    let token = server.session_of("alice").await;
    let list = || Request::get("/api/users").bearer(&token);
    for _ in 0..3 {
        list().send(at).await.refused(403, "FORBIDDEN");
        api::patch(at, alice, &json!({ "roles": ["user", "admin"] })).await.succeeded(200);
        list().send(at).await.succeeded(200);
        api::patch(at, alice, &json!({ "roles": ["user"] })).await.succeeded(200);
    }
    list().send(at).await.refused(403, "FORBIDDEN");
    let create = Request::post("/api/users").bearer(&token).json(&user("accomplice"));
    create.send(at).await.refused(403, "FORBIDDEN");
}

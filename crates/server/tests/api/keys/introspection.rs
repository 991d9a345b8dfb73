//! Introspection by the back end of an application.

use std::time::Duration;

use denizen_models::KeyScope;
use denizen_server::{
    SAMPLE_PASSWORD,
    config::{RATE_BURST, RATE_LIMIT},
};
use denizen_services::Clock as _;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{
    lifecycle::two_processes::start_two,
    support::{
        TestServer,
        account::{introspect, introspection, logout, new_key},
        api::act_as_administrator,
        http::{Connection, Request, act_as},
        process::run,
        production::{PASSWORD, UNLIMITED},
    },
};

const INTROSPECT: &[KeyScope] = &[KeyScope::SessionsIntrospect];

/// Base64, as RFC 4648 has it.
fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| char::from(DIGITS[usize::try_from(bits & 63).expect("six bits")]);
    let chunk = |chunk: &[u8]| {
        let bits = (0..3).fold(0, |bits, place| bits << 8 | u32::from(*chunk.get(place).unwrap_or(&0)));
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        digits
            .into_iter()
            .take(chunk.len() + 1)
            .chain(std::iter::repeat_n('=', 3 - chunk.len()))
            .collect::<String>()
    };
    text.as_bytes().chunks(3).map(chunk).collect()
}

/// Security checklist: 79.
#[tokio::test]
async fn five_thousand_introspections_in_a_row_are_answered_while_others_keep_their_limit() {
    let settings = [&[(&RATE_LIMIT, "1"), (&RATE_BURST, "30")], &UNLIMITED[..]].concat();
    let server = TestServer::start_in_production(&settings).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    server.enrol("alice").await;
    let token = server.session_of("alice").await;
    let (id, key) = new_key(at, PASSWORD, INTROSPECT).await;
    let basic = format!("Basic {}", base64(&format!("{id}:{key}")));
    let mut connection = Connection::open(at).await.expect("a connection");
    for number in 0..5_000 {
        let asked = introspection(&token);
        let asked = if number % 2 == 0 { asked.bearer(&key) } else { asked.header("Authorization", &basic) };
        let answer = connection.send(&asked).await.expect("an answer");
        assert_eq!(answer.status, 200, "{number}: {}", answer.text());
        if number < 2 {
            let body = answer.json();
            let seen = [&body["active"], &body["username"], &body["email"], &body["roles"]];
            let expected = [json!(true), json!("alice"), json!("alice@example.com"), json!(["user"])];
            assert_eq!(seen, expected.each_ref(), "{body}");
        }
    }
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(Request::get("/api/users/1").anonymous().send(at).await.status);
    }
    assert!(statuses.contains(&429), "the limit of the IP address holds for everybody else");
    for _ in 0..60 {
        statuses.push(introspect(at, "dk_1_cafe", &token).await.status);
    }
    assert_eq!(statuses.last(), Some(&429), "unknown keys count for it");
    assert_eq!(introspect(at, &key, &token).await.status, 200);
}

#[tokio::test]
async fn a_session_is_active_until_it_ends() {
    let server = TestServer::start_in_production(&UNLIMITED).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    server.enrol("alice").await;
    let token = server.session_of("alice").await;
    let key = new_key(at, PASSWORD, INTROSPECT).await.1;
    assert_eq!(introspect(at, &key, &token).await.json()["active"], json!(true));
    logout(at, &token).await.succeeded(200);
    assert_eq!(introspect(at, &key, &token).await.text(), "{\"active\":false}\n");
    assert_eq!(introspect(at, &key, &key).await.text(), "{\"active\":false}\n", "a key is not a session");
}

/// Security checklist: 79.
#[tokio::test]
async fn a_key_is_dead_at_the_next_request_once_it_is_revoked_or_expires() {
    let server = TestServer::start_in_production(&UNLIMITED).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    let (id, key) = new_key(at, PASSWORD, INTROSPECT).await;
    assert_eq!(introspect(at, &key, "x").await.status, 200);
    Request::new("DELETE", &format!("/api/keys/{id}")).send(at).await.succeeded(200);
    let refused = introspect(at, &key, "x").await;
    assert_eq!((refused.status, &refused.json()["error"]), (401, &json!("invalid_client")));
    Request::new("DELETE", &format!("/api/keys/{id}")).send(at).await.refused(404, "KEY_NOT_FOUND");

    let expires_at = server.clock.now() + chrono::Duration::minutes(30);
    let scopes = ["sessions:introspect"];
    let body = json!({ "name": "short", "scopes": scopes, "expires_at": expires_at, "password": PASSWORD });
    let created = Request::post("/api/keys").json(&body).send(at).await.succeeded(201);
    let key = created["data"]["key"].as_str().expect("a key").to_owned();
    server.advance_minutes(29);
    assert_eq!(introspect(at, &key, "x").await.status, 200);
    server.advance_minutes(1);
    assert_eq!(introspect(at, &key, "x").await.status, 401);
    let kinds = Request::get("/api/audit?limit=200").send(at).await.succeeded(200);
    let trail: Vec<_> = kinds["data"].as_array().expect("a list").iter().collect();
    for (kind, count) in [("key.created", 2), ("key.revoked", 1)] {
        let found: Vec<_> = trail.iter().filter(|event| event["kind"] == kind).collect();
        assert_eq!(found.len(), count, "{kind}");
        assert!(found.iter().all(|event| event["actor"] == "user:1" && event["key"].is_u64()), "{found:?}");
    }
}

/// Security checklist: 79.
#[tokio::test]
async fn a_key_that_is_revoked_elsewhere_is_dead_within_a_second() {
    let folder = TempDir::new().unwrap();
    let [one, other] = start_two(&folder).await;
    act_as_administrator(one.address).await;
    let dead_within_a_second = async |key: &str| {
        let dead = async { while introspect(other.address, key, "x").await.status != 401 {} };
        timeout(Duration::from_secs(1), dead).await.expect("a key that is dead");
    };
    let (id, key) = new_key(one.address, SAMPLE_PASSWORD, INTROSPECT).await;
    assert_eq!(introspect(other.address, &key, "x").await.status, 200, "known to both at once");
    Request::new("DELETE", &format!("/api/keys/{id}")).send(one.address).await.succeeded(200);
    dead_within_a_second(&key).await;
    let (id, key) = new_key(one.address, SAMPLE_PASSWORD, INTROSPECT).await;
    assert_eq!(introspect(other.address, &key, "x").await.status, 200);
    let revoked = run(folder.path(), &["key", "revoke", &id.to_string()]).await;
    assert_eq!(String::from_utf8_lossy(&revoked.stdout), format!("service key {id} is revoked\n"));
    dead_within_a_second(&key).await;
}

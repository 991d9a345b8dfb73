//! Faults of the API.

use std::{net::SocketAddr, sync::Arc};

use denizen_storage_memory::InMemoryStore;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::{
    TestServer,
    account::accept_invitation,
    api::{self, ids_of, user, with},
    http::{Connection, Request},
};

/// Fault 1: a search for blanks took the same lock twice, and a writer in between froze everything for good.
#[tokio::test]
async fn searches_for_blanks_beside_writers_freeze_nothing_on_a_file() {
    search_for_blanks_beside_writers(&TestServer::start().await).await;
}

/// Fault 1.
#[tokio::test]
async fn searches_for_blanks_beside_writers_freeze_nothing_in_memory() {
    search_for_blanks_beside_writers(&TestServer::start_on(Arc::new(InMemoryStore::new())).await).await;
}

async fn search_for_blanks_beside_writers(server: &TestServer) {
    let at = server.address;
    let mut clients = JoinSet::new();
    for id in 1..=5 {
        let found = api::get(at, id).await.succeeded(200);
        let Value::Object(mut values) = found["data"].clone() else { panic!("no user: {found}") };
        values.remove("updated_at");
        let write = Request::new("PUT", &format!("/api/users/{id}")).json(&Value::Object(values));
        for request in [write, Request::get("/api/users?search=%20%20")] {
            let mut connection = Connection::open(at).await.unwrap();
            clients.spawn(async move {
                for _ in 0..100 {
                    let response = connection.send(&request).await.expect("an answer");
                    // On a slow machine lists may have to wait too long for each other, which passes.
                    if response.status != 200 {
                        response.refused(503, "SERVICE_UNAVAILABLE");
                    }
                }
            });
        }
    }
    clients.join_all().await;
    api::list(at, "?search=%20%20").await.succeeded(200);
    api::get(at, 1).await.succeeded(200);
}

/// Fault 10: PUT gave one user the name or the address of another.
#[tokio::test]
async fn a_put_cannot_take_what_another_user_has() {
    let server = TestServer::start().await;
    let bob = with(user("bob_coder"), json!({"email": "bob@example.com"}));
    for (taken, message) in [
        (json!({"username": "Alice_Dev"}), "Failed to update user: username 'Alice_Dev' already exists"),
        (
            json!({"email": "ALICE@example.com"}),
            "Failed to update user: email 'ALICE@example.com' already exists",
        ),
    ] {
        let response = api::put(server.address, 2, &with(bob.clone(), taken)).await;
        assert_eq!(response.refused(409, "USER_UPDATE_ERROR")["error"], message);
    }
    assert_eq!(api::get(server.address, 2).await.succeeded(200)["data"]["username"], "bob_coder");
}

/// Fault 18: the address was in no answer, `updated_at` was always the year 1, and so no GET made a valid PUT.
#[tokio::test]
async fn what_get_returns_is_a_valid_put() {
    let server = TestServer::start().await;
    let at = server.address;
    server.advance_minutes(10);
    for id in 1..=5 {
        let before = api::get(at, id).await.succeeded(200)["data"].clone();
        assert!(before["email"].as_str().is_some_and(|email| email.ends_with("@example.com")));

        let after = api::put(at, id, &before).await.succeeded(200)["data"].clone();

        assert_eq!(before["updated_at"], "2026-01-01T00:00:00Z");
        assert_eq!(after, with(before, json!({"updated_at": "2026-01-01T00:10:00Z"})));
        assert_eq!(api::get(at, id).await.succeeded(200)["data"], after);
    }
}

/// Fault 19: PUT wiped what was left out and took whatever times the client sent.
#[tokio::test]
async fn a_put_keeps_roles_and_status_and_lets_nobody_set_the_times() {
    let server = TestServer::start().await;
    let at = server.address;
    let plain = with(user("charlie_go"), json!({"email": "charlie@example.com"}));

    let kept = api::put(at, 3, &plain).await.succeeded(200)["data"].clone();
    assert_eq!((&kept["roles"], &kept["active"]), (&json!(["user", "developer", "mentor"]), &json!(true)));
    assert_eq!(kept["created_at"], "2026-01-01T00:00:00Z");
    api::put(at, 3, &with(plain.clone(), json!({"active": false}))).await.succeeded(200);
    assert_eq!(api::put(at, 3, &plain).await.succeeded(200)["data"]["active"], false);

    for member in ["created_at", "updated_at"] {
        let body = api::put(at, 3, &with(plain.clone(), json!({member: "1999-12-31T00:00:00Z"}))).await;
        let body = body.refused(400, "VALIDATION_ERROR");
        assert_eq!(body["details"]["fields"], json!({member: [format!("{member} cannot be changed")]}));
    }
}

/// Fault 20: mistakes of the caller were answered 500 or with a vague 400.
#[tokio::test]
async fn mistakes_of_the_caller_have_their_own_codes() {
    let server = TestServer::start().await;
    let at = server.address;
    api::put(at, 999, &user("nobody")).await.refused(404, "USER_NOT_FOUND");
    api::delete(at, 999).await.refused(404, "USER_DELETE_ERROR");
    let fat = with(user("somebody"), json!({"first_name": "a".repeat(1_048_576)}));
    api::create(at, &fat).await.refused(413, "PAYLOAD_TOO_LARGE");
}

/// Fault 21: 405 came without `Allow`, HEAD was a wrong method, and `/health` knew no wrong method at all.
#[tokio::test]
async fn every_path_names_its_methods_and_answers_head_like_get() {
    let server = TestServer::start().await;
    for (path, allowed) in [
        ("/health", "GET, HEAD"),
        ("/livez", "GET, HEAD"),
        ("/readyz", "GET, HEAD"),
        ("/api/users", "GET, HEAD, POST"),
        ("/api/users/1", "DELETE, GET, HEAD, PATCH, PUT"),
        ("/api/users/verify-email", "POST"),
        ("/api/users/accept-invitation", "POST"),
    ] {
        assert_has_methods(server.address, path, allowed).await;
    }
}

/// The path refuses all other methods, names these, and answers HEAD like GET.
pub async fn assert_has_methods(at: SocketAddr, path: &str, allowed: &str) {
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB"] {
        if allowed.split(", ").any(|known| known == method) {
            continue;
        }
        let response = Request::new(method, path).send(at).await;
        assert_eq!(response.header("Allow"), Some(allowed), "{method} {path}");
        if method == "HEAD" {
            assert_eq!((response.status, response.text().as_str()), (405, ""), "{path}");
        } else {
            response.refused(405, "METHOD_NOT_ALLOWED");
        }
    }
    if allowed.contains("HEAD") {
        let (get, head) = (Request::get(path).send(at).await, Request::new("HEAD", path).send(at).await);
        assert_eq!((get.status, head.status), (200, 200), "{path}");
        assert_eq!(head.body, b"", "{path}");
        let length = head.header("Content-Length").and_then(|length| length.parse().ok());
        assert_eq!(length, Some(get.body.len()), "{path}");
    }
}

/// Fault 22: the list came in another order each time, whole.
#[tokio::test]
async fn lists_have_an_order_and_pages() {
    let server = TestServer::start().await;
    let at = server.address;
    for number in 6..=30 {
        api::create(at, &user(&format!("user_{:02}", 100 - number))).await.succeeded(201);
    }
    for _ in 0..12 {
        assert_eq!(ids_of(&api::list(at, "").await.succeeded(200)), (1..=30).collect::<Vec<_>>());
    }
    for (sort, expected) in [("id", (1..=30).collect::<Vec<_>>()), ("-id", (1..=30).rev().collect())] {
        assert_eq!(all_pages(server.address, &format!("sort={sort}&limit=7")).await, expected, "{sort}");
    }
    let by_name = all_pages(at, "sort=username&limit=4").await;
    assert_eq!(by_name, [(1..=5).collect::<Vec<_>>(), (6..=30).rev().collect()].concat());
    assert_eq!(all_pages(at, "sort=-username&limit=30").await, by_name.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(all_pages(at, "search=user_&limit=10").await, (6..=30).collect::<Vec<_>>());
    for limit in ["0", "201", "-1", "many", ""] {
        api::list(at, &format!("?limit={limit}")).await.refused(400, "INVALID_QUERY");
    }
}

/// Follows `next_cursor` to the end. Every page but the last is full.
async fn all_pages(at: SocketAddr, query: &str) -> Vec<u64> {
    let mut ids = Vec::new();
    let mut page = api::list(at, &format!("?{query}")).await.succeeded(200);
    loop {
        ids.extend(ids_of(&page));
        assert_eq!(page["metadata"]["count"], page["data"].as_array().map_or(0, Vec::len));
        let Some(cursor) = page["metadata"]["next_cursor"].as_str() else { return ids };
        page = api::list(at, &format!("?{query}&cursor={cursor}")).await.succeeded(200);
        assert_ne!(page["data"], json!([]), "a page follows, so there is something on it");
    }
}

/// Fault 25: two request ids in each answer, none of them known to the log. (The log: [`super::log`].)
#[tokio::test]
async fn an_answer_has_one_request_id_of_its_own() {
    let server = TestServer::start().await;
    let mut seen = std::collections::BTreeSet::new();
    for request in [
        Request::get("/api/users"),
        Request::get("/api/users/999"),
        Request::get("/api/nope"),
        Request::new("FROB", "/api/users"),
        Request::post("/api/users").json(&json!({})),
    ] {
        for own in ["req_00000000000000000000000000000000", "mine"] {
            let response = request.clone().header("X-Request-ID", own).send(server.address).await;
            let id = response.json()["request_id"].as_str().unwrap().to_owned();
            assert_eq!(response.header("X-Request-ID"), Some(id.as_str()));
            let uuid = id.strip_prefix("req_").unwrap();
            assert!(uuid.len() == 32 && uuid.bytes().all(|byte| b"0123456789abcdef".contains(&byte)), "{id}");
            assert_eq!(&uuid[12..13], "7", "version 7: {id}");
            assert!(seen.insert(id), "every request has an id of its own");
        }
    }
}

/// Fault 27: members could be repeated, and named in any case.
#[tokio::test]
async fn a_member_is_named_exactly_and_once() {
    let server = TestServer::start().await;
    let good = user("somebody").to_string();
    for (added, reason) in [
        ("\"username\": \"other\"", "duplicate field `username`"),
        ("\"Username\": \"other\"", "unknown field `Username`"),
        ("\"ROLES\": [\"admin\"]", "unknown field `ROLES`"),
        ("\"profile\": {\"bio\": \"a\", \"bio\": \"b\"}", "duplicate field `bio`"),
        ("\"profile\": {\"Bio\": \"a\"}", "unknown field `Bio`"),
    ] {
        let body = good.replace('{', &format!("{{{added}, "));
        let request = Request::post("/api/users").header("Content-Type", "application/json").body(body);
        let body = request.send(server.address).await.refused(400, "INVALID_REQUEST_BODY");
        assert!(body["details"]["reason"].as_str().unwrap().starts_with(reason), "{body}");
    }
    assert_eq!(api::list(server.address, "?search=somebody").await.succeeded(200)["data"], json!([]));
}

/// Fault 31: a restart lost every user.
#[tokio::test]
async fn a_restart_keeps_everything() {
    let server = TestServer::start().await;
    api::create(server.address, &user("somebody")).await.succeeded(201);
    api::delete(server.address, 3).await.succeeded(200);
    let token = server.next_token("somebody@example.com").await;
    let before = api::list(server.address, "").await.succeeded(200);

    let server = TestServer::start_in(server.stop().await).await;

    let after = api::list(server.address, "").await.succeeded(200);
    assert_eq!((ids_of(&after), &after["data"]), (vec![1, 2, 4, 5, 6], &before["data"]));
    accept_invitation(server.address, &token, "newsecurepassword").await.succeeded(200);
    let next = api::create(server.address, &user("another")).await.succeeded(201);
    assert_eq!(next["data"]["id"], 7);
}

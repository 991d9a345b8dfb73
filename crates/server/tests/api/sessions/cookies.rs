//! Sessions of browsers, which keep them in a cookie and send it with whatever page asks.

use denizen_server::config::{CORS_ORIGINS, PUBLIC_URL};
use serde_json::json;

use crate::support::{
    TestServer,
    account::logout,
    http::{Connection, Request, Response},
    production::PASSWORD,
    socket::handshake,
};

fn login() -> Request {
    let body = json!({ "login": "alice", "password": PASSWORD, "cookie": true });
    Request::post("/api/auth/login").anonymous().json(&body)
}

/// The cookie in an answer as a browser would send it back, and its attributes in alphabetical order.
#[track_caller]
fn cookie_in(answer: &Response) -> (String, Vec<String>) {
    let cookie = answer.header("Set-Cookie").unwrap_or_else(|| panic!("no cookie: {}", answer.text()));
    let mut parts = cookie.split("; ").map(str::to_owned);
    let pair = parts.next().expect("a cookie");
    let mut attributes: Vec<String> = parts.collect();
    attributes.sort();
    (pair, attributes)
}

/// alice's browser, which has signed in.
async fn signed_in(server: &TestServer) -> String {
    cookie_in(&login().send(server.address).await).0
}

fn with_cookie(method: &str, path: &str, cookie: &str) -> Request {
    Request::new(method, path).header("Cookie", cookie)
}

/// Security checklist: 49.
#[tokio::test]
async fn over_tls_the_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;

    let answer = login().send(at).await;

    let (pair, attributes) = cookie_in(&answer);
    let (name, token) = pair.split_once('=').expect("a name");
    assert_eq!(name, "__Host-denizen_session");
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"]);
    let body = answer.succeeded(200);
    assert_eq!((body["data"].get("token"), &body["data"]["token_type"]), (None, &json!("Cookie")));
    assert!(!answer.text().contains(token), "scripts would read it there");
    let known = with_cookie("GET", "/api/auth/session", &pair).send(at).await.succeeded(200);
    assert_eq!(known["data"]["user"]["username"], "alice");
    let renamed = format!("denizen_session={token}");
    with_cookie("GET", "/api/auth/session", &renamed).send(at).await.refused(401, "UNAUTHENTICATED");
}

/// Browsers take the prefix and `Secure` over TLS only. Security checklist: 49.
#[tokio::test]
async fn on_the_machine_itself_the_cookie_works_without_tls() {
    let server = TestServer::start_in_production(&[(&PUBLIC_URL, "http://127.0.0.1:8080")]).await;
    server.enrol("alice").await;
    let (pair, attributes) = cookie_in(&login().send(server.address).await);
    assert!(pair.starts_with("denizen_session="), "{pair}");
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Strict"]);
    with_cookie("GET", "/api/auth/session", &pair).send(server.address).await.succeeded(200);
}

/// Security checklist: 49, 59.
#[tokio::test]
async fn a_cookie_alone_changes_nothing_unless_one_of_our_pages_sends_it() {
    let server = TestServer::start_in_production(&[(&CORS_ORIGINS, "https://app.example.com")]).await;
    let at = server.address;
    server.enrol("alice").await;
    let cookie = signed_in(&server).await;
    let body = json!({ "age": 30 });
    let host = at.to_string();
    let patch = |headers: &[(&str, &str)]| {
        let request = with_cookie("PATCH", "/api/users/1", &cookie).json(&body);
        headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    for foreign in [
        &[][..],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "https://app.example.com.evil.example")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "none")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
        &[("X-Requested-With", "XMLHttpRequest")],
        &[("Referer", "https://evil.example/")],
    ] {
        let refused = patch(foreign).send(at).await.refused(403, "FORBIDDEN");
        assert_eq!(refused["error"], "Forbidden: a session in a cookie works on pages of this site only");
        let seen = with_cookie("GET", "/api/users/1", &cookie).send(at).await.succeeded(200);
        assert_eq!(seen["data"]["age"], 0, "{foreign:?}");
    }
    for own in [
        &[("Sec-Fetch-Site", "same-origin")][..],
        &[("Origin", &format!("https://{host}"))],
        &[("Origin", "https://app.example.com")],
    ] {
        patch(own).send(at).await.succeeded(200);
    }
    // Each unsafe method and each kind of route, not only that one.
    for (method, path) in [
        ("DELETE", "/api/users/1"),
        ("PUT", "/api/users/1"),
        ("POST", "/api/auth/logout"),
        ("DELETE", "/api/auth/sessions"),
        ("POST", "/api/auth/change-password"),
        ("POST", "/ws"),
    ] {
        let request =
            with_cookie(method, path, &cookie).header("Origin", "https://evil.example").json(&json!({}));
        request.send(at).await.refused(403, "FORBIDDEN");
    }
    with_cookie("GET", "/api/users/1", &cookie).send(at).await.succeeded(200);
}

/// Security checklist: 49.
#[tokio::test]
async fn a_bearer_token_wins_over_a_cookie_even_if_it_is_dead() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    server.enrol("bob").await;
    let (cookie, token) = (signed_in(&server).await, server.session_of("bob").await);
    let both = || with_cookie("GET", "/api/auth/session", &cookie).bearer(&token);
    assert_eq!(both().send(at).await.succeeded(200)["data"]["user"]["username"], "bob");
    // And no origin is asked for.
    let patch = with_cookie("PATCH", "/api/users/2", &cookie).bearer(&token).json(&json!({ "age": 30 }));
    patch.send(at).await.succeeded(200);
    logout(at, &token).await.succeeded(200);
    both().send(at).await.refused(401, "UNAUTHENTICATED");
    with_cookie("GET", "/api/auth/session", &cookie).send(at).await.succeeded(200);
}

/// Security checklist: 44, 45, 49.
#[tokio::test]
async fn a_browser_gets_a_new_cookie_with_its_new_password_and_loses_it_by_signing_out() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    let old = signed_in(&server).await;
    let ours = |request: Request| request.header("Sec-Fetch-Site", "same-origin");
    let body = json!({ "current_password": PASSWORD, "new_password": "another horse battery" });

    let changed = ours(with_cookie("POST", "/api/auth/change-password", &old)).json(&body).send(at).await;

    assert_eq!(changed.succeeded(200)["data"].get("token"), None);
    let (new, _) = cookie_in(&changed);
    assert_ne!(old, new);
    with_cookie("GET", "/api/auth/session", &old).send(at).await.refused(401, "UNAUTHENTICATED");
    let out = ours(with_cookie("POST", "/api/auth/logout", &new)).send(at).await;
    out.succeeded(200);
    let (gone, attributes) = cookie_in(&out);
    assert_eq!(gone, "__Host-denizen_session=");
    let expected =
        ["Expires=Thu, 01 Jan 1970 00:00:00 GMT", "HttpOnly", "Path=/", "SameSite=Strict", "Secure"];
    assert_eq!(attributes, expected);
    with_cookie("GET", "/api/auth/session", &new).send(at).await.refused(401, "UNAUTHENTICATED");
}

/// Security checklist: 49, 58.
#[tokio::test]
async fn a_socket_is_opened_by_cookie_from_our_own_pages_only() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    let cookie = signed_in(&server).await;
    let open = |origin: &str| handshake("/ws").header("Cookie", &cookie).header("Origin", origin);
    for foreign in ["https://evil.example", "null"] {
        open(foreign).send(at).await.refused(403, "FORBIDDEN");
    }
    let mut connection = Connection::open(at).await.unwrap();
    assert_eq!(connection.send(&open(&format!("https://{at}"))).await.unwrap().status, 101);
    let without = handshake("/ws").header("Origin", &format!("https://{at}"));
    without.send(at).await.refused(401, "UNAUTHENTICATED");
}

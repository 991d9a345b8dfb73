//! What every answer carries, as browsers see a server that people reach over TLS.

use std::net::SocketAddr;

use denizen_server::config::{PUBLIC_URL, RATE_BURST, RATE_LIMIT, REGISTRATION};
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    account::accept_invitation,
    api::{self, user},
    http::{Request, Response, act_as},
    production::PASSWORD,
};

/// A request for every kind of answer: data, pages, files, and errors of each part that can refuse.
async fn answers(server: &TestServer) -> Vec<(&'static str, Response)> {
    let at = server.address;
    let mut answers = Vec::new();
    for (what, request) in [
        ("a user", Request::get("/api/users/1")),
        ("a list", Request::get("/api/users")),
        ("a session", Request::get("/api/auth/session")),
        (
            "a sign-in",
            Request::post("/api/auth/login").json(&json!({ "login": "olga", "password": "wrong" })),
        ),
        ("a probe", Request::get("/health")),
        ("a page", Request::get("/")),
        ("a form", Request::get("/verify-email?token=0")),
        ("a refused form", Request::post("/verify-email?token=0").header("Origin", "https://evil.example")),
        ("a style sheet", Request::get("/assets/style.css")),
        ("a stranger", Request::get("/api/users").anonymous()),
        ("a bad query", Request::get("/api/users?x=1")),
        ("a bad body", Request::post("/api/users").json(&json!([]))),
        ("a wrong method", Request::new("FROB", "/api/users")),
        ("a wrong path", Request::get("/api/nope")),
        ("a wrong page", Request::get("/nope")),
        ("a wrong target", Request::get("/%zz")),
    ] {
        answers.push((what, request.header("Origin", "https://evil.example").send(at).await));
    }
    answers
}

async fn administered(settings: &[(&'static denizen_server::config::Setting, &str)]) -> TestServer {
    let server = TestServer::start_in_production(settings).await;
    server.enrol_administrator("olga").await;
    act_as(server.address, Some(server.session_of("olga").await));
    server
}

/// Security checklist: 59, 62.
#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful_with_it() {
    let server = administered(&[]).await;
    for (what, answer) in answers(&server).await {
        // Forms say where they come from to us alone.
        let is_form =
            answer.header("Content-Type").is_some_and(|media_type| media_type.starts_with("text/html"))
                && answer.header("Cache-Control") == Some("no-store");
        for (name, expected) in [
            ("Strict-Transport-Security", "max-age=31536000"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Referrer-Policy", if is_form { "same-origin" } else { "no-referrer" }),
        ] {
            assert_eq!(answer.header(name), Some(expected), "{name} of {what}: {answer:?}");
        }
        let policy = answer.header("Content-Security-Policy").expect("a policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'"] {
            assert!(policy.split("; ").any(|other| other == part), "{what}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{what}: {policy}");
        let cached = answer.header("Cache-Control").expect("a word about caches");
        let careful = ["no-store", "private, no-cache", "no-cache"].contains(&cached);
        assert!(careful, "{what}: {cached}");
        for absent in ["Server", "X-Powered-By", "X-XSS-Protection", "Set-Cookie"] {
            assert_eq!(answer.header(absent), None, "{absent} of {what}");
        }
        let cors = |(name, _): &&(String, String)| name.to_lowercase().starts_with("access-control-");
        assert_eq!(answer.headers.iter().find(cors), None, "{what}");
    }
}

/// Security checklist: 59.
#[tokio::test]
async fn who_is_refused_for_asking_too_often_is_answered_with_the_same_care() {
    let server = TestServer::start_in_production(&[(&RATE_LIMIT, "1"), (&RATE_BURST, "1")]).await;
    let refused = loop {
        let answer = Request::get("/api/users").send(server.address).await;
        if answer.status == 429 {
            break answer;
        }
    };
    refused.refused(429, "RATE_LIMITED");
    assert_eq!(refused.header("Strict-Transport-Security"), Some("max-age=31536000"));
    assert_eq!(refused.header("X-Content-Type-Options"), Some("nosniff"));
}

/// A browser that was told so once would not find the service on the machine itself any more. Security checklist: 59.
#[tokio::test]
async fn tls_is_demanded_only_where_there_is_tls() {
    let server = administered(&[(&PUBLIC_URL, "http://127.0.0.1:8080")]).await;
    for (what, answer) in answers(&server).await {
        assert_eq!(answer.header("Strict-Transport-Security"), None, "{what}");
    }
}

/// Forms are sent without asking first, so a foreign page could send one. Security checklist: 59.
#[tokio::test]
async fn forms_of_foreign_pages_are_not_read() {
    let server = administered(&[(&REGISTRATION, "invite")]).await;
    let at = server.address;
    api::create(at, &user("alice")).await.succeeded(201);
    let token = server.next_token("alice@example.com").await;
    let field = format!("password={}", PASSWORD.replace(' ', "+"));
    refuses_foreign_forms(at, &format!("/accept-invitation?token={token}"), &field).await;
    for page in ["/verify-email", "/confirm-email-change"] {
        let form = foreign_form(&format!("{page}?token={token}"), &field, ("Origin", "https://evil.example"));
        assert_eq!(form.send(at).await.status, 403, "{page}");
    }
    let body = json!({ "token": token, "password": PASSWORD });
    takes_json_only(at, "/api/users/accept-invitation", &body).await;
    accept_invitation(at, &token, PASSWORD).await.succeeded(200);
}

/// A form with this field, from a page that is none of ours.
pub fn foreign_form(target: &str, field: &str, (name, value): (&str, &str)) -> Request {
    let request = Request::post(target).header("Content-Type", "application/x-www-form-urlencoded");
    request.body(field).header(name, value)
}

/// Whatever a browser says of where the form comes from, if it is not from here.
pub async fn refuses_foreign_forms(at: SocketAddr, target: &str, field: &str) {
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        let refused = foreign_form(target, field, (name, value)).send(at).await;
        assert_eq!(refused.status, 403, "{name}: {value}: {}", refused.text());
    }
}

/// The API does not read forms at all, wherever they come from.
pub async fn takes_json_only(at: SocketAddr, path: &str, body: &Value) {
    for content_type in ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]
    {
        let request = Request::post(path).header("Content-Type", content_type).body(body.to_string());
        request.send(at).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
}

//! Every route, every method and everybody who might come.

use std::{collections::BTreeSet, net::SocketAddr};

use denizen_handlers::ROUTES;
use denizen_server::config::{DEMO_ROUTES, METRICS, REGISTRATION};
use denizen_services::MailError;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{
    PATIENCE, TestServer,
    api::{self, user, with},
    http::{Request, Response, act_as},
    production::{PASSWORD, UNLIMITED},
};

/// The status of the answer, when a well-formed request comes from: nobody who has signed in, the user whom it is about,
/// another member, an administrator.
const MATRIX: &str = "
    GET     /health                                 200  200  200  200
    GET     /livez                                  200  200  200  200
    GET     /readyz                                 200  200  200  200
    GET     /metrics                                200  200  200  200
    POST    /api/auth/login                         200  200  200  200
    POST    /api/auth/logout                        401  200  200  200
    GET     /api/auth/session                       401  200  200  200
    GET     /api/auth/sessions                      401  200  200  200
    DELETE  /api/auth/sessions                      401  200  200  200
    DELETE  /api/auth/sessions/{session}            401  200  404  404
    POST    /api/auth/change-password               401  200  200  200
    POST    /api/auth/change-email                  401  202  202  202
    GET     /api/users                              401  403  403  200
    POST    /api/users                              202  403  403  201
    POST    /api/users/request-password-reset       200  200  200  200
    POST    /api/users/reset-password               200  200  200  200
    POST    /api/users/validate-reset-token         200  200  200  200
    POST    /api/users/request-email-verification   202  202  202  202
    POST    /api/users/verify-email                 200  200  200  200
    POST    /api/users/accept-invitation            200  200  200  200
    POST    /api/users/confirm-email-change         200  200  200  200
    GET     /api/users/{id}/sessions                401  403  403  200
    DELETE  /api/users/{id}/sessions                401  403  403  200
    DELETE  /api/users/{id}/sessions/{session}      401  403  403  200
    POST    /api/users/{id}/send-password-reset     401  403  403  202
    GET     /api/users/{id:.*}                      401  200  404  200
    PUT     /api/users/{id:.*}                      401  200  404  200
    PATCH   /api/users/{id:.*}                      401  200  404  200
    DELETE  /api/users/{id:.*}                      401  200  404  200
    GET     /api/audit                              401  403  403  200
    GET     /api/mail/jobs                          401  403  403  200
    DELETE  /api/mail/jobs/{id}                     401  403  403  200
    POST    /api/mail/jobs/{id}/retry               401  403  403  200
    POST    /api/calculate                          401  200  200  200
    POST    /api/tasks                              401  200  200  200
    POST    /api/goroutines                         401  200  200  200
    GET     /ws                                     401  200  200  200
    POST    /ws                                     401  409  409  409
    GET     /                                       200  200  200  200
    GET     /assets/style.css                       200  200  200  200
    GET     /assets/icon.svg                        200  200  200  200
    GET     /reset-password                         200  200  200  200
    POST    /reset-password                         200  200  200  200
    GET     /verify-email                           200  200  200  200
    POST    /verify-email                           200  200  200  200
    GET     /accept-invitation                      200  200  200  200
    POST    /accept-invitation                      200  200  200  200
    GET     /confirm-email-change                   200  200  200  200
    POST    /confirm-email-change                   200  200  200  200
";

/// Who comes, in the order of the columns.
const CALLERS: [&str; 4] = ["anonymous", "self", "other", "admin"];

#[derive(Clone, Copy)]
struct Row {
    method: &'static str,
    path: &'static str,
    statuses: [u16; 4],
}

fn rows() -> impl Iterator<Item = Row> {
    MATRIX
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
        .map(|words| {
            let &[method, path, ref statuses @ ..] = &words[..] else { panic!("{words:?}") };
            let statuses: Vec<u16> =
                statuses.iter().map(|status| status.parse().expect("a status")).collect();
            Row { method, path, statuses: statuses.try_into().expect("four columns") }
        })
}

/// Security checklist: 51.
#[test]
fn every_route_has_its_row_and_every_row_its_route() {
    let rows: Vec<(&str, &str)> = rows().map(|row| (row.method, row.path)).collect();
    let routes =
        ROUTES.iter().flat_map(|route| route.methods.iter().map(|(method, _)| (method.as_str(), route.path)));
    let (listed, known): (BTreeSet<_>, BTreeSet<_>) = (rows.iter().copied().collect(), routes.collect());
    assert_eq!(listed, known);
    assert_eq!(rows.len(), listed.len(), "a row stands here twice");
}

/// Somebody whom the requests of one cell are about. No two cells share anybody.
struct Target {
    id: u64,
    name: String,
    token: String,
    session: u64,
    /// The number of a mail, in cells that are about one.
    mail: Option<u64>,
}

impl Target {
    fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }
}

/// Creates a user with these roles, and signs in.
async fn somebody(at: SocketAddr, name: &str, roles: &[&str]) -> Target {
    let members = json!({ "roles": roles, "password": PASSWORD });
    let created = api::create(at, &with(user(name), members)).await.succeeded(201);
    let token = api::session(at, name, PASSWORD).await;
    let session = Request::get("/api/auth/session").bearer(&token).send(at).await.succeeded(200);
    Target {
        id: created["data"]["id"].as_u64().expect("an id"),
        name: name.to_owned(),
        token,
        session: session["data"]["session"]["id"].as_u64().expect("an id"),
        mail: None,
    }
}

/// The number of a mail that was given up.
async fn dead_mail(server: &TestServer, target: &Target) -> u64 {
    let dead = async || {
        let list = Request::get("/api/mail/jobs?state=dead").send(server.address).await.succeeded(200);
        api::ids_of(&list)
    };
    let before = dead().await.len();
    server.mailer.fail_next(1, MailError::Permanent("no such mailbox".to_owned()));
    api::request_reset(server.address, &target.email()).await.succeeded(200);
    let one_more = async {
        loop {
            if let [.., newest] = dead().await[before..] {
                return newest;
            }
        }
    };
    timeout(PATIENCE, one_more).await.expect("a mail that is given up")
}

/// A token that was mailed and not used, for whatever this path takes tokens for. `None`: for nothing.
async fn mailed_token(server: &TestServer, path: &str, target: &Target) -> Option<String> {
    let at = server.address;
    let email = target.email();
    let path = path.trim_start_matches("/api/users");
    let address = match path {
        "/reset-password" | "/validate-reset-token" => {
            api::request_reset(at, &email).await.succeeded(200);
            email
        }
        "/verify-email" => {
            let request =
                Request::post("/api/users/request-email-verification").json(&json!({ "email": email }));
            request.send(at).await.succeeded(202);
            email
        }
        "/accept-invitation" => {
            let invited = user(&format!("invited_{}", target.name));
            api::create(at, &invited).await.succeeded(201);
            invited["email"].as_str().expect("an address").to_owned()
        }
        "/confirm-email-change" => {
            let new = format!("new_{email}");
            let body = json!({ "email": new, "password": PASSWORD });
            let request = Request::post("/api/auth/change-email").bearer(&target.token).json(&body);
            request.send(at).await.succeeded(202);
            new
        }
        _ => return None,
    };
    Some(server.next_token(&address).await)
}

/// The body with which this method of this path has nothing to complain about.
fn body(row: &Row, target: &Target, token: Option<&str>) -> Option<Value> {
    let (name, email, new) = (&target.name, target.email(), "another horse battery");
    Some(match (row.method, row.path.trim_start_matches("/api")) {
        ("POST", "/auth/login") => json!({ "login": name, "password": PASSWORD }),
        ("POST", "/auth/change-password") => json!({ "current_password": PASSWORD, "new_password": new }),
        ("POST", "/auth/change-email") => json!({ "email": format!("new_{email}"), "password": PASSWORD }),
        ("POST", "/users") => with(user(&format!("new_{name}")), json!({ "password": PASSWORD })),
        ("POST", "/users/request-password-reset" | "/users/request-email-verification") => {
            json!({ "email": email })
        }
        ("POST", "/users/reset-password") => json!({ "token": token, "new_password": new }),
        ("POST", "/users/accept-invitation") => json!({ "token": token, "password": new }),
        ("POST", "/users/validate-reset-token" | "/users/verify-email" | "/users/confirm-email-change") => {
            json!({ "token": token })
        }
        ("POST", "/users/{id}/send-password-reset") => json!({}),
        ("PUT", "/users/{id:.*}") => with(user(name), json!({ "age": 30 })),
        ("PATCH", "/users/{id:.*}") => json!({ "age": 30 }),
        ("POST", "/calculate") => json!({ "operation": "add", "a": 1, "b": 2 }),
        ("POST", "/tasks" | "/goroutines") => json!({ "task_type": "basic", "task_count": 1, "delay_ms": 0 }),
        ("POST", "/ws") => json!({ "type": "broadcast" }),
        _ => return None,
    })
}

fn request(row: &Row, target: &Target, token: Option<&str>) -> Request {
    let id = target.mail.unwrap_or(target.id).to_string();
    let path = row.path.replace("{id:.*}", "{id}").replace("{id}", &id);
    let path = path.replace("{session}", &target.session.to_string());
    if let Some(body) = body(row, target, token) {
        return Request::new(row.method, &path).json(&body);
    }
    let Some(token) = token else { return Request::new(row.method, &path) };
    let request = Request::new(row.method, &format!("{path}?token={token}"));
    let field = match (row.method, row.path) {
        ("POST", "/reset-password") => "new_password=another+horse+battery",
        ("POST", "/accept-invitation") => "password=another+horse+battery",
        ("POST", _) => "",
        _ => return request,
    };
    request.header("Content-Type", "application/x-www-form-urlencoded").body(field)
}

/// In the name of the caller.
fn sent_by(request: Request, caller: Option<&Target>) -> Request {
    match caller {
        Some(caller) => request.bearer(&caller.token),
        None => request.anonymous(),
    }
}

#[track_caller]
fn check(row: &Row, status: u16, response: &Response) {
    let code = match (status, row.method, row.path) {
        (200..300, ..) => {
            if row.path.starts_with("/api/") {
                response.succeeded(status);
            }
            return;
        }
        (401, ..) => "UNAUTHENTICATED",
        (403, ..) => "FORBIDDEN",
        (404, "DELETE", "/api/auth/sessions/{session}") => "SESSION_NOT_FOUND",
        (404, "DELETE", _) => "USER_DELETE_ERROR",
        (404, ..) => "USER_NOT_FOUND",
        (409, ..) => "BROADCAST_ERROR",
        _ => panic!("no code for {status}"),
    };
    response.refused(status, code);
}

/// No answer holds a hash, nor a token that somebody has already; nor an address that is not the caller's business.
#[track_caller]
fn tells_no_secret(response: &Response, target: &Target, token: Option<&str>, knows_address: bool) {
    let text = response.text();
    assert!(!text.contains("$argon2"), "{text}");
    for token in [Some(&*target.token), token].into_iter().flatten() {
        assert!(!text.contains(token), "{text}");
    }
    assert!(knows_address || !text.contains(&target.email()), "{text}");
}

/// Security checklist: 51, 53.
#[tokio::test]
async fn everybody_gets_what_the_matrix_says_and_who_is_refused_changes_nothing() {
    let settings = [&[(&DEMO_ROUTES, "true"), (&METRICS, "true"), (&REGISTRATION, "open")], &UNLIMITED[..]].concat();
    let server = TestServer::start_in_production(&settings).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    for (number, row) in rows().enumerate() {
        for (column, status) in CALLERS.into_iter().zip(row.statuses) {
            let cell = format!("{} {} by {column}", row.method, row.path);
            let mut target = somebody(at, &format!("target_{number}_{column}"), &["user"]).await;
            if row.path.starts_with("/api/mail/jobs/{id}") {
                target.mail = Some(dead_mail(&server, &target).await);
            }
            let name = format!("caller_{number}_{column}");
            let stranger = match column {
                "other" => Some(somebody(at, &name, &["user"]).await),
                "admin" => Some(somebody(at, &name, &["user", "admin"]).await),
                _ => None,
            };
            let caller = if column == "self" { Some(&target) } else { stranger.as_ref() };
            let token = mailed_token(&server, row.path, &target).await;
            let token = token.as_deref();
            let before = api::get(at, target.id).await.succeeded(200)["data"].clone();

            let response = sent_by(request(&row, &target, token), caller).send(at).await;

            assert_eq!(response.status, status, "{cell}: {}", response.text());
            check(&row, status, &response);
            // Whoever sends an address or a password knows whose it is.
            let knows = ["/api/auth/login", "/api/users/request-password-reset"].contains(&row.path);
            tells_no_secret(&response, &target, token, knows || ["self", "admin"].contains(&column));
            if row.method == "GET" {
                let head = request(&Row { method: "HEAD", ..row }, &target, token);
                let head = sent_by(head, caller).send(at).await;
                assert_eq!((head.status, head.text().as_str()), (status, ""), "HEAD for {cell}");
            }
            if status >= 400 {
                assert_eq!(api::get(at, target.id).await.succeeded(200)["data"], before, "{cell}");
                assert!(api::is_open(at, &target.token).await, "{cell}");
            }
        }
    }
}

/// Security checklist: 51.
#[tokio::test]
async fn a_method_that_is_not_in_the_matrix_is_there_for_nobody() {
    let server = TestServer::start_in_production(&[(&DEMO_ROUTES, "true"), (&METRICS, "true")]).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    for route in ROUTES {
        let path = route.path.replace("{id:.*}", "1").replace("{id}", "1").replace("{session}", "1");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB"] {
            if route.methods.iter().any(|(listed, _)| listed == method) {
                continue;
            }
            for request in [Request::new(method, &path), Request::new(method, &path).anonymous()] {
                let response = request.send(at).await;
                assert_eq!(response.status, 405, "{method} {path}: {}", response.text());
                let allowed = response.header("Allow").expect("the methods of the path");
                assert!(!allowed.split(", ").any(|allowed| allowed == method), "{method} {path}: {allowed}");
            }
        }
    }
}

//! Every route, every method and everybody who might come.

use std::{collections::BTreeSet, net::SocketAddr};

use denizen_handlers::ROUTES;
use denizen_models::KeyScope;
use denizen_server::config::{DEMO_ROUTES, METRICS, REGISTRATION};
use denizen_services::MailError;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::pages;
use crate::support::{
    PATIENCE, TestServer,
    account::{new_key, request_verification},
    api::{self, user, with},
    http::{Request, Response, act_as},
    production::{PASSWORD, UNLIMITED},
};

/// The status of the answer (of pages, 401 is the way to the sign-in page), when a well-formed request comes from: nobody who has signed in, the user whom it is about,
/// another member, an administrator; and the scope of the service keys that may do the same as an administrator.
const MATRIX: &str = "
    GET     /health                                 200  200  200  200
    GET     /livez                                  200  200  200  200
    GET     /readyz                                 200  200  200  200
    GET     /metrics                                200  200  200  200
    GET     /api/openapi.json                       200  200  200  200
    GET     /api/docs                               200  200  200  200
    POST    /api/auth/login                         200  200  200  200
    POST    /api/auth/logout                        401  200  200  200
    GET     /api/auth/session                       401  200  200  200
    GET     /api/auth/sessions                      401  200  200  200
    POST    /api/auth/introspect                    401  401  401  401  sessions:introspect
    GET     /api/auth/forward                       401  200  200  200
    GET     /api/keys                               401  403  403  200
    POST    /api/keys                               401  403  403  201
    DELETE  /api/keys/{id}                          401  403  403  200
    DELETE  /api/auth/sessions                      401  200  200  200
    DELETE  /api/auth/sessions/{session}            401  200  404  404
    POST    /api/auth/change-password               401  200  200  200
    POST    /api/auth/change-email                  401  202  202  202
    POST    /api/auth/delete-account                401  200  200  200
    GET     /api/users                              401  403  403  200  users:read
    POST    /api/users                              202  403  403  201
    POST    /api/users/request-email-verification   202  202  202  202
    POST    /api/users/verify-email                 200  200  200  200
    POST    /api/users/accept-invitation            200  200  200  200
    POST    /api/users/confirm-email-change         200  200  200  200
    GET     /api/users/{id}/sessions                401  403  403  200
    DELETE  /api/users/{id}/sessions                401  403  403  200
    DELETE  /api/users/{id}/sessions/{session}      401  403  403  200
    GET     /api/users/{id:.*}                      401  200  404  200  users:read
    PUT     /api/users/{id:.*}                      401  200  404  200  users:write
    PATCH   /api/users/{id:.*}                      401  200  404  200  users:write
    DELETE  /api/users/{id:.*}                      401  403  404  200
    GET     /api/users/{id}/export                  401  200  404  200
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
    GET     /verify-email                           200  200  200  200
    POST    /verify-email                           303  303  303  303
    GET     /accept-invitation                      200  200  200  200
    POST    /accept-invitation                      303  303  303  303
    GET     /confirm-email-change                   200  200  200  200
    POST    /confirm-email-change                   303  303  303  303
";

/// Who comes, in the order of the columns.
const CALLERS: [&str; 4] = ["anonymous", "self", "other", "admin"];

/// A row of [`crate::authority::matrix`], and its body.
pub type Held = (&'static str, fn() -> Value);

/// The rows of some features, and what their cells need.
pub struct Part {
    pub matrix: &'static str,
    /// The body with which this method of this path has nothing to complain about.
    pub body: fn(&Row, &Target, Option<&str>) -> Option<Value>,
    /// The fields of the form that this page takes.
    pub form: fn(&Row) -> Option<&'static str>,
    /// The request that has a token mailed for whatever this path takes tokens for, and the address that it goes to.
    pub mail: fn(&str, &Target) -> Option<(Request, String)>,
    /// Where the answer may repeat the address: whoever sends an address or a password knows whose it is.
    pub repeats_address: &'static str,
    /// The rows of the matrix of held requests.
    pub held: &'static [Held],
}

pub const PARTS: &[Part] = &[
    Part { matrix: MATRIX, body, form, mail, repeats_address: "/api/auth/login", held: &[] },
    // A feature that keeps its tests to itself has a line here.
    crate::password_reset::matrix::PART,
];

#[derive(Clone, Copy)]
pub struct Row {
    pub method: &'static str,
    pub path: &'static str,
    pub statuses: [u16; 4],
    /// The scope of service keys that may do it.
    pub scope: Option<KeyScope>,
}

pub fn rows() -> impl Iterator<Item = Row> {
    PARTS
        .iter()
        .map(|part| part.matrix)
        .chain([pages::MATRIX])
        .flat_map(str::lines)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| !words.is_empty())
        .map(|words| {
            let &[method, path, ref statuses @ ..] = &words[..] else { panic!("{words:?}") };
            let (statuses, scope) = statuses.split_at(4);
            let scope = scope.first().map(|name| KeyScope::from_name(name).expect("a scope"));
            let statuses: Vec<u16> =
                statuses.iter().map(|status| status.parse().expect("a status")).collect();
            Row { method, path, statuses: statuses.try_into().expect("four columns"), scope }
        })
}

/// Security checklist: 51.
#[test]
fn every_route_has_its_row_and_every_row_its_route() {
    let rows: Vec<(&str, &str)> = rows().map(|row| (row.method, row.path)).collect();
    let routes = ROUTES
        .iter()
        .flat_map(|route| route.operations.iter().map(|operation| (operation.method.as_str(), route.path)));
    let (listed, known): (BTreeSet<_>, BTreeSet<_>) = (rows.iter().copied().collect(), routes.collect());
    assert_eq!(listed, known);
    assert_eq!(rows.len(), listed.len(), "a row stands here twice");
}

/// Somebody whom the requests of one cell are about. No two cells share anybody.
pub struct Target {
    pub id: u64,
    pub name: String,
    pub token: String,
    session: u64,
    /// The number of a mail or a service key, in cells that are about one.
    mail: Option<u64>,
}

impl Target {
    pub fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }
}

/// Creates a user with these roles, and signs in.
pub async fn somebody(at: SocketAddr, name: &str, roles: &[&str]) -> Target {
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
    server.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    request_verification(server.address, &target.email()).await.succeeded(202);
    let one_more = async {
        loop {
            if let [.., newest] = dead().await[before..] {
                return newest;
            }
        }
    };
    timeout(PATIENCE, one_more).await.expect("a mail that is given up")
}

fn mail(path: &str, target: &Target) -> Option<(Request, String)> {
    let email = target.email();
    Some(match path.trim_start_matches("/api/users") {
        "/verify-email" => {
            let body = json!({ "email": email });
            (Request::post("/api/users/request-email-verification").json(&body), email)
        }
        "/accept-invitation" => {
            let name = format!("invited_{}", target.name);
            (Request::post("/api/users").json(&user(&name)), format!("{name}@example.com"))
        }
        "/confirm-email-change" => {
            let new = format!("new_{email}");
            let body = json!({ "email": new, "password": PASSWORD });
            (Request::post("/api/auth/change-email").bearer(&target.token).json(&body), new)
        }
        _ => return None,
    })
}

/// A token that was mailed and not used, for whatever this path takes tokens for. `None`: for nothing.
async fn mailed_token(server: &TestServer, path: &str, target: &Target) -> Option<String> {
    let (request, address) = PARTS.iter().find_map(|part| (part.mail)(path, target))?;
    let asked = request.send(server.address).await;
    assert!((200..300).contains(&asked.status), "{path}: {}", asked.text());
    Some(server.next_token(&address).await)
}

fn body(row: &Row, target: &Target, token: Option<&str>) -> Option<Value> {
    let (name, email, new) = (&target.name, target.email(), "another horse battery");
    Some(match (row.method, row.path.trim_start_matches("/api")) {
        ("POST", "/auth/login") => json!({ "login": name, "password": PASSWORD }),
        ("POST", "/auth/change-password") => json!({ "current_password": PASSWORD, "new_password": new }),
        ("POST", "/auth/change-email") => json!({ "email": format!("new_{email}"), "password": PASSWORD }),
        ("POST", "/auth/delete-account") => json!({ "password": PASSWORD }),
        ("POST", "/users") => with(user(&format!("new_{name}")), json!({ "password": PASSWORD })),
        ("POST", "/users/request-email-verification") => json!({ "email": email }),
        ("POST", "/users/accept-invitation") => json!({ "token": token, "password": new }),
        ("POST", "/users/verify-email" | "/users/confirm-email-change") => json!({ "token": token }),
        ("PUT", "/users/{id:.*}") => with(user(name), json!({ "age": 30 })),
        ("PATCH", "/users/{id:.*}") => json!({ "age": 30 }),
        ("POST", "/keys") => json!({ "name": name, "scopes": ["users:read"], "password": PASSWORD }),
        ("POST", "/calculate") => json!({ "operation": "add", "a": 1, "b": 2 }),
        ("POST", "/tasks" | "/goroutines") => json!({ "task_type": "basic", "task_count": 1, "delay_ms": 0 }),
        ("POST", "/ws") => json!({ "type": "broadcast" }),
        _ => return None,
    })
}

fn form(row: &Row) -> Option<&'static str> {
    match row.path {
        "/accept-invitation" => Some("password=another+horse+battery"),
        "/verify-email" | "/confirm-email-change" => Some(""),
        _ => None,
    }
}

pub fn request(row: &Row, target: &Target, token: Option<&str>) -> Request {
    let id = target.mail.unwrap_or(target.id).to_string();
    let path = row.path.replace("{id:.*}", "{id}").replace("{id}", &id);
    let path = path.replace("{session}", &target.session.to_string());
    if let Some(body) = PARTS.iter().find_map(|part| (part.body)(row, target, token)) {
        return Request::new(row.method, &path).json(&body);
    }
    if let Some(form) = pages::form(row.method, row.path, &target.name) {
        return Request::new(row.method, &path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form);
    }
    let Some(token) = token else { return Request::new(row.method, &path) };
    let request = Request::new(row.method, &format!("{path}?token={token}"));
    let form = PARTS.iter().find_map(|part| (part.form)(row)).filter(|_| row.method == "POST");
    let Some(form) = form else { return request };
    request.header("Content-Type", "application/x-www-form-urlencoded").body(form)
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
    if pages::is_page(row.path) && response.status == 303 {
        let place = response.header("Location").expect("a place");
        assert!(status != 401 || place.starts_with("/sign-in?"), "{} {}: {place}", row.method, row.path);
        return;
    }
    let code = match (status, row.method, row.path) {
        (200..300, ..) => {
            let is_description = ["/api/openapi.json", "/api/docs"].contains(&row.path);
            if row.path.starts_with("/api/") && !is_description {
                response.succeeded(status);
            }
            return;
        }
        (401, _, "/api/auth/introspect") => {
            assert_eq!(response.json()["error"], "invalid_client");
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
    let settings =
        [&[(&DEMO_ROUTES, "true"), (&METRICS, "true"), (&REGISTRATION, "open")], &UNLIMITED[..]].concat();
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
            if row.path == "/api/keys/{id}" {
                target.mail = Some(new_key(at, PASSWORD, &[KeyScope::UsersRead]).await.0);
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

            let asked = match (row.method, row.path, column) {
                // A stranger signs up, with an address and nothing else.
                ("POST", "/api/users", "anonymous") => {
                    Request::post(row.path).json(&json!({ "email": format!("new_{}", target.email()) }))
                }
                _ => request(&row, &target, token),
            };
            let response = sent_by(asked, caller).send(at).await;

            let shown = if status == 401 && pages::is_page(row.path) { 303 } else { status };
            assert_eq!(response.status, shown, "{cell}: {}", response.text());
            check(&row, status, &response);
            let knows = PARTS.iter().any(|part| part.repeats_address == row.path);
            tells_no_secret(&response, &target, token, knows || ["self", "admin"].contains(&column));
            if row.method == "GET" {
                let head = request(&Row { method: "HEAD", ..row }, &target, token);
                let head = sent_by(head, caller).send(at).await;
                assert_eq!((head.status, head.text().as_str()), (shown, ""), "HEAD for {cell}");
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
    let settings = [(&DEMO_ROUTES, "true"), (&METRICS, "true"), (&REGISTRATION, "open")];
    let server = TestServer::start_in_production(&settings).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    for route in ROUTES.iter() {
        let path = route.path.replace("{id:.*}", "1").replace("{id}", "1").replace("{session}", "1");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB"] {
            if route.operations.iter().any(|operation| operation.method == method) {
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

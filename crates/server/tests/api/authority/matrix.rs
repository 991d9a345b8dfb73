//! Every route that writes × what happens to its actor × where the request is held up, on both stores.

use std::collections::BTreeSet;

use denizen_handlers::{Access, ROUTES};
use denizen_services::MailError;
use tokio::task::yield_now;

use super::*;
use crate::access::matrix::PARTS;

/// Method and path; whom it is about; the role that it needs; its status when nothing happens meanwhile; where it can be
/// held up.
const MATRIX: &str = "
    POST    /api/users                           other  admin   201  body hash commit
    PUT     /api/users/{id:.*}                   other  admin   200  body commit
    PUT     /api/users/{id:.*}                   self   member  200  body commit
    PATCH   /api/users/{id:.*}                   other  admin   200  body commit
    PATCH   /api/users/{id:.*}                   self   member  200  body commit
    PATCH   /api/users/{id:.*}                   self   admin   200  body commit
    DELETE  /api/users/{id:.*}                   other  admin   200  commit
    DELETE  /api/users/{id}/sessions             other  admin   200  commit
    DELETE  /api/users/{id}/sessions/{session}   other  admin   200  commit
    POST    /api/keys                            self   admin   201  body hash commit
    DELETE  /api/keys/{id}                       other  admin   200  commit
    DELETE  /api/mail/jobs/{id}                  other  admin   200  commit
    POST    /api/mail/jobs/{id}/retry            other  admin   200  commit
    POST    /api/auth/logout                     self   member  200  commit
    DELETE  /api/auth/sessions                   self   member  200  commit
    DELETE  /api/auth/sessions/{session}         self   member  200  commit
    POST    /api/auth/change-password            self   member  200  body hash commit
    POST    /api/auth/change-email               self   member  202  body hash commit
    POST    /api/auth/delete-account             self   member  200  body hash commit
    POST    /api/calculate                       self   member  200  body
    POST    /api/tasks                           self   member  200  body
    POST    /api/goroutines                      self   member  200  body
    POST    /ws                                  self   member  409  body
    POST    /sign-out                            self   member  303  commit
    POST    /account                             self   member  303  body commit
    POST    /account/password                    self   member  303  body hash commit
    POST    /account/email                       self   member  303  body hash commit
    POST    /account/sessions                    self   member  303  commit
    POST    /account/delete                      self   member  303  body hash commit
";

/// What happens meanwhile, and the answer to a request that needs no role.
const EVENTS: [(&str, Option<u16>); 7] = [
    ("nothing", None),
    ("demoted", None),
    ("disabled", Some(401)),
    ("deleted", Some(401)),
    ("signed out", Some(401)),
    ("sessions ended", Some(401)),
    ("password changed", Some(401)),
];

struct Row {
    method: &'static str,
    path: &'static str,
    /// Whether it is about somebody else.
    other: bool,
    needs_admin: bool,
    success: u16,
    holds: Vec<Hold>,
    /// That of a feature which keeps its tests to itself.
    body: Option<fn() -> Value>,
}

fn rows() -> Vec<Row> {
    let row = |(line, body): (&'static str, _)| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [method, path, whom, role, success, ref holds @ ..] = words[..] else { panic!("{words:?}") };
        let hold = |word: &&str| match *word {
            "body" => Hold::Body,
            "hash" => Hold::Hash,
            _ => Hold::Commit,
        };
        let holds = holds.iter().map(hold).collect();
        let success = success.parse().expect("a status");
        Row { method, path, other: whom == "other", needs_admin: role == "admin", success, holds, body }
    };
    let own = MATRIX.lines().filter(|line| !line.trim().is_empty()).map(|line| (line, None));
    let others = PARTS.iter().flat_map(|part| part.held).map(|(line, body)| (*line, Some(*body)));
    own.chain(others).map(row).collect()
}

/// Security checklist: 63.
#[test]
fn every_route_that_writes_for_a_signed_in_user_has_its_row() {
    let rows: BTreeSet<_> = rows().iter().map(|row| (row.method, row.path)).collect();
    let mut routes = BTreeSet::new();
    for route in ROUTES.iter() {
        for operation in &route.operations {
            // What service keys alone may do is in `keys::authority`.
            let for_users = ![Access::Public, Access::Service].contains(&operation.access);
            if for_users && operation.method != "GET" {
                routes.insert((operation.method.as_str(), route.path));
            }
        }
    }
    assert_eq!(rows, routes);
}

/// The user whom a request is about, if that is not the actor, and what the path names of them.
struct Target {
    id: UserId,
    name: String,
    session: u64,
    mail: u64,
}

fn body(row: &Row, actor: &Actor, target: &Target) -> Option<Value> {
    let about = if row.other { &target.name } else { &actor.name };
    Some(match (row.method, row.path) {
        ("POST", "/api/users") => {
            let members = json!({ "roles": ["user", "admin"], "password": "backdoor horse battery" });
            with(user(&format!("backdoor_{}", actor.name)), members)
        }
        ("PUT", _) => with(user(about), json!({ "age": 30 })),
        ("PATCH", _) if row.needs_admin && !row.other => json!({ "roles": ["user", "admin", "editor"] }),
        ("PATCH", _) => json!({ "first_name": "Pwned" }),
        ("POST", "/api/auth/change-password") => {
            json!({ "current_password": PASSWORD, "new_password": "another horse battery" })
        }
        ("POST", "/api/auth/change-email") => {
            json!({ "email": format!("new_{about}@example.com"), "password": PASSWORD })
        }
        ("POST", "/api/auth/delete-account") => json!({ "password": PASSWORD }),
        ("POST", "/api/keys") => {
            json!({ "name": "backdoor", "scopes": ["users:read"], "password": PASSWORD })
        }
        ("POST", "/api/calculate") => json!({ "operation": "add", "a": 1, "b": 2 }),
        ("POST", "/api/tasks" | "/api/goroutines") => {
            json!({ "task_type": "basic", "task_count": 1, "delay_ms": 0 })
        }
        ("POST", "/ws") => json!({ "type": "broadcast" }),
        _ => return None,
    })
}

/// What a person types into the form of this page.
fn form(row: &Row, name: &str) -> Option<String> {
    let password = PASSWORD.replace(' ', "+");
    Some(match row.path {
        "/account" => format!("username={name}&first_name=Pwned&last_name=B"),
        "/account/password" => format!("current_password={password}&new_password=another+horse+battery"),
        "/account/email" => format!("email=new_{name}%40example.com&password={password}"),
        "/account/delete" => format!("password={password}"),
        "/sign-out" | "/account/sessions" => String::new(),
        _ => return None,
    })
}

fn request(row: &Row, actor: &Actor, target: &Target) -> Request {
    let id = if row.path.starts_with("/api/mail") || row.path.starts_with("/api/keys") {
        target.mail.to_string()
    } else if row.other {
        target.id.to_string()
    } else {
        actor.id.to_string()
    };
    let path = row.path.replace("{id:.*}", "{id}").replace("{id}", &id);
    let path = path.replace("{session}", &target.session.to_string());
    let request = Request::new(row.method, &path).bearer(&actor.token);
    if let Some(form) = form(row, &actor.name) {
        return request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    }
    match row.body.map(|body| body()).or_else(|| body(row, actor, target)) {
        Some(body) => request.json(&body),
        None => request,
    }
}

impl Held {
    async fn session_number(&self, token: &str) -> u64 {
        let session = Request::get("/api/auth/session").bearer(token).send(self.server.address).await;
        session.succeeded(200)["data"]["session"]["id"].as_u64().expect("a number")
    }

    /// The number of a mail that was given up, an invitation.
    async fn dead_mail(&self, root: &str, name: &str) -> u64 {
        let at = self.server.address;
        let dead = async || {
            let list = Request::get("/api/mail/jobs?state=dead&limit=200").bearer(root).send(at).await;
            api::ids_of(&list.succeeded(200))
        };
        let before = dead().await;
        self.server.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
        let invited = Request::post("/api/users").json(&user(&format!("invited_{name}")));
        invited.bearer(root).send(at).await.succeeded(201);
        let one_more = async {
            loop {
                if let Some(newest) = dead().await.into_iter().find(|id| !before.contains(id)) {
                    return newest;
                }
                yield_now().await;
            }
        };
        timeout(PATIENCE, one_more).await.expect("a mail that is given up")
    }

    /// What an administrator sees of everything: users, sessions of these users, the newest record, dead mails.
    async fn everything(&self, root: &str, users: [UserId; 2]) -> Vec<Value> {
        let mut targets = vec![
            "/api/users?total=true&limit=200".to_owned(),
            "/api/audit?limit=1".to_owned(),
            "/api/keys".to_owned(),
            "/api/mail/jobs?state=dead&limit=200".to_owned(),
        ];
        for id in users {
            targets.extend([format!("/api/users/{id}"), format!("/api/users/{id}/sessions")]);
        }
        let mut seen = Vec::new();
        for target in targets {
            let answer = Request::get(&target).bearer(root).send(self.server.address).await.json();
            seen.extend([answer["data"].clone(), answer["metadata"]["total"].clone()]);
        }
        seen
    }
}

/// Plays the column of this hold.
async fn play(held: Held, hold: Hold) {
    let root = held.enter("root", &[DEFAULT_ROLE, ADMIN_ROLE]).await;
    let mut cells = 0;
    for (number, row) in rows().into_iter().enumerate().filter(|(_, row)| row.holds.contains(&hold)) {
        for (event, refusal) in EVENTS {
            let cell = format!("{} {} held at {hold:?}, {event}", row.method, row.path);
            let name = format!("{number}_{}", event.replace(' ', "_"));
            let actor = held.enter(&format!("actor_{name}"), &[DEFAULT_ROLE, ADMIN_ROLE]).await;
            let target = held.enter(&format!("target_{name}"), &[DEFAULT_ROLE]).await;
            let other = if row.other { target.token } else { held.server.session_of(&actor.name).await };
            let session = held.session_number(&other).await;
            let mails = row.path.starts_with("/api/mail");
            let mail = match row.path {
                _ if mails => held.dead_mail(&root.token, &target.name).await,
                "/api/keys/{id}" => {
                    u64::try_from(held.key(&[KeyScope::UsersRead]).await.0.0).expect("a number")
                }
                _ => 0,
            };
            let target = Target { id: target.id, name: target.name, session, mail };
            let users = [actor.id, target.id];
            let seen = Mutex::new(Vec::new());

            let answer = held
                .hold(hold, &request(&row, &actor, &target), async {
                    held.happen(event, &actor).await;
                    *seen.lock().expect("a lock") = held.everything(&root.token, users).await;
                })
                .await;

            let demoted = (event == "demoted" && row.needs_admin).then_some(403);
            match refusal.or(demoted) {
                Some(status) => {
                    let code = if status == 401 { "UNAUTHENTICATED" } else { "FORBIDDEN" };
                    if row.path.starts_with("/api") || row.path == "/ws" {
                        assert_eq!(answer.status, status, "{cell}: {}", answer.text());
                        answer.refused(status, code);
                    } else {
                        assert_eq!(answer.status, 303, "{cell}: {}", answer.text());
                        let place = answer.header("Location").expect("a place");
                        assert!(place.starts_with("/sign-in?"), "{cell}: {place}");
                    }
                    let before = seen.into_inner().expect("a lock");
                    assert_eq!(held.everything(&root.token, users).await, before, "{cell}");
                }
                None => assert_eq!(answer.status, row.success, "{cell}: {}", answer.text()),
            }
            cells += 1;
        }
    }
    assert!(cells > 20, "{cells}");
}

macro_rules! columns {
    ($($name:ident: $store:ident, $hold:ident;)*) => {$(
        /// Security checklist: 63.
        #[tokio::test]
        async fn $name() {
            play(Held::$store().await, Hold::$hold).await;
        }
    )*};
}

columns! {
    a_body_that_arrives_late_acts_with_the_authority_of_now_in_memory: on_memory, Body;
    a_body_that_arrives_late_acts_with_the_authority_of_now_on_sqlite: on_sqlite, Body;
    a_password_that_waited_acts_with_the_authority_of_now_in_memory: on_memory, Hash;
    a_password_that_waited_acts_with_the_authority_of_now_on_sqlite: on_sqlite, Hash;
    a_commit_acts_with_the_authority_of_now_in_memory: on_memory, Commit;
    a_commit_acts_with_the_authority_of_now_on_sqlite: on_sqlite, Commit;
}

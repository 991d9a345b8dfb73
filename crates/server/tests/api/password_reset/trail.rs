//! The audit trail of everything that there is to record.

use std::collections::BTreeSet;

use chrono::SecondsFormat;
use denizen_server::config::REGISTRATION;
use denizen_services::{Clock as _, MailError, store::AuditKind};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{
    PATIENCE, TestServer,
    account::choices,
    api::{self, user, with},
    http::{Request, Response},
    production::{PASSWORD, UNLIMITED},
};

const NEW: &str = "another horse battery";

/// A server, the session of its administrator, and what must be on its trail.
struct Scene {
    server: TestServer,
    olga: String,
    expected: Vec<Value>,
}

/// Whoever has not signed in.
const NOBODY: &str = "anonymous";
const OLGA: &str = "user:1";

impl Scene {
    async fn set() -> Self {
        let settings = [&[(&REGISTRATION, "open")], &UNLIMITED[..]].concat();
        let server = TestServer::start_in_production(&settings).await;
        server.enrol_administrator("olga").await;
        let mut scene = Self { server, olga: String::new(), expected: Vec::new() };
        let answer = scene.does(NOBODY, &[("login.succeeded", Some(1))], login("olga", PASSWORD)).await;
        scene.olga = api::token_in(&answer);
        scene
    }

    /// Sends a request that is to leave these records of `actor`, each about a user or about nobody who is known.
    async fn does(&mut self, actor: &str, records: &[(&str, Option<u64>)], request: Request) -> Response {
        let answer = request.send(self.server.address).await;
        assert!(answer.status < 404, "{request:?}: {}", answer.text());
        self.expects(&answer, actor, records);
        // The next record has another time.
        self.server.advance_minutes(1);
        answer
    }

    /// What a request has caused, or causes later.
    fn expects(&mut self, answer: &Response, actor: &str, records: &[(&str, Option<u64>)]) {
        for (kind, target) in records {
            let mut record = json!({
                "kind": kind, "actor": actor, "ip": self.server.address.ip(),
                "at": self.server.clock.now().to_rfc3339_opts(SecondsFormat::AutoSi, true),
                "request_id": answer.header("X-Request-ID").expect("an id"),
            });
            if let Some(target) = target {
                record["target"] = json!(target);
            }
            self.expected.push(record);
        }
    }

    async fn olga_does(&mut self, records: &[(&str, Option<u64>)], request: Request) -> Response {
        let request = request.bearer(&self.olga);
        self.does(OLGA, records, request).await
    }

    async fn mailed_to(&self, name: &str) -> String {
        self.server.next_token(&format!("{name}@example.com")).await
    }

    /// The trail as the administrator sees it, oldest record first, without the numbers.
    async fn trail(&self) -> Vec<Value> {
        let request = Request::get("/api/audit?limit=200").bearer(&self.olga);
        let answer = request.send(self.server.address).await.succeeded(200);
        assert_eq!(answer["metadata"]["next_cursor"], Value::Null, "this is all of it");
        let mut records = answer["data"].as_array().expect("a list").clone();
        for record in &mut records {
            assert!(record.as_object_mut().expect("a record").remove("id").is_some_and(|id| id.is_u64()));
        }
        records.reverse();
        records
    }
}

fn login(login: &str, password: &str) -> Request {
    post("/api/auth/login", json!({ "login": login, "password": password }))
}

fn post(path: &str, body: Value) -> Request {
    Request::post(path).anonymous().json(&body)
}

async fn accounts(scene: &mut Scene) {
    let password = json!({ "password": PASSWORD });
    let create = Request::post("/api/users").json(&with(user("bob"), password.clone()));
    scene.olga_does(&[("user.created", Some(2))], create).await;
    let patch = |id: u64, members: Value| Request::new("PATCH", &format!("/api/users/{id}")).json(&members);
    scene.olga_does(&[("user.updated", Some(2))], patch(2, json!({ "age": 30 }))).await;
    let records = [("user.updated", Some(2)), ("user.roles_changed", Some(2))];
    scene.olga_does(&records, patch(2, json!({ "roles": ["user", "mentor"] }))).await;
    let records = [("user.updated", Some(2)), ("user.disabled", Some(2))];
    scene.olga_does(&records, patch(2, json!({ "active": false }))).await;
    scene.does(NOBODY, &[("login.failed", Some(2))], login("bob", PASSWORD)).await;
    let records = [("user.updated", Some(2)), ("user.enabled", Some(2))];
    scene.olga_does(&records, patch(2, json!({ "active": true }))).await;
    scene.does(NOBODY, &[("login.failed", None)], login("nobody", PASSWORD)).await;

    scene.does(NOBODY, &[], post("/api/users", json!({ "email": "dave@example.com" }))).await;
    let choices = choices(&scene.mailed_to("dave").await, "dave", PASSWORD);
    scene.does(NOBODY, &[("user.signed_up", Some(3))], post("/api/users/verify-email", choices)).await;
    let ask = post("/api/users/request-email-verification", json!({ "email": "bob@example.com" }));
    scene.does(NOBODY, &[], ask).await;
    let token = scene.mailed_to("bob").await;
    let verify = post("/api/users/verify-email", json!({ "token": token }));
    scene.does(NOBODY, &[("email.verified", Some(2))], verify).await;
}

async fn passwords(scene: &mut Scene) {
    let answer = scene.does(NOBODY, &[("login.succeeded", Some(2))], login("bob", PASSWORD)).await;
    let bob = api::token_in(&answer);
    let change = |current: &str| {
        let body = json!({ "current_password": current, "new_password": NEW });
        Request::post("/api/auth/change-password").bearer(&bob).json(&body)
    };
    scene.does("user:2", &[("password.change_failed", Some(2))], change("wrong horse battery")).await;
    let answer = scene.does("user:2", &[("password.changed", Some(2))], change(PASSWORD)).await;
    let bob = api::token_in(&answer);
    let body = json!({ "email": "bobby@example.com", "password": NEW });
    let change = Request::post("/api/auth/change-email").bearer(&bob).json(&body);
    let asked = change.send(scene.server.address).await;
    let token = scene.mailed_to("bobby").await;
    scene.expects(&asked, "user:2", &[("email.change_requested", Some(2))]);
    scene.server.advance_minutes(1);
    let confirm = post("/api/users/confirm-email-change", json!({ "token": token }));
    scene.does(NOBODY, &[("email.changed", Some(2))], confirm).await;
    let logout = Request::post("/api/auth/logout").bearer(&bob);
    scene.does("user:2", &[("session.ended", Some(2))], logout).await;

    let ask = post("/api/users/request-password-reset", json!({ "email": "dave@example.com" }));
    let asked = ask.send(scene.server.address).await;
    let token = scene.mailed_to("dave").await;
    // Only the worker knows whether there is anybody to record.
    scene.expects(&asked, NOBODY, &[("password_reset.requested", Some(3))]);
    scene.server.advance_minutes(1);
    let reset = post("/api/users/reset-password", json!({ "token": token, "new_password": NEW }));
    scene.does(NOBODY, &[("password_reset.completed", Some(3))], reset).await;
    let send = Request::post("/api/users/3/send-password-reset").json(&json!({ "discard_password": true }));
    let send = send.bearer(&scene.olga).send(scene.server.address).await;
    scene.mailed_to("dave").await;
    let records = [("password.discarded", Some(3)), ("password_reset.requested", Some(3))];
    scene.expects(&send, OLGA, &records);
}

/// Somebody is invited by a mail that cannot be delivered. Gives the answer and the number of the mail.
async fn invited_in_vain(scene: &mut Scene, name: &str, id: u64) -> (Response, u64) {
    let at = scene.server.address;
    scene.server.advance_minutes(1);
    scene.server.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    let created = Request::post("/api/users").json(&user(name)).bearer(&scene.olga).send(at).await;
    created.succeeded(201);
    let dead = Request::get("/api/mail/jobs?state=dead").bearer(&scene.olga);
    let given_up = async {
        loop {
            let jobs = dead.send(at).await.succeeded(200);
            if let Some(job) = jobs["data"][0]["id"].as_u64() {
                return job;
            }
        }
    };
    let job = timeout(PATIENCE, given_up).await.expect("a mail that is given up");
    scene.expects(&created, OLGA, &[("user.created", Some(id))]);
    // Each mail is on the trail of its own, under the request that it is for.
    scene.expects(&created, "system", &[("user.invited", Some(id))]);
    scene.server.advance_minutes(1);
    (created, job)
}

async fn operators(scene: &mut Scene) {
    let (created, job) = invited_in_vain(scene, "carol", 4).await;
    let retry = Request::post(&format!("/api/mail/jobs/{job}/retry")).bearer(&scene.olga);
    let retried = retry.send(scene.server.address).await;
    let token = scene.mailed_to("carol").await;
    scene.expects(&retried, OLGA, &[("mail.retried", Some(4))]);
    scene.expects(&created, "system", &[("user.invited", Some(4))]);
    let (_, job) = invited_in_vain(scene, "erin", 5).await;
    let drop = Request::new("DELETE", &format!("/api/mail/jobs/{job}"));
    scene.olga_does(&[("mail.dropped", Some(5))], drop).await;

    let accept = post("/api/users/accept-invitation", json!({ "token": token, "password": PASSWORD }));
    scene.does(NOBODY, &[("user.invitation_accepted", Some(4))], accept).await;
    scene.does(NOBODY, &[("login.succeeded", Some(4))], login("carol", PASSWORD)).await;
    let sessions = scene.olga_does(&[], Request::get("/api/users/4/sessions")).await.succeeded(200);
    let end = Request::new("DELETE", &format!("/api/users/4/sessions/{}", sessions["data"][0]["id"]));
    scene.olga_does(&[("session.ended_by_admin", Some(4))], end).await;
    let revoke = Request::new("DELETE", "/api/users/4/sessions");
    scene.olga_does(&[("session.revoked", Some(4))], revoke).await;
    let key = json!({ "name": "shop", "scopes": ["users:read"], "password": PASSWORD });
    let key = scene.olga_does(&[], post("/api/keys", key)).await.succeeded(201);
    let revoke = Request::new("DELETE", &format!("/api/keys/{}", key["data"]["id"]));
    scene.olga_does(&[], revoke).await.succeeded(200);
    scene.olga_does(&[("user.deleted", Some(4))], Request::new("DELETE", "/api/users/4")).await;
}

/// Security checklist: 60.
#[tokio::test]
async fn everything_that_matters_is_on_the_trail_with_who_whom_when_where_and_by_which_request() {
    let mut scene = Scene::set().await;
    accounts(&mut scene).await;
    passwords(&mut scene).await;
    operators(&mut scene).await;

    let trail = scene.trail().await;

    for record in &scene.expected {
        assert!(trail.contains(record), "{record:#} is not in {trail:#?}");
    }
    // Nobody writes there, nor takes anything away.
    for target in ["/api/audit", "/api/audit/1", "/api/audit?kind=user.created"] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let request = Request::new(method, target).bearer(&scene.olga).json(&json!({ "kind": "x" }));
            let status = request.send(scene.server.address).await.status;
            assert!([404, 405].contains(&status), "{method} {target}: {status}");
        }
    }
    assert_eq!(scene.trail().await, trail);
    let mut kinds: BTreeSet<&str> = trail.iter().filter_map(|record| record["kind"].as_str()).collect();
    // Of a command, of fifty failures in a row, and of a mail that has become pointless: these have tests of their own.
    kinds.extend(["database.restored", "login.failures_omitted", "login.ignored", "mail.unsent"]);
    assert_eq!(kinds, AuditKind::ALL.map(AuditKind::as_str).into(), "some kind was not tried");
}

//! The API in verbs, and what a test wants to know of an answer.

use std::net::SocketAddr;

use denizen_server::SAMPLE_PASSWORD;
use serde_json::{Value, json};

use super::http::{Request, Response, act_as};

/// The body that creates a user called `name`, with the address `name@example.com`.
pub fn user(name: &str) -> Value {
    json!({
        "username": name, "email": format!("{name}@example.com"), "first_name": "Some", "last_name": "Body",
    })
}

/// `value` with some members replaced or added.
pub fn with(mut value: Value, members: Value) -> Value {
    let (Some(target), Value::Object(members)) = (value.as_object_mut(), members) else {
        panic!("two objects are needed");
    };
    target.extend(members);
    value
}

/// Signs in. `login` is a user name or an address.
pub async fn login(at: SocketAddr, login: &str, password: &str) -> Response {
    let body = json!({ "login": login, "password": password });
    Request::post("/api/auth/login").anonymous().json(&body).send(at).await
}

/// Opens a session; gives its token.
pub async fn session(at: SocketAddr, login: &str, password: &str) -> String {
    token_in(&self::login(at, login, password).await)
}

/// The session token of whoever has this login and the password of the sample users.
pub async fn token_of(at: SocketAddr, login: &str) -> String {
    session(at, login, SAMPLE_PASSWORD).await
}

/// The session token in the answer to a sign-in, or to a change of password.
#[track_caller]
pub fn token_in(answer: &Response) -> String {
    let answer = answer.succeeded(200);
    answer["data"]["token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

/// Whether the token still opens a session.
pub async fn is_open(at: SocketAddr, token: &str) -> bool {
    let response = Request::get("/api/auth/session").bearer(token).send(at).await;
    if response.status == 200 {
        response.succeeded(200);
        return true;
    }
    response.refused(401, "UNAUTHENTICATED");
    false
}

/// The password of every [`member`]: nobody but the sample users can have theirs.
const MEMBER_PASSWORD: &str = "password of a member";

/// A session token of the user of this name, who is created if there is none.
pub async fn member(at: SocketAddr, name: &str) -> String {
    for password in [MEMBER_PASSWORD, SAMPLE_PASSWORD] {
        let answer = login(at, name, password).await;
        if answer.status == 200 {
            return token_in(&answer);
        }
    }
    let email = format!("{name}@members.example.com");
    let members = json!({ "email": email, "password": MEMBER_PASSWORD });
    create(at, &with(user(name), members)).await.succeeded(201);
    session(at, name, MEMBER_PASSWORD).await
}

/// From now on, requests are those of the sample administrator, if the server has one.
pub async fn act_as_administrator(at: SocketAddr) {
    act_as(at, None);
    let answer = login(at, "diana_admin", SAMPLE_PASSWORD).await;
    if answer.status == 200 {
        act_as(at, answer.json()["data"]["token"].as_str().map(str::to_owned));
    }
}

pub async fn create(at: SocketAddr, user: &Value) -> Response {
    Request::post("/api/users").json(user).send(at).await
}

pub async fn get(at: SocketAddr, id: u64) -> Response {
    Request::get(&format!("/api/users/{id}")).send(at).await
}

pub async fn put(at: SocketAddr, id: u64, user: &Value) -> Response {
    Request::new("PUT", &format!("/api/users/{id}")).json(user).send(at).await
}

pub async fn patch(at: SocketAddr, id: u64, members: &Value) -> Response {
    Request::new("PATCH", &format!("/api/users/{id}")).json(members).send(at).await
}

pub async fn delete(at: SocketAddr, id: u64) -> Response {
    Request::new("DELETE", &format!("/api/users/{id}")).send(at).await
}

/// `query` begins with `?`, or is empty.
pub async fn list(at: SocketAddr, query: &str) -> Response {
    Request::get(&format!("/api/users{query}")).send(at).await
}

pub fn ids_of(list: &Value) -> Vec<u64> {
    let users = list["data"].as_array().unwrap_or_else(|| panic!("no list: {list}"));
    users.iter().map(|user| user["id"].as_u64().unwrap_or_else(|| panic!("no id: {user}"))).collect()
}

impl Response {
    /// The body, if this is a success in its envelope.
    #[track_caller]
    pub fn succeeded(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let body = self.enveloped();
        assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        body
    }

    /// The body, if this is such an error in its envelope.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let body = self.enveloped();
        assert_eq!(body["code"], code, "{body}");
        assert!(body["error"].as_str().is_some_and(|error| !error.is_empty()), "{body}");
        assert_eq!(self.header("Allow").is_some(), status == 405, "Allow on {status}");
        let challenge = self.header("WWW-Authenticate");
        assert_eq!(
            challenge.is_some_and(|it| it.starts_with("Bearer ")),
            status == 401,
            "challenge on {status}"
        );
        let retry = self.header("Retry-After").map(str::parse::<u32>);
        assert_eq!(
            retry.is_some_and(|seconds| seconds.is_ok()),
            matches!(status, 429 | 503),
            "Retry-After on {status}"
        );
        body
    }

    #[track_caller]
    fn enveloped(&self) -> Value {
        let body = self.json();
        assert_eq!(self.header("Content-Type"), Some("application/json"));
        assert!(body["timestamp"].is_u64(), "{body}");
        assert!(body["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{body}");
        assert_eq!(body["request_id"].as_str(), self.header("X-Request-ID"));
        body
    }
}

//! Requests as nobody should send them. Where HTTP itself was understood the answer is a precise 4xx in the envelope,
//! elsewhere it is a bare 4xx; it is never a 5xx, and the server is there for the next one.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::{
    TestServer,
    api::{self, user, with},
    http::{Connection, Request},
};

mod bodies;
mod framing;
mod random;
mod slow;
mod targets;

/// A request whose server waits for the rest of its body. Says `100 Continue`, so that the server is known to have
/// begun with it.
pub async fn half_sent(at: SocketAddr) -> HalfSent {
    let request =
        Request::post("/api/users").header("Expect", "100-continue").json(&user("half_sent")).bytes(at);
    let head = request.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
    let (head, body) = request.split_at(head);
    let mut connection = Connection::open(at).await.expect("a server that listens");
    connection.write(head).await.expect("a head that can be sent");
    assert_eq!(connection.read().await.expect("an interim answer").status, 100);
    let (first, rest) = body.split_at(20);
    connection.write(first).await.expect("half a body that can be sent");
    HalfSent { connection, rest: rest.to_owned() }
}

/// See [`half_sent`].
pub struct HalfSent {
    pub connection: Connection,
    rest: Vec<u8>,
}

impl HalfSent {
    /// Sends the rest.
    pub async fn complete(&mut self) {
        self.connection.write(&self.rest).await.expect("a rest that can be sent");
    }
}

/// Sends each request on a connection of its own, and demands that the server then works as if nothing had been.
async fn each_is_refused(server: &TestServer, cases: impl IntoIterator<Item = (Request, u16, &str)>) {
    for (request, status, code) in cases {
        request.send(server.address).await.refused(status, code);
        api::get(server.address, 1).await.succeeded(200);
    }
    nothing_was_created(server).await;
}

async fn nothing_was_created(server: &TestServer) {
    let all = api::list(server.address, "").await.succeeded(200);
    assert_eq!(api::ids_of(&all), [1, 2, 3, 4, 5]);
}

fn json_post(body: impl Into<Vec<u8>>) -> Request {
    Request::post("/api/users").header("Content-Type", "application/json").body(body)
}

/// Security checklist: 55.
#[tokio::test]
async fn an_error_is_followed_by_a_good_answer_on_the_same_connection() {
    let server = TestServer::start().await;
    let mut connection = Connection::open(server.address).await.unwrap();
    for bad in [
        json_post("{"),
        json_post("[]"),
        Request::post("/api/users").json(&json!({})),
        Request::get("/api/users/abc"),
        Request::get("/api/users/999"),
        Request::get("/api/nope"),
        Request::get("/api/users?x=1"),
        Request::new("FROB", "/api/users"),
    ] {
        let refused = connection.send(&bad).await.unwrap();
        assert!((400..500).contains(&refused.status), "{}", refused.text());
        connection.send(&Request::get("/api/users/1")).await.unwrap().succeeded(200);
    }
    nothing_was_created(&server).await;
}

#[tokio::test]
async fn values_far_beyond_their_bounds_are_named_one_by_one() {
    let server = TestServer::start().await;
    let long = "x".repeat(10_000);
    let bio = json!({"bio": &long});
    for (members, field, reason) in [
        (json!({"username": &long}), "username", "username cannot exceed 50 characters"),
        (json!({"email": format!("{long}@example.com")}), "email", "invalid email format"),
        (json!({"first_name": &long}), "first_name", "first name cannot exceed 100 characters"),
        (json!({"last_name": &long}), "last_name", "last name cannot exceed 100 characters"),
        (json!({"age": i64::MAX}), "age", "age cannot exceed 150"),
        (json!({"age": i64::MIN}), "age", "age cannot be negative"),
        (json!({"roles": [&long]}), "roles", "role cannot exceed 50 characters"),
        (json!({"roles": vec!["user"; 5_000]}), "roles", "user cannot have more than 20 roles"),
        (json!({"profile": bio}), "profile.bio", "bio cannot exceed 1000 characters"),
        (json!({"password": &long}), "password", "password cannot exceed 256 characters"),
        (json!({"id": i64::MAX}), "id", "ID must be zero for new user"),
    ] {
        let response = api::create(server.address, &with(user("somebody"), members)).await;
        let body = response.refused(400, "VALIDATION_ERROR");
        assert_eq!(body["details"]["fields"], json!({field: [reason]}));
        assert!(response.body.len() < 1000, "an answer does not repeat what was too long");
    }
    let everything = json!({"username": &long, "email": &long, "first_name": &long, "age": 151, "roles": []});
    let body = api::create(server.address, &everything).await.refused(400, "VALIDATION_ERROR");
    let fields: Vec<_> =
        body["details"]["fields"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap();
    assert_eq!(fields, ["age", "email", "first_name", "last_name", "roles", "username"]);
    nothing_was_created(&server).await;
}

/// Security checklist: 55.
#[tokio::test]
async fn text_of_every_kind_comes_back_as_it_went_in() {
    let server = TestServer::start().await;
    let hostile = json!({
        "first_name": "Robert'); DROP TABLE users;--",
        "last_name": "\"\\/<b>&amp;%s%00{}$(id)\u{202e}\u{1f600}e\u{301}",
        "profile": {"bio": "' OR 1=1 --\nsecond line", "skills": ["\u{feff}", "🤷‍♀️"]},
    });
    let created = api::create(server.address, &with(user("bobby"), hostile.clone())).await.succeeded(201);
    let id = created["data"]["id"].as_u64().unwrap();
    let found = api::get(server.address, id).await.succeeded(200);
    for member in ["first_name", "last_name"] {
        assert_eq!(found["data"][member], hostile[member]);
    }
    assert_eq!(found["data"]["profile"]["bio"], hostile["profile"]["bio"]);
    assert_eq!(found["data"]["profile"]["skills"], hostile["profile"]["skills"]);
    for search in ["DROP%20TABLE%20users%3B--", "%27)%3B", "%26amp%3B%25s"] {
        let found = api::list(server.address, &format!("?search={search}")).await.succeeded(200);
        assert_eq!(api::ids_of(&found), [id], "{search}");
    }
    for search in ["%27%20OR%201%3D1%20--", "%22*%22", "%25%25%25", "___", "NEAR(a%20b)"] {
        let found = api::list(server.address, &format!("?search={search}")).await.succeeded(200);
        assert_eq!(found["data"], Value::Array(Vec::new()), "{search}");
    }
}

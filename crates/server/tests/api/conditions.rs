//! Tags and conditions, from one answer to the next request.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::{
    TestServer,
    account::{request_verification, verify_email},
    api::{self, user, with},
    http::{Request, Response},
};

/// A request to user 5 on the condition of this header.
async fn send_if(at: SocketAddr, method: &str, condition: (&str, &str), body: Option<&Value>) -> Response {
    let request = Request::new(method, "/api/users/5").header(condition.0, condition.1);
    match body {
        Some(body) => request.json(body).send(at).await,
        None => request.send(at).await,
    }
}

#[track_caller]
fn tag_of(response: &Response) -> String {
    let tag = response.header("ETag").expect("a tag");
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
    tag.to_owned()
}

#[track_caller]
fn assert_not_modified(response: &Response, tag: &str) {
    assert_eq!((response.status, response.text().as_str()), (304, ""));
    assert_eq!(response.header("ETag"), Some(tag));
    assert_eq!(response.header("Cache-Control"), Some("private, no-cache"));
    assert_eq!(response.header("Vary"), Some("Authorization, Cookie"));
    assert_eq!(response.header("Content-Type"), None);
}

#[tokio::test]
async fn a_tag_stays_as_long_as_the_user_does() {
    let server = TestServer::start().await;
    let at = server.address;
    let tag = tag_of(&api::get(at, 5).await);
    server.advance_minutes(10);
    assert_eq!(tag_of(&api::get(at, 5).await), tag);
    assert_eq!(tag_of(&Request::new("HEAD", "/api/users/5").send(at).await), tag);
    assert_ne!(tag_of(&api::get(at, 4).await), tag);
    for method in ["GET", "HEAD"] {
        assert_not_modified(&send_if(at, method, ("If-None-Match", &tag), None).await, &tag);
        assert_not_modified(&send_if(at, method, ("If-None-Match", &format!("W/{tag}")), None).await, &tag);
    }
    let folder = server.stop().await;
    let server = TestServer::start_in(folder).await;
    assert_eq!(tag_of(&api::get(server.address, 5).await), tag, "another process has the same");
}

#[tokio::test]
async fn every_change_gives_another_tag_and_says_which() {
    let server = TestServer::start().await;
    let at = server.address;
    // With a password, so that there is no invitation whose token could be taken for the other one.
    let frank = with(user("frank"), json!({ "password": "correct horse battery" }));
    let created = api::create(at, &frank).await;
    let mut tags = vec![tag_of(&created)];
    assert_eq!(tag_of(&api::get(at, 6).await), tags[0]);
    let put = api::put(at, 6, &user("frank")).await;
    tags.push(tag_of(&put));
    tags.push(tag_of(&api::patch(at, 6, &json!({})).await));
    let patched = api::patch(at, 6, &json!({ "age": 30 })).await;
    assert_eq!(patched.header("Content-Location"), Some("/api/users/6"));
    tags.push(tag_of(&patched));
    assert_eq!(tag_of(&api::get(at, 6).await), tags[3]);
    request_verification(at, "frank@example.com").await.succeeded(202);
    let token = server.next_token("frank@example.com").await;
    verify_email(at, &token).await.succeeded(200);
    tags.push(tag_of(&api::get(at, 6).await));
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), 5, "{tags:?}");
}

#[tokio::test]
async fn whoever_read_before_a_change_cannot_overrun_it() {
    let server = TestServer::start().await;
    let at = server.address;
    let read = api::get(at, 5).await;
    let (old, body) = (tag_of(&read), read.succeeded(200)["data"].clone());
    let new = tag_of(&api::patch(at, 5, &json!({ "age": 46 })).await);

    let (mine, age) = (with(body, json!({ "first_name": "Mine" })), json!({ "age": 1 }));
    for (method, body) in [("PUT", Some(&mine)), ("PATCH", Some(&age)), ("DELETE", None)] {
        for tag in [&old, &format!("W/{new}")] {
            let refused =
                send_if(at, method, ("If-Match", tag), body).await.refused(412, "PRECONDITION_FAILED");
            assert_eq!(refused["error"], "The user has been changed", "{method}");
        }
    }
    let seen = send_if(at, "GET", ("If-None-Match", &old), None).await;
    assert_eq!((tag_of(&seen), &seen.succeeded(200)["data"]["age"]), (new.clone(), &json!(46)));

    let newer = send_if(at, "PATCH", ("If-Match", &format!("{old}, {new}")), Some(&age)).await;
    assert_eq!(newer.succeeded(200)["data"]["age"], 1);
    let put = with(user("eve_tester"), json!({ "email": "eve@example.com" }));
    let newest = send_if(at, "PUT", ("If-Match", &tag_of(&newer)), Some(&put)).await;
    newest.succeeded(200);
    send_if(at, "DELETE", ("If-Match", &tag_of(&newest)), None).await.succeeded(200);
    send_if(at, "DELETE", ("If-Match", &tag_of(&newest)), None).await.refused(404, "USER_DELETE_ERROR");
}

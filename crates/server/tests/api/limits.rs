//! What the operator allows, on the wire. Which address a request counts for is tested with the handlers.

use std::time::Instant;

use denizen_server::config::{
    HEADER_TIMEOUT, IDLE_TIMEOUT, MAX_CONNECTIONS, RATE_BURST, RATE_LIMIT, Setting, WORKERS,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    TestServer, api,
    http::{Connection, Request},
    process::Process,
    socket::Socket,
};

#[tokio::test]
async fn the_burst_is_served_and_not_one_request_more() {
    let start = Instant::now();
    let server = TestServer::start_configured(&[(&RATE_LIMIT, "1"), (&RATE_BURST, "3")]).await;
    let mut connection = Connection::open(server.address).await.unwrap();
    // The sign-in with which every test begins.
    let mut served = 1;
    loop {
        let response = connection.send(&Request::get("/api/users/1")).await.unwrap();
        if response.status == 429 {
            let body = response.refused(429, "RATE_LIMITED");
            assert_eq!(body["error"], "Too many requests");
            assert_eq!(response.header("Retry-After"), Some("1"));
            break;
        }
        response.succeeded(200);
        served += 1;
    }
    // One more for every second that this machine has taken.
    assert!((3..=3 + start.elapsed().as_secs()).contains(&served), "{served}");
}

#[tokio::test]
async fn people_are_told_on_a_page_that_they_are_too_fast() {
    let server = TestServer::start_configured(&[(&RATE_LIMIT, "1"), (&RATE_BURST, "1")]).await;
    let mut responses = Vec::new();
    for _ in 0..20 {
        responses.push(Request::get("/").send(server.address).await);
    }
    let refused = responses.iter().find(|response| response.status == 429).expect("a refusal");
    assert_eq!(refused.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert_eq!(refused.header("Retry-After"), Some("1"));
    assert!(refused.text().contains("<h1>Too Many Requests</h1>"), "{}", refused.text());
}

#[tokio::test]
async fn no_limit_is_no_limit() {
    let server = TestServer::start_configured(&[(&RATE_LIMIT, "0"), (&RATE_BURST, "1")]).await;
    let mut connection = Connection::open(server.address).await.unwrap();
    for _ in 0..200 {
        connection.send(&Request::get("/api/users/1")).await.unwrap().succeeded(200);
    }
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_one_ends() {
    let server = TestServer::start_configured(&[(&MAX_CONNECTIONS, "1"), (&WORKERS, "1")]).await;
    let mut first = Connection::open(server.address).await.unwrap();
    first.send(&Request::get("/livez")).await.unwrap().succeeded(200);

    let mut second = Connection::open(server.address).await.unwrap();
    second.write(&Request::get("/livez").bytes(server.address)).await.unwrap();
    for _ in 0..50 {
        first.send(&Request::get("/api/users/1")).await.unwrap().succeeded(200);
    }
    assert!(!second.has_answer().await, "two connections are served where one is allowed");

    drop(first);
    second.read().await.unwrap().succeeded(200);
}

const IMPATIENT: [(&Setting, &str); 2] = [(&HEADER_TIMEOUT, "1s"), (&IDLE_TIMEOUT, "1s")];

#[tokio::test]
async fn a_second_head_that_does_not_come_to_its_end_is_not_waited_for_either() {
    let server = TestServer::start_configured(&IMPATIENT).await;
    let mut connection = Connection::open(server.address).await.unwrap();
    connection.send(&Request::get("/livez")).await.unwrap().succeeded(200);
    connection.write(b"GET /livez HTTP/1.1\r\nHost: loc").await.unwrap();
    assert!(connection.is_closed().await);
    api::get(server.address, 1).await.succeeded(200);
}

#[tokio::test]
async fn a_body_that_nobody_asked_for_does_not_keep_a_connection_open() {
    let server = TestServer::start_configured(&IMPATIENT).await;
    for framing in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let mut connection = Connection::open(server.address).await.unwrap();
        let head =
            format!("POST /health HTTP/1.1\r\nHost: {}\r\n{framing}\r\n\r\n4\r\n1234\r\n", server.address);
        connection.write(head.as_bytes()).await.unwrap();
        connection.read().await.unwrap().refused(405, "METHOD_NOT_ALLOWED");
        assert!(connection.is_closed().await, "{framing}");
    }
}

#[tokio::test]
async fn a_websocket_that_is_silent_for_longer_stays_open() {
    let server = TestServer::start_configured(&IMPATIENT).await;
    let mut socket = Socket::open_as(server.address, &api::token_of(server.address, "alice_dev").await).await;
    for _ in 0..3 {
        Request::post("/api/tasks").json(&one_second()).send(server.address).await.succeeded(200);
    }
    socket.settle().await;
    socket.leave().await;
}

/// A task that takes this long.
fn one_second() -> Value {
    json!({ "task_type": "basic", "task_count": 1, "delay_ms": 1000 })
}

#[tokio::test]
async fn a_slow_request_is_a_warning_in_the_log() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("denizen.toml"), "slow_request = \"1s\"\n").unwrap();
    let process = Process::start(folder.path()).await;
    Request::post("/api/tasks").json(&one_second()).send(process.address).await.succeeded(200);
    let line = process.line_with(" POST /api/tasks 200 ").await;
    assert!(line.contains(" WARN ") && line.ends_with(" slow"), "{line}");
    api::get(process.address, 1).await.succeeded(200);
    let line = process.line_with(" GET /api/users/1 200 ").await;
    assert!(line.contains(" INFO ") && !line.contains("slow"), "{line}");
    process.stop().await;
}

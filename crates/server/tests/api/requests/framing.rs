//! Where one request ends and the next begins, and heads that are no HTTP.

use std::net::SocketAddr;

use super::nothing_was_created;
use crate::support::{
    TestServer,
    api::{self, user},
    http::{Connection, Request},
};

#[tokio::test]
async fn broken_heads_get_a_bare_400_and_the_connection_is_closed() {
    let server = TestServer::start().await;
    let host = format!("Host: {}\r\n", server.address);
    let head = |lines: &str| {
        format!("POST /api/users HTTP/1.1\r\n{host}Content-Type: application/json\r\n{lines}\r\n")
    };
    for request in [
        "garbage\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET /livez\r\n\r\n".to_owned(),
        format!("GET /livez HTTP/1.2\r\n{host}\r\n"),
        format!("GET /livez HTTP/9.9\r\n{host}\r\n"),
        format!("GET api/users HTTP/1.1\r\n{host}\r\n"),
        format!("GET /api/users/ 1 HTTP/1.1\r\n{host}\r\n"),
        format!("G(T /livez HTTP/1.1\r\n{host}\r\n"),
        format!("GET /é HTTP/1.1\r\n{host}\r\n"),
        "GET /livez HTTP/1.1\r\n\r\n".to_owned(),
        format!("GET /livez HTTP/1.1\r\n{host}{host}\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        head("X-A: a\0b\r\n"),
        head("X-A : b\r\n"),
        head("X-A: a\r\n folded\r\n"),
        head("no colon\r\n"),
        head(": no name\r\n"),
        head("Content-Length: 2\r\nContent-Length: 3\r\n") + "{}",
        head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        head("Content-Length: -2\r\n") + "{}",
        head("Content-Length: +2\r\n") + "{}",
        head("Content-Length: 2, 2\r\n") + "{}",
        head("Content-Length: 0x2\r\n") + "{}",
        head("Content-Length: 99999999999999999999\r\n") + "{}",
        head("Transfer-Encoding: gzip\r\n") + "{}",
        head("Transfer-Encoding: gzip, chunked\r\n") + "0\r\n\r\n",
        head("Transfer-Encoding: chunked, identity\r\n") + "0\r\n\r\n",
    ] {
        let mut connection = Connection::open(server.address).await.unwrap();
        connection.write(request.as_bytes()).await.unwrap();
        let response = connection.read().await.unwrap_or_else(|error| panic!("{request:.80?}: {error}"));
        assert_eq!((response.status, response.text().as_str()), (400, ""), "{request:.80?}");
        assert_eq!(response.header("Connection"), Some("close"), "{request:.80?}");
        api::get(server.address, 1).await.succeeded(200);
    }
    nothing_was_created(&server).await;
}

#[tokio::test]
async fn heads_that_are_too_large_get_a_431() {
    let server = TestServer::start().await;
    let many = (0..200).fold(Request::get("/livez"), |request, n| request.header(&format!("X-{n}"), "a"));
    let large = |length| Request::get("/livez").header("X-Large", &"a".repeat(length));
    let long = Request::get(&format!("/{}", "a".repeat(70_000)));
    for request in [many, large(40_000), large(200_000), large(2_000_000), long] {
        assert_eq!(request.send(server.address).await.status, 431);
        api::get(server.address, 1).await.succeeded(200);
    }
    // What a browser with many cookies may send is no trouble.
    Request::get("/livez").header("Cookie", &"a".repeat(30_000)).send(server.address).await.succeeded(200);
}

#[tokio::test]
async fn broken_chunks_are_no_body() {
    let server = TestServer::start().await;
    let head = format!(
        "POST /api/users HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        server.address
    );
    for chunks in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "2\n{}\r\n0\r\n\r\n",
    ] {
        let mut connection = Connection::open(server.address).await.unwrap();
        connection.write(format!("{head}{chunks}").as_bytes()).await.unwrap();
        connection.read().await.unwrap().refused(400, "INVALID_REQUEST_BODY");
        api::get(server.address, 1).await.succeeded(200);
    }
    nothing_was_created(&server).await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = TestServer::start().await;
    let at = server.address;
    let requests = [
        Request::get("/api/users/1"),
        Request::post("/api/users").json(&user("somebody")),
        Request::get("/api/users/999"),
        Request::post("/api/users").header("Content-Type", "application/json").body("{"),
        Request::new("DELETE", "/api/users/6"),
        Request::get("/api/users/6"),
        Request::get("/livez"),
    ];
    let bytes: Vec<u8> = requests.iter().flat_map(|request| request.bytes(at)).collect();
    let mut connection = Connection::open(at).await.unwrap();

    connection.write(&bytes).await.unwrap();

    let mut statuses = Vec::new();
    for _ in &requests {
        statuses.push(connection.read().await.unwrap().status);
    }
    assert_eq!(statuses, [200, 201, 404, 400, 200, 404, 200]);
}

#[tokio::test]
async fn a_hundred_pipelined_requests_are_a_hundred_answers() {
    let server = TestServer::start().await;
    let bytes = Request::get("/api/users/1").bytes(server.address).repeat(100);
    let mut connection = Connection::open(server.address).await.unwrap();
    connection.write(&bytes).await.unwrap();
    for _ in 0..100 {
        connection.read().await.unwrap().succeeded(200);
    }
}

#[tokio::test]
async fn clients_that_hang_up_leave_nothing_behind() {
    let server = TestServer::start().await;
    for _ in 0..100 {
        hang_up_within(server.address, b"POST /api/us").await;
        drop(super::half_sent(server.address).await);
        // A whole request, and nobody who reads the answer.
        hang_up_within(server.address, &Request::get("/api/users").bytes(server.address)).await;
    }
    api::get(server.address, 1).await.succeeded(200);
    nothing_was_created(&server).await;
}

async fn hang_up_within(at: SocketAddr, bytes: &[u8]) {
    let mut connection = Connection::open(at).await.unwrap();
    connection.write(bytes).await.unwrap();
}

#[tokio::test]
async fn a_body_that_arrives_bit_by_bit_is_a_body() {
    let server = TestServer::start().await;
    let mut half = super::half_sent(server.address).await;
    api::get(server.address, 1).await.succeeded(200);
    half.complete().await;
    half.connection.read().await.unwrap().succeeded(201);
    half.connection.send(&Request::get("/api/users/6")).await.unwrap().succeeded(200);
}

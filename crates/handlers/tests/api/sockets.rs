//! What only a real server shows.

use crate::support::{
    Setup,
    requests::endpoints,
    socket::{Server, split_answer},
};

#[actix_web::test]
async fn head_is_get_without_the_body() {
    let server = Server::start(Setup::default());
    let readable = endpoints().into_iter().filter(|(_, allowed)| allowed.contains("HEAD"));
    let targets = readable.map(|(target, _)| target);
    for target in targets.chain(["/api/users/abc", "/api/nope", "/nope", "/api/users/verify-email"]) {
        let (get, head) = (server.ask("GET", target).await, server.ask("HEAD", target).await);
        assert_eq!(get.status, head.status, "{target}");
        assert_eq!(head.text(), "", "{target}");
        assert!(!get.body.is_empty(), "{target}");
        let names = |answer: &crate::support::answer::Answer| {
            let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort_unstable();
            names
        };
        assert_eq!(names(&get), names(&head), "{target}");
        for name in ["content-type", "content-length", "cache-control", "allow"] {
            assert_eq!(get.header(name), head.header(name), "{target}: {name}");
        }
        assert_eq!(get.header("content-length"), Some(get.body.len().to_string().as_str()));
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_refused_body_does_not_reach_the_next_request() {
    let server = Server::start(Setup::default());
    let body = "[".repeat(3_000_000);
    let requests = format!(
        "POST /api/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}\
         GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let replies = server.exchange(requests).await;
    let (refused, rest) = split_answer(&replies);
    refused.expect_error(413, "PAYLOAD_TOO_LARGE", "Request body is too large");
    let (next, rest) = split_answer(rest);
    next.expect_success(200, "Server is healthy and running");
    assert!(rest.is_empty());
    server.stop().await;
}

#[actix_web::test]
async fn the_body_of_somebody_unknown_does_not_reach_the_next_request() {
    let server = Server::start(Setup::default());
    for length in [10, 100_000] {
        let body = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(length / 35 + 1);
        let requests = format!(
            "PUT /api/users/7 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}\
             GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let replies = server.exchange(requests).await;
        let (refused, rest) = split_answer(&replies);
        refused.expect_error(401, "UNAUTHENTICATED", "Authentication required");
        // The server reads over what it has received already, or else closes the connection: nobody's body is waited for.
        if !rest.is_empty() {
            let (next, rest) = split_answer(rest);
            next.expect_success(200, "Server is healthy and running");
            assert!(rest.is_empty());
        }
    }
    server.stop().await;
}

#[actix_web::test]
async fn a_question_about_the_whole_server_is_answered_like_any_other() {
    let server = Server::start(Setup::default());
    let answer = server.ask("OPTIONS", "*").await;
    assert_eq!(answer.status, 404);
    assert!(answer.request_id().starts_with("req_"), "{answer:?}");
    server.stop().await;
}

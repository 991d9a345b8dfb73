//! A handler that panics costs its own request, and nothing else.

use log::Level;
use serde_json::Value;

use crate::{
    pages::submit,
    support::{
        Api, Setup,
        answer::Answer,
        log::{access_line, causes},
        requests::{create_user, get},
        socket::{Server, split_answer},
    },
};

#[track_caller]
fn assert_is_the_answer_to_a_panic(answer: &Answer) {
    let details = answer.expect_error(500, "INTERNAL_ERROR", "Internal server error");
    assert_eq!(details, Value::Null);
    assert_panic_is_logged(answer);
}

#[track_caller]
fn assert_panic_is_logged(answer: &Answer) {
    let id = answer.request_id();
    assert_eq!(causes(id), [(Level::Error, format!("{id} INTERNAL_ERROR: a handler panicked"))]);
    assert!(access_line(id).contains(" 500 "), "{}", access_line(id));
}

#[actix_web::test]
async fn a_panic_is_a_json_500_and_the_next_request_works() {
    let api = Api::start().await;
    for request in [get("/api/users/7"), get("/api/users"), create_user()] {
        api.users.panic_next();
        let broken = api.send(request).await;
        assert_is_the_answer_to_a_panic(&broken);
        let next = api.send(get("/api/users/7")).await;
        next.expect_success(200, "User retrieved successfully");
        assert_ne!(next.request_id(), broken.request_id());
    }
}

#[actix_web::test]
async fn people_get_a_page_after_a_panic() {
    let api = Api::start().await;
    api.users.panic_next();
    let broken = api.send(submit("/verify-email?token=x", "")).await;
    assert!(broken.expect_page(500).contains("Internal server error"), "{broken:?}");
    assert_panic_is_logged(&broken);
    assert_eq!(api.send(submit("/verify-email?token=x", "")).await.status, 303);
}

#[actix_web::test]
async fn a_panic_does_not_even_cost_the_connection() {
    let server = Server::start_panicking(Setup::default());
    let requests = "GET /api/users/7 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\n\r\n\
                    GET /api/users/7 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\n\
                    Connection: close\r\n\r\n";
    let replies = server.exchange(requests).await;
    let (broken, rest) = split_answer(&replies);
    assert_is_the_answer_to_a_panic(&broken);
    let (next, rest) = split_answer(rest);
    next.expect_success(200, "User retrieved successfully");
    assert!(rest.is_empty());
    server.stop().await;
}

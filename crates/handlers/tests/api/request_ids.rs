//! Every request has one id of ours.

use std::sync::Arc;

use denizen_testkit::FixedClock;

use crate::support::{
    Api, Setup,
    fakes::NoRandomness,
    log::access_line,
    requests::{get, post_bytes},
};

/// `req_` and a UUID of version 7 and of the RFC's variant, as 32 digits in lower case, of the clock's time.
#[track_caller]
fn assert_is_an_id(id: &str) {
    let digits = id.strip_prefix("req_").expect("the prefix");
    assert_eq!(digits.len(), 32, "{id}");
    assert!(digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{id}");
    assert_eq!(digits[..12], format!("{:012x}", FixedClock::start().timestamp_millis()), "{id}");
    assert_eq!(&digits[12..13], "7", "{id}");
    assert!("89ab".contains(&digits[16..17]), "{id}");
}

#[actix_web::test]
async fn every_answer_has_an_id_of_its_own() {
    let api = Api::start().await;
    let mut seen = Vec::new();
    for request in [
        get("/health"),
        get("/health"),
        get("/api/users/7"),
        get("/api/users/abc"),
        get("/api/nope"),
        get("/somewhere"),
        post_bytes("/api/users", "["),
        post_bytes("/livez", ""),
    ] {
        let answer = api.send(request).await;
        assert_is_an_id(answer.request_id());
        assert!(!seen.contains(&answer.request_id().to_owned()), "{seen:?}");
        seen.push(answer.request_id().to_owned());
    }
}

#[actix_web::test]
async fn header_body_service_and_log_have_the_same_id() {
    let api = Api::start().await;
    let answer = api.send(get("/api/users/7")).await;
    // Compares the body with the header.
    answer.expect_success(200, "User retrieved successfully");
    assert_eq!(api.users.last_call().0.request_id, answer.request_id());
    assert!(access_line(answer.request_id()).ends_with(answer.request_id()));
}

#[actix_web::test]
async fn an_id_of_the_caller_is_never_echoed() {
    let api = Api::start().await;
    for (request, status) in [(get("/health"), 200), (get("/api/nope"), 404), (get("/nope"), 404)] {
        let answer = api.send(request.insert_header(("x-request-id", "my-own.id_1"))).await;
        assert_eq!(answer.status, status);
        assert_is_an_id(answer.request_id());
        assert!(!answer.text().contains("my-own"), "{answer:?}");
        assert!(access_line(answer.request_id()).ends_with(" caller=my-own.id_1"));
    }
}

#[actix_web::test]
async fn an_id_of_the_caller_that_is_not_harmless_is_not_logged() {
    let api = Api::start().await;
    let long = "x".repeat(65);
    for id in ["", " ", "a b", "a\tb", "caller=1", "\u{e9}", long.as_str()] {
        let request = get("/health").insert_header(("x-request-id", id.as_bytes()));
        let answer = api.send(request).await;
        answer.expect_success(200, "Server is healthy and running");
        assert!(access_line(answer.request_id()).ends_with(answer.request_id()), "{id:?}");
    }
    let longest = "x".repeat(64);
    let answer = api.send(get("/health").insert_header(("x-request-id", longest.as_str()))).await;
    assert!(access_line(answer.request_id()).ends_with(&format!(" caller={longest}")));
}

#[actix_web::test]
async fn without_randomness_there_is_an_id_nevertheless() {
    let change = |setup: &mut Setup| setup.tokens = Arc::new(NoRandomness);
    let answer = Api::start_with(change).await.send(get("/health")).await;
    answer.expect_success(200, "Server is healthy and running");
    assert_is_an_id(answer.request_id());
}

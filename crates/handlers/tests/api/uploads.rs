//! Bodies by length: up to what the route allows, whether it is declared or not.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::{dev::Payload, error::PayloadError, test::TestRequest, web::Bytes};
use denizen_handlers::{Access, Operation, ROUTES};
use futures_util::stream::{self, StreamExt as _};
use serde_json::Value;

use crate::support::{
    Api,
    answer::Answer,
    fakes::Asked,
    requests::{post_bytes, request, target_of},
};

const TARGET: &str = "/api/users/request-email-verification";
const KIBIBYTE: usize = 1024;
const MEBIBYTE: usize = 1024 * KIBIBYTE;
const FORM: &str = "application/x-www-form-urlencoded";
/// Of [`TARGET`].
const LIMIT: usize = 16 * KIBIBYTE;

/// A request with an address, filled up with blanks to `length` bytes.
fn padded(length: usize) -> Vec<u8> {
    let mut body = b"{\"email\": \"eve@example.com\"".to_vec();
    body.resize(length - 1, b' ');
    body.push(b'}');
    body
}

fn json_in_chunks() -> TestRequest {
    request("POST", TARGET).insert_header(("content-type", "application/json"))
}

/// Sends `body` piece by piece.
async fn send_in_chunks(api: &Api, body: Vec<u8>) -> Answer {
    let chunks: Vec<_> = body.chunks(10_000).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    let payload = Payload::Stream { payload: stream::iter(chunks).boxed_local() };
    api.send_stream(json_in_chunks(), payload).await
}

#[track_caller]
fn assert_is_accepted(api: &Api, answer: &Answer) {
    assert_eq!(answer.status, 202, "{answer:?}");
    let Asked::RequestVerification(request) = api.users.last_asked() else { panic!("another call") };
    assert_eq!(request.email, "eve@example.com");
}

#[track_caller]
fn assert_is_too_long(answer: &Answer) {
    let details = answer.expect_error(413, "PAYLOAD_TOO_LARGE", "Request body is too large");
    assert_eq!(details, Value::Null);
}

#[actix_web::test]
async fn exactly_the_limit_is_accepted() {
    let api = Api::start().await;
    let declared = post_bytes(TARGET, padded(LIMIT)).insert_header(("content-length", LIMIT));
    assert_is_accepted(&api, &api.send(declared).await);

    let api = Api::start().await;
    assert_is_accepted(&api, &send_in_chunks(&api, padded(LIMIT)).await);
}

/// Security checklist: 35.
#[actix_web::test]
async fn one_byte_more_is_refused() {
    let api = Api::start().await;
    let declared = post_bytes(TARGET, padded(LIMIT + 1)).insert_header(("content-length", LIMIT + 1));
    assert_is_too_long(&api.send(declared).await);
    assert_is_too_long(&send_in_chunks(&api, padded(LIMIT + 1)).await);
    assert!(api.users.is_untouched());
}

/// Security checklist: 72.
#[actix_web::test]
async fn strangers_have_short_bodies_and_every_route_its_limit() {
    let takes_body = |operation: &&Operation| ["POST", "PUT", "PATCH"].contains(&operation.method.as_str());
    let (mut limits, mut bodiless) = (BTreeSet::new(), Vec::new());
    for route in ROUTES.iter() {
        // Introspection takes a form from programs only, and has tests of its own.
        let takes_body = |row: &&Operation| takes_body(row) && row.access != Access::Service;
        for operation in route.operations.iter().filter(takes_body) {
            let limit = match (route.path, operation.access) {
                ("/api/users" | "/sign-up", _) => 64 * KIBIBYTE,
                (_, Access::Public) => LIMIT,
                _ => MEBIBYTE,
            };
            let target = target_of(route.path);
            let media_type =
                if target.starts_with("/api") || target == "/ws" { "application/json" } else { FORM };
            let api = Api::start().await;
            let status = async |length: usize| {
                let request = request(operation.method.as_str(), &target);
                let body =
                    request.insert_header(("content-type", media_type)).set_payload(vec![b'['; length]);
                api.send(body).await.status
            };
            let (exact, longer) = (status(limit).await, status(limit + 1).await);
            // A route that takes no body does not look at it.
            if longer == 413 {
                assert_ne!(exact, 413, "{} {target}", operation.method);
                limits.insert(limit);
            } else {
                bodiless.push(route.path);
            }
        }
    }
    // Which routes there are depends on the features; of each limit there are some.
    assert_eq!(limits.into_iter().collect::<Vec<_>>(), [LIMIT, 64 * KIBIBYTE, MEBIBYTE]);
    // These two take no body. Every other route has its limit.
    assert_eq!(bodiless, ["/api/auth/logout", "/api/mail/jobs/{id}/retry"]);
}

#[actix_web::test]
async fn length_counts_before_content() {
    let api = Api::start().await;
    assert_is_too_long(&send_in_chunks(&api, vec![b'['; 2 * MEBIBYTE]).await);
    assert_is_too_long(&api.send(post_bytes(TARGET, vec![0xff; 2 * MEBIBYTE])).await);
}

/// Security checklist: 35.
#[actix_web::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    let read = Arc::new(AtomicUsize::new(0));
    let counter = read.clone();
    let endless = stream::repeat(Bytes::from(vec![b' '; MEBIBYTE])).map(move |chunk| {
        counter.fetch_add(chunk.len(), Ordering::Relaxed);
        Ok(chunk)
    });
    let payload = Payload::Stream { payload: endless.boxed_local() };
    assert_is_too_long(&Api::start().await.send_stream(json_in_chunks(), payload).await);
    assert_eq!(read.load(Ordering::Relaxed), 17 * MEBIBYTE, "16 MiB are thrown away");
}

#[actix_web::test]
async fn a_body_that_breaks_off_is_refused() {
    let api = Api::start().await;
    let chunks = [Ok(Bytes::from_static(b"{\"email\": ")), Err(PayloadError::Incomplete(None))];
    let payload = Payload::Stream { payload: stream::iter(chunks).boxed_local() };
    let answer = api.send_stream(json_in_chunks(), payload).await;
    let details = answer.expect_error(400, "INVALID_REQUEST_BODY", "Invalid request body");
    assert_eq!((&details["line"], &details["column"]), (&Value::from(0), &Value::from(0)));
    assert!(details["reason"].as_str().is_some_and(|reason| reason.contains("ended early")), "{details}");
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_query_is_refused_however_late_the_body_comes() {
    let api = Api::start().await;
    let late = stream::once(async {
        actix_web::rt::task::yield_now().await;
        Ok(Bytes::from_static(b"["))
    });
    let payload = Payload::Stream { payload: late.boxed_local() };
    let request = request("POST", "/api/users?x=1").insert_header(("content-type", "application/json"));
    let answer = api.send_stream(request, payload).await;
    answer.expect_error(400, "INVALID_QUERY", "Invalid query parameter: x");
}

//! Fault 12 and fault 32: no limit of requests, and one that believed whatever address a client made up.

use std::{collections::BTreeSet, net::SocketAddr};

use denizen_server::config::{RATE_BURST, RATE_LIMIT};
use serde_json::Value;

use crate::support::{
    TestServer,
    account::{accept_invitation, request_verification},
    http::{Request, Response},
};

/// A server that lets an address make five requests at once, and then one per second.
async fn limited() -> TestServer {
    TestServer::start_in_production(&[(&RATE_LIMIT, "1"), (&RATE_BURST, "5")]).await
}

/// Far more requests than are allowed, unless sending them took most of a minute.
fn too_many() -> impl Iterator<Item = Request> {
    (0..50).map(|_| Request::get("/api/nope"))
}

#[tokio::test]
async fn whoever_asks_too_much_is_told_to_wait() {
    let server = limited().await;
    let mut denied = 0;
    for (number, request) in too_many().enumerate() {
        let response = request.send(server.address).await;
        if response.status == 404 {
            continue;
        }
        assert!(number >= 5, "the burst is allowed");
        assert_eq!(response.refused(429, "RATE_LIMITED")["error"], "Too many requests");
        denied += 1;
    }
    assert!(denied > 0);
}

/// Security checklist: 41.
#[tokio::test]
async fn made_up_addresses_are_one_address() {
    let server = limited().await;
    let mut denied = 0;
    for (number, request) in too_many().enumerate() {
        let made_up = format!("192.0.2.{number}");
        let request = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP"]
            .into_iter()
            .fold(request, |request, name| request.header(name, &made_up));
        denied += usize::from(request.send(server.address).await.status == 429);
    }
    assert!(denied > 0);
}

/// Security checklist: 3.
#[tokio::test]
async fn a_limit_does_not_tell_whether_an_address_is_known() {
    assert_limits_alike(202, request_verification).await;
}

/// For a known address and for an unknown one, the second request within a minute is refused in the same words.
pub async fn assert_limits_alike(status: u16, ask: impl AsyncFn(SocketAddr, &str) -> Response) {
    let mut answers = Vec::new();
    for email in ["alice@example.com", "nobody@example.com"] {
        let server = TestServer::start_in_production(&[]).await;
        server.enrol("alice").await;
        ask(server.address, email).await.succeeded(status);
        let refused = ask(server.address, email).await;
        let mut body = refused.refused(429, "RATE_LIMITED");
        assert_eq!(
            (&body["error"], refused.header("Retry-After")),
            (&"Too many requests".into(), Some("60"))
        );
        body["request_id"] = Value::Null;
        let names: BTreeSet<_> = refused.headers.into_iter().map(|(name, _)| name).collect();
        answers.push((body, names));
    }
    assert_eq!(answers[0], answers[1]);
}

/// Security checklist: 23.
#[tokio::test]
async fn tokens_cannot_be_tried_without_end() {
    let accept = async |at, token: &str| accept_invitation(at, token, "correct horse battery").await;
    assert_limits_guesses("INVITATION_FAILED", accept).await;
}

/// Thirty wrong tokens are told to be wrong.
pub async fn assert_limits_guesses(code: &str, present: impl AsyncFn(SocketAddr, &str) -> Response) {
    let server = TestServer::start_in_production(&[]).await;
    for number in 0..30 {
        present(server.address, &format!("{number:064x}")).await.refused(400, code);
    }
    let refused = present(server.address, &"f".repeat(64)).await;
    refused.refused(429, "RATE_LIMITED");
    assert_eq!(refused.header("Retry-After"), Some("2"));
}

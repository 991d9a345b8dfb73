//! The token of a reset beside all others that can be out: what kills it, and what it kills.

use serde_json::json;

use super::verbs;
use crate::{
    one_time_tokens::{Event, NEW, Outstanding, administered, follow, unverified},
    support::{TestServer, api, http::Request},
};

/// The token that is mailed to this user after a request for a reset.
async fn requested(server: &TestServer, name: &str) -> String {
    let email = format!("{name}@example.com");
    verbs::request_reset(server.address, &email).await.succeeded(200);
    server.next_token(&email).await
}

async fn assert_is_dead(server: &TestServer, token: &str, after: &str) {
    let answer = verbs::reset(server.address, token, NEW).await;
    assert_eq!(answer.status, 400, "after {after}: {}", answer.text());
    answer.refused(400, "PASSWORD_RESET_FAILED");
    assert!(!verbs::token_is_valid(server.address, token).await, "after {after}");
}

/// Security checklist: 19.
#[tokio::test]
async fn whatever_changes_an_account_kills_the_token_that_is_out() {
    let server = administered().await;
    let at = server.address;
    for event in Event::ALL {
        let name = format!("{event:?}");
        let (id, session) = unverified(&server, &name).await;
        let reset = requested(&server, &name).await;
        let tokens = Outstanding::of(&server, &name, &session).await;
        assert!(verbs::token_is_valid(at, &reset).await, "before {name}");

        let done = event.happen(at, id, &session, &tokens).await;

        assert!((200..300).contains(&done.status), "{name}: {}", done.text());
        assert_is_dead(&server, &reset, &name).await;
    }
}

/// Security checklist: 19.
#[tokio::test]
async fn a_reset_and_a_discarded_password_kill_all_tokens_that_are_out() {
    let server = administered().await;
    let at = server.address;
    for discarded in [false, true] {
        let name = format!("discarded_{discarded}");
        let (id, session) = unverified(&server, &name).await;
        let reset = requested(&server, &name).await;
        let tokens = Outstanding::of(&server, &name, &session).await;
        assert!(verbs::token_is_valid(at, &reset).await, "before {name}");

        if discarded {
            let request = Request::post(&format!("/api/users/{id}/send-password-reset"));
            request.json(&json!({ "discard_password": true })).send(at).await.succeeded(202);
        } else {
            verbs::reset(at, &reset, NEW).await.succeeded(200);
        }

        tokens.are_dead(at, &name).await;
        assert_is_dead(&server, &reset, &name).await;
    }
}

/// Security checklist: 17.
#[tokio::test]
async fn scanners_that_follow_the_link_use_nothing_up() {
    let server = administered().await;
    unverified(&server, "alice").await;
    let token = requested(&server, "alice").await;
    follow(server.address, "/reset-password", &token).await;

    verbs::reset(server.address, &token, NEW).await.succeeded(200);
    api::session(server.address, "alice", NEW).await;
}

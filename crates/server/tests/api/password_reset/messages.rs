//! What those hear of it who are connected.

use serde_json::json;

use super::verbs::{request_reset, reset};
use crate::{
    messages::{events::event, revocations::Guest, timeless},
    support::{
        TestServer,
        api::{create, user, with},
        socket::Socket,
    },
};

#[tokio::test]
async fn a_subscriber_hears_of_a_reset_and_that_the_address_was_shown_to_be_theirs() {
    let server = TestServer::start().await;
    let at = server.address;
    // With a password, so that the first token in a mail is the reset's and not an invitation's.
    let frank = with(user("frank"), json!({"password": "password of frank"}));
    create(at, &frank).await.succeeded(201);
    let mut admin = Socket::open(at, "diana_admin").await;
    admin.say("subscribe", json!({"topic": "user_events"})).await;
    admin.settle().await;

    request_reset(at, "frank@example.com").await.succeeded(200);
    let token = server.next_token("frank@example.com").await;
    reset(at, &token, "newsecurepassword").await.succeeded(200);

    assert_eq!(timeless(admin.next().await), event("user.password_changed", 6));
    assert_eq!(timeless(admin.next().await), event("user.updated", 6));
    admin.settle().await;
}

#[tokio::test]
async fn a_reset_shows_everybody_out_who_knew_the_old_password() {
    let alice = Guest::arrive().await;
    let at = alice.server.address;
    request_reset(at, "alice@example.com").await.succeeded(200);
    let token = alice.server.next_token("alice@example.com").await;
    reset(at, &token, "newsecurepassword").await.succeeded(200);
    alice.both_end().await;
}

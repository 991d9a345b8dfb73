//! What happens to users, told to those who subscribed.

use serde_json::{Value, json};

use super::timeless;
use crate::support::{
    TestServer,
    account::{change_password, request_verification, verify_email},
    api::{create, delete, put, session, user, with},
    socket::Socket,
};

pub fn event(name: &str, id: u64) -> Value {
    json!({"type": "user_event", "content": {"event": name, "user_id": id}})
}

/// Security checklist: 53, 58.
#[tokio::test]
async fn a_subscriber_hears_of_every_change_without_personal_data() {
    let server = TestServer::start().await;
    let at = server.address;
    let mut admin = Socket::open(at, "diana_admin").await;
    admin.say("subscribe", json!({"topic": "user_events"})).await;
    admin.settle().await;

    // With a password, so that the first token in a mail is not an invitation's.
    let frank = with(user("frank"), json!({"password": "password of frank"}));
    create(at, &frank).await.succeeded(201);
    assert_eq!(timeless(admin.next().await), event("user.created", 6));
    put(at, 6, &user("frank")).await.succeeded(200);
    assert_eq!(timeless(admin.next().await), event("user.updated", 6));
    let session = session(at, "frank", "password of frank").await;
    change_password(at, &session, "password of frank", "newsecurepassword").await.succeeded(200);
    assert_eq!(timeless(admin.next().await), event("user.password_changed", 6));
    request_verification(at, "frank@example.com").await.succeeded(202);
    verify_email(at, &server.next_token("frank@example.com").await).await.succeeded(200);
    assert_eq!(timeless(admin.next().await), event("user.updated", 6));
    delete(at, 6).await.succeeded(200);
    assert_eq!(timeless(admin.next().await), event("user.deleted", 6));

    admin.say("unsubscribe", json!({"topic": "user_events"})).await;
    admin.settle().await;
    create(at, &user("grace")).await.succeeded(201);
    admin.settle().await;
}

/// Security checklist: 58.
#[tokio::test]
async fn whoever_did_not_subscribe_hears_nothing() {
    let server = TestServer::start().await;
    let mut alice = Socket::open(server.address, "alice").await;
    create(server.address, &user("frank")).await.succeeded(201);
    alice.settle().await;
}

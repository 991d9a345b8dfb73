//! Many at once.

use futures_util::future::join_all;
use serde_json::json;

use super::{chatting, connected, handshake, post};
use crate::support::{api::member, socket::Socket};

const CROWD: usize = 1_000;

#[tokio::test]
async fn a_thousand_connections_all_hear_a_broadcast() {
    // Both ends of each are in this process.
    rlimit::increase_nofile_limit(4 * 1_024).expect("room for so many sockets");
    let server = chatting().await;
    let at = server.address;
    let mut tokens = Vec::new();
    for index in 0..100 {
        tokens.push(member(at, &format!("user_{index}")).await);
    }
    let open = async |index: &usize| Socket::open_as(at, &tokens[index % 100]).await;
    let mut crowd = Vec::new();
    for batch in (0..CROWD).collect::<Vec<_>>().chunks(50) {
        crowd.extend(join_all(batch.iter().map(open)).await);
    }
    assert_eq!(connected(at).await.as_array().map(Vec::len), Some(100));
    let sent = post(at, json!({"type": "broadcast", "content": {"text": "all"}})).await.succeeded(200);
    assert_eq!(sent["data"]["recipients"], 100);
    let hear = async |socket: &mut Socket| loop {
        let message = socket.next().await;
        if message["type"] == "broadcast" {
            return assert_eq!(message["content"]["text"], "all");
        }
        assert_eq!(message["type"], "user_joined");
    };
    join_all(crowd.iter_mut().map(hear)).await;
}

#[tokio::test]
async fn one_user_may_have_sixteen() {
    let server = chatting().await;
    let at = server.address;
    let mut tabs = Vec::new();
    for _ in 0..16 {
        tabs.push(Socket::open(at, "alice").await);
    }
    handshake("/ws")
        .anonymous()
        .bearer(&member(at, "Alice").await)
        .send(at)
        .await
        .refused(409, "TOO_MANY_CONNECTIONS");
    assert_eq!(connected(at).await, json!(["alice"]));
    post(at, json!({"type": "direct", "to": "alice"})).await.succeeded(200);
    for tab in &mut tabs {
        assert_eq!(tab.next().await["type"], "direct");
    }
}

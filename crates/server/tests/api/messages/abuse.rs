//! Clients that do what they should not.

use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

use super::{chatting, connected, post};
use crate::support::{TestServer, api::token_of, process::Process, socket::Socket};

/// Sends these frames as alice, and returns the code of the goodbye.
async fn ended_by(frames: Vec<Message>) -> u16 {
    let server = chatting().await;
    let mut bob = Socket::open(server.address, "bob").await;
    let mut alice = Socket::open(server.address, "alice").await;
    bob.next().await;
    for frame in frames {
        alice.send_frame(frame).await;
    }
    let (code, reason, _) = alice.closed().await;
    assert!(!reason.is_empty());
    // She has left, and nobody else is bothered.
    assert_eq!(bob.next().await["type"], "user_left");
    bob.settle().await;
    assert_eq!(connected(server.address).await, json!(["bob"]));
    code
}

/// Security checklist: 72.
#[tokio::test]
async fn messages_over_http_count_as_those_of_a_socket_and_throw_nobody_out() {
    let server = TestServer::start().await;
    let at = server.address;
    let mut bob = Socket::open(at, "bob").await;
    let text = "x".repeat(60_000);
    let mut statuses = Vec::new();
    for _ in 0..60 {
        let answer = post(at, json!({"type": "broadcast", "content": {"text": text}})).await;
        if answer.status == 429 {
            answer.refused(429, "RATE_LIMITED");
            assert_eq!(answer.header("Retry-After"), Some("1"));
        }
        statuses.push(answer.status);
    }
    // The clock stands still, so there is nothing but the burst.
    assert_eq!(statuses, [vec![200; 50], vec![429; 10]].concat());
    for _ in 0..50 {
        assert_eq!(bob.next().await["type"], "broadcast");
    }
    assert_eq!(connected(at).await, json!(["bob"]));
    // The same allowance, by a socket.
    let mut diana = Socket::open_as(at, &token_of(at, "diana_admin").await).await;
    diana.say("broadcast", json!({})).await;
    assert_eq!(diana.next().await["content"]["code"], "RATE_LIMITED");
}

fn frame(code: Data, is_last: bool, bytes: impl Into<Vec<u8>>) -> Message {
    Message::Frame(Frame::message(bytes.into(), OpCode::Data(code), is_last))
}

fn text_of(length: usize) -> String {
    let empty = json!({"type": "chat", "content": {"text": ""}}).to_string();
    json!({"type": "chat", "content": {"text": "x".repeat(length - empty.len())}}).to_string()
}

#[tokio::test]
async fn binary_is_not_understood() {
    assert_eq!(ended_by(vec![Message::binary(vec![1, 2, 3])]).await, 1003);
    assert_eq!(ended_by(vec![frame(Data::Binary, false, [1])]).await, 1003);
}

#[tokio::test]
async fn text_must_be_utf8() {
    assert_eq!(ended_by(vec![frame(Data::Text, true, b"{\"type\": \"\xff\"}")]).await, 1007);
    let parts = vec![frame(Data::Text, false, b"caf\xc3"), frame(Data::Continue, true, b"e")];
    assert_eq!(ended_by(parts).await, 1007);
}

#[tokio::test]
async fn a_long_message_is_refused_before_it_fills_the_memory() {
    assert_eq!(ended_by(vec![Message::text(text_of(64 * 1024 + 1))]).await, 1009);
    assert_eq!(ended_by(vec![Message::text(text_of(1024 * 1024))]).await, 1009);
    let part = || vec![b'x'; 40 * 1024];
    let parts = vec![frame(Data::Text, false, part()), frame(Data::Continue, true, part())];
    assert_eq!(ended_by(parts).await, 1009);
}

#[tokio::test]
async fn a_frame_that_never_ends_is_cut_off() {
    let server = chatting().await;
    let mut alice = Socket::open(server.address, "alice").await;
    // A text frame of 2^40 bytes, masked with zeros.
    alice.write(&[0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await;
    for _ in 0..16 {
        alice.write(&[b'x'; 64 * 1024]).await;
    }
    assert_eq!(alice.closed().await.0, 1009);
}

#[tokio::test]
async fn the_longest_message_is_read_whole_or_in_parts() {
    let server = chatting().await;
    let mut alice = Socket::open(server.address, "alice").await;
    alice.send_frame(Message::text(text_of(64 * 1024))).await;
    assert_eq!(alice.next().await["content"]["code"], "UNSUPPORTED_MESSAGE_TYPE");
    let text = text_of(64 * 1024).into_bytes();
    let (first, rest) = text.split_at(100);
    let (second, last) = rest.split_at(20_000);
    alice.send_frame(frame(Data::Text, false, first)).await;
    // Pings may come in between.
    alice.send_frame(Message::Ping(vec![1].into())).await;
    alice.send_frame(frame(Data::Continue, false, second)).await;
    alice.send_frame(frame(Data::Continue, true, last)).await;
    assert_eq!(alice.next().await["content"]["code"], "UNSUPPORTED_MESSAGE_TYPE");
}

#[tokio::test]
async fn a_flood_is_stopped() {
    let messages = (0..200).map(|_| Message::text(r#"{"type": "ping"}"#)).collect();
    assert_eq!(ended_by(messages).await, 1008);
}

#[tokio::test]
async fn what_is_no_frame_ends_the_connection() {
    let server = chatting().await;
    let mut alice = Socket::open(server.address, "alice").await;
    // Clients must mask (RFC 6455, section 5.1).
    alice.write(&[0x81, 2, b'{', b'}']).await;
    assert_eq!(alice.closed().await.0, 1002);
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_dropped_and_delays_nobody() {
    let server = chatting().await;
    let at = server.address;
    let mut alice = Socket::open(at, "alice").await;
    let mut stalled = Socket::open_narrow(at, "stalled").await;
    assert_eq!(alice.next().await["type"], "user_joined");
    let text = "x".repeat(60_000);
    let mut sent = 0;
    loop {
        let message = json!({"type": "broadcast", "content": {"number": sent, "text": text}});
        if sent % 50 == 0 {
            // So many may be sent at once.
            server.advance_minutes(1);
        }
        let recipients = post(at, message).await.succeeded(200)["data"]["recipients"].clone();
        assert_eq!(alice.next().await["content"]["number"], sent);
        sent += 1;
        if recipients == 1 {
            break;
        }
        assert!(sent < 2_000, "nobody was dropped");
    }
    assert_eq!(alice.next().await["type"], "user_left");
    assert_eq!(connected(at).await, json!(["alice"]));
    // When it reads at last, it gets what there was room for, and the reason.
    let (code, reason, received) = stalled.closed().await;
    assert_eq!((code, reason.as_str()), (1013, "messages were not read in time"));
    assert_eq!(received, sent - 1);
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_keep_a_server_from_stopping() {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("denizen.toml"), "body_timeout = \"1s\"\n").expect("a file");
    let process = Process::start(folder.path()).await;
    let _stalled = Socket::open_narrow(process.address, "stalled").await;
    let text = "x".repeat(60_000);
    let message = json!({"type": "broadcast", "content": {"text": text}});
    let mut sent = 0;
    while post(process.address, message.clone()).await.status == 200 {
        sent += 1;
        assert!(sent < 2_000, "nobody was dropped");
    }
    let started = Instant::now();
    process.stop().await;
    // The grace period of a development server is 30 seconds.
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}

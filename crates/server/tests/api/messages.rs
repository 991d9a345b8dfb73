//! Messages between connected users, over real WebSockets.

mod abuse;
mod crowd;
pub mod events;
pub mod revocations;

use std::{net::SocketAddr, time::Duration};

use denizen_server::config::DIRECTORY;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::support::{
    TestServer,
    http::{Request, Response},
    process::Process,
    socket::{Socket, handshake},
};

/// A server whose users see who is connected.
pub async fn chatting() -> TestServer {
    TestServer::start_configured(&[(&DIRECTORY, "members")]).await
}

/// Sends a message over plain HTTP, as the administrator.
async fn post(at: SocketAddr, message: Value) -> Response {
    Request::post("/ws").json(&message).send(at).await
}

pub async fn connected(at: SocketAddr) -> Value {
    let list = Request::get("/ws").send(at).await.succeeded(200);
    let names = list["data"].as_array().expect("a list");
    assert_eq!(list["metadata"]["count"], names.len());
    list["data"].clone()
}

/// A message without its time, which the wire tables look at.
pub fn timeless(mut message: Value) -> Value {
    assert!(message["timestamp"].is_u64(), "{message}");
    message.as_object_mut().expect("an object").remove("timestamp");
    message
}

#[tokio::test]
async fn two_users_meet_talk_and_part() {
    let server = chatting().await;
    let at = server.address;
    assert_eq!(connected(at).await, json!([]));
    let mut alice = Socket::open(at, "alice").await;
    let mut bob = Socket::open(at, "bob").await;
    assert_eq!(timeless(alice.next().await), json!({"type": "user_joined", "from": "bob", "content": {}}));
    assert_eq!(connected(at).await, json!(["alice", "bob"]));

    alice.say("broadcast", json!({"text": "hi"})).await;
    let expected = json!({"type": "broadcast", "from": "alice", "content": {"text": "hi"}});
    assert_eq!(timeless(alice.next().await), expected);
    assert_eq!(timeless(bob.next().await), expected);

    bob.send(json!({"type": "direct", "to": "ALICE", "content": {"text": "psst"}})).await;
    let expected = json!({"type": "direct", "from": "bob", "to": "ALICE", "content": {"text": "psst"}});
    assert_eq!(timeless(alice.next().await), expected);

    bob.leave().await;
    assert_eq!(timeless(alice.next().await), json!({"type": "user_left", "from": "bob", "content": {}}));
    assert_eq!(connected(at).await, json!(["alice"]));
}

#[tokio::test]
async fn a_client_that_just_disappears_has_left_too() {
    let server = chatting().await;
    let mut alice = Socket::open(server.address, "alice").await;
    drop(Socket::open(server.address, "bob").await);
    assert_eq!(alice.next().await["type"], "user_joined");
    assert_eq!(alice.next().await["type"], "user_left");
}

#[tokio::test]
async fn a_message_over_http_reaches_sockets() {
    let server = chatting().await;
    let at = server.address;
    let mut alice = Socket::open(at, "alice").await;
    let hi = json!({"text": "hi"});
    let sent = post(at, json!({"type": "broadcast", "content": hi})).await.succeeded(200);
    assert_eq!(
        (&sent["message"], &sent["data"]),
        (&json!("Message broadcast successfully"), &json!({"recipients": 1}))
    );
    let expected = json!({"type": "broadcast", "from": "diana_admin", "content": hi});
    assert_eq!(timeless(alice.next().await), expected);
    let sent = post(at, json!({"type": "direct", "to": "alice", "content": hi})).await.succeeded(200);
    assert_eq!(
        (&sent["message"], &sent["data"]),
        (&json!("Message delivered successfully"), &json!({"recipients": 1}))
    );
    assert_eq!(alice.next().await["to"], "alice");
}

/// Security checklist: 58.
#[tokio::test]
async fn nobody_speaks_in_the_name_of_another() {
    let server = chatting().await;
    let at = server.address;
    let mut alice = Socket::open(at, "alice").await;
    let mut mallory = Socket::open(at, "mallory").await;
    alice.next().await;
    let forged = json!({"type": "broadcast", "from": "bob", "timestamp": 1, "content": {"from": "bob"}});
    mallory.send(forged.clone()).await;
    let expected = json!({"type": "broadcast", "from": "mallory", "content": {"from": "bob"}});
    assert_eq!(timeless(alice.next().await), expected);
    mallory.send(json!({"type": "direct", "from": "bob", "to": "alice"})).await;
    assert_eq!(alice.next().await["from"], "mallory");
    post(at, forged).await.succeeded(200);
    assert_eq!(alice.next().await["from"], "diana_admin");
    for kind in ["user_joined", "user_event", "error"] {
        mallory.say(kind, json!({})).await;
        assert_eq!(next_error(&mut mallory).await, "UNSUPPORTED_MESSAGE_TYPE");
    }
}

/// The code of the next error, past what else arrives.
async fn next_error(socket: &mut Socket) -> Value {
    loop {
        let message = socket.next().await;
        if message["type"] == "error" {
            return message["content"]["code"].clone();
        }
    }
}

#[tokio::test]
async fn mistakes_are_answered_with_the_codes_of_http_and_cost_no_connection() {
    let server = chatting().await;
    let mut alice = Socket::open(server.address, "alice").await;
    let body = |column: u64, reason: &str| json!({"line": 1, "column": column, "reason": reason});
    let field = |name: &str, reason: &str| json!({"fields": {name: [reason]}});
    let unknown = "unknown field `x`, expected one of `type`, `to`, `content`, `from`, `timestamp`";
    let kind = "Message type is required";
    let topic = "topic must be user_events";
    for (message, code, sentence, details) in [
        (
            json!([]),
            "INVALID_REQUEST_BODY",
            "Invalid request body",
            Some(body(2, "invalid type: sequence, expected an object")),
        ),
        (json!({"x": 1}), "INVALID_REQUEST_BODY", "Invalid request body", Some(body(4, unknown))),
        (json!({}), "VALIDATION_ERROR", kind, Some(field("type", kind))),
        (json!({"type": "chat"}), "UNSUPPORTED_MESSAGE_TYPE", "Unsupported message type: chat", None),
        (json!({"type": "direct"}), "MISSING_RECIPIENT", "Recipient is required for direct messages", None),
        (
            json!({"type": "direct", "to": "bob"}),
            "DELIVERY_ERROR",
            "Message delivery failed: user bob is not connected",
            None,
        ),
        (
            json!({"type": "subscribe"}),
            "VALIDATION_ERROR",
            "Validation failed: topic must be user_events",
            Some(field("content.topic", topic)),
        ),
    ] {
        alice.send(message).await;
        let mut content = json!({"code": code, "message": sentence});
        if let Some(details) = details {
            content["details"] = details;
        }
        assert_eq!(timeless(alice.next().await), json!({"type": "error", "content": content}));
    }
    alice.settle().await;
}

/// Security checklist: 58.
#[tokio::test]
async fn whoever_has_not_signed_in_or_comes_from_a_foreign_page_is_refused() {
    let server = chatting().await;
    let at = server.address;
    handshake("/ws").anonymous().send(at).await.refused(401, "UNAUTHENTICATED");
    handshake("/ws").anonymous().bearer("dead").send(at).await.refused(401, "UNAUTHENTICATED");
    // Nobody chooses a name.
    handshake("/ws?name=alice").send(at).await.refused(400, "INVALID_QUERY");
    for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
        handshake("/ws").header("Origin", origin).send(at).await.refused(403, "FORBIDDEN");
    }
    assert_eq!(connected(at).await, json!([]));
}

#[tokio::test]
async fn a_handshake_that_is_none_is_told_what_is_wrong() {
    let server = chatting().await;
    let at = server.address;
    let old = String::from_utf8(handshake("/ws").bytes(at)).expect("text");
    let old = Request::raw(old.replacen("HTTP/1.1", "HTTP/1.0", 1));
    for request in [Request::get("/ws").header("Upgrade", "websocket"), old] {
        let refused = request.send(at).await;
        refused.refused(400, "INVALID_HANDSHAKE");
        assert_eq!(refused.header("Sec-WebSocket-Version"), Some("13"));
    }
    assert_eq!(connected(at).await, json!([]));
}

/// Whoever is offered a WebSocket may stay with HTTP.
#[tokio::test]
async fn a_message_that_offers_one_is_sent_as_if_it_did_not() {
    let server = chatting().await;
    let mut alice = Socket::open(server.address, "alice").await;
    let message = json!({"type": "broadcast", "content": {"text": "hi"}});
    let offer = Request::post("/ws").header("Connection", "Upgrade").header("Upgrade", "websocket");
    let started = Instant::now();
    offer.json(&message).send(server.address).await.succeeded(200);
    assert_eq!(alice.next().await["content"]["text"], "hi");
    // Bodies have 15 seconds to arrive, and its end never would.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

/// Security checklist: 58.
#[tokio::test]
async fn strangers_get_no_socket_no_list_and_no_voice() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    handshake("/ws").send(at).await.refused(401, "UNAUTHENTICATED");
    Request::get("/ws").send(at).await.refused(401, "UNAUTHENTICATED");
    for kind in ["broadcast", "direct"] {
        post(at, json!({"type": kind, "to": "alice"})).await.refused(401, "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_and_does_not_linger() {
    let server = TestServer::start().await;
    let mut sockets = Vec::new();
    for name in ["alice", "bob"] {
        sockets.push(Socket::open(server.address, name).await);
    }
    let started = Instant::now();
    let goodbyes = async {
        for socket in &mut sockets {
            let (code, reason, _) = socket.closed().await;
            assert_eq!((code, reason.as_str()), (1001, "the service is stopping"));
        }
    };
    tokio::join!(server.stop(), goodbyes);
    // The grace period of a development server is 30 seconds.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn the_log_knows_when_somebody_came_and_why_they_went_but_not_what_was_said() {
    let folder = TempDir::new().expect("a temporary folder");
    let process = Process::start_with(folder.path(), &["--log", "debug"]).await;
    let mut alice = Socket::open(process.address, "alice").await;
    let access = process.line_with(" GET /ws 101 ").await;
    alice.say("broadcast", json!({"text": "between you and me"})).await;
    assert_eq!(alice.next().await["content"]["text"], "between you and me");
    alice.leave().await;
    let end = process.line_with("the socket of alice closes after ").await;
    assert!(end.ends_with(": the client left"), "{end}");
    let request_id = access.split(' ').find(|word| word.starts_with("req_")).expect("a request id");
    assert!(end.contains(request_id), "{access}\n{end}");
    let log = process.stop().await;
    assert!(!log.iter().any(|line| line.contains("between you")), "{log:#?}");
}

//! Messages over HTTP, and what becomes of those who ask for a socket. What is said over sockets is tested elsewhere.

use actix_web::{http::Version, test::TestRequest};
use denizen_services::{ConnectError, Failure, SendMessageError};
use log::Level;
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    answer::Answer,
    log::causes,
    requests::{get, send_json},
    socket::Server,
};

async fn send(body: &Value) -> Answer {
    Api::start().await.send(send_json("POST", "/ws", body)).await
}

/// What a message comes to that the service does not deliver.
async fn fail(body: &Value, error: SendMessageError) -> Answer {
    let api = Api::start_with(|setup| setup.messages.told = Err(error)).await;
    api.send(send_json("POST", "/ws", body)).await
}

/// What somebody gets who asks for a socket in the right way.
async fn connect(change: impl FnOnce(&mut Setup)) -> Answer {
    Api::start_with(change).await.send(handshake("/ws")).await
}

fn handshake(target: &str) -> TestRequest {
    get(target)
        .insert_header(("connection", "Upgrade"))
        .insert_header(("upgrade", "websocket"))
        .insert_header(("sec-websocket-version", "13"))
        .insert_header(("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="))
}

fn broadcast() -> Value {
    json!({ "type": "broadcast", "content": { "text": "hi" } })
}

fn direct() -> Value {
    json!({ "type": "direct", "to": "Bob", "content": { "text": "hi" } })
}

#[actix_web::test]
async fn the_connected_are_listed_and_counted() {
    let parts = Api::start().await.send(get("/ws")).await;
    let parts = parts.expect_success(200, "Connected users retrieved successfully");
    assert_eq!(parts, (json!(["alice", "bob"]), json!({ "count": 2 })));
}

#[actix_web::test]
async fn the_connected_are_not_listed_to_everybody() {
    let change = |setup: &mut Setup| {
        setup.messages.connected =
            Err(Failure::Forbidden("only signed-in users can see who is connected".into()))
    };
    let answer = Api::start_with(change).await.send(get("/ws")).await;
    let message = "Forbidden: only signed-in users can see who is connected";
    assert_eq!(answer.expect_error(403, "FORBIDDEN", message), Value::Null);
}

#[actix_web::test]
async fn what_is_said_is_told_to_so_many() {
    let told = (json!({ "recipients": 2 }), Value::Null);
    assert_eq!(send(&broadcast()).await.expect_success(200, "Message broadcast successfully"), told);
    assert_eq!(send(&direct()).await.expect_success(200, "Message delivered successfully"), told);
}

#[actix_web::test]
async fn what_is_not_told_has_a_reason() {
    let message = "Forbidden: only signed-in users can send messages";
    let answer = fail(&broadcast(), SendMessageError::Forbidden).await;
    assert_eq!(answer.expect_error(403, "FORBIDDEN", message), Value::Null);

    let answer = fail(&broadcast(), SendMessageError::NobodyConnected).await;
    let message = "Broadcast failed: no users connected";
    assert_eq!(answer.expect_error(409, "BROADCAST_ERROR", message), Value::Null);

    let answer = fail(&direct(), SendMessageError::NotConnected("Bob".to_owned())).await;
    let message = "Message delivery failed: user Bob is not connected";
    assert_eq!(answer.expect_error(404, "DELIVERY_ERROR", message), Value::Null);

    let answer = fail(&direct(), SendMessageError::TooLong).await;
    let reason = "message cannot exceed 65536 bytes";
    let details = answer.expect_error(400, "VALIDATION_ERROR", &format!("Validation failed: {reason}"));
    assert_eq!(details, json!({ "fields": { "content": [reason] } }));
}

#[actix_web::test]
async fn what_makes_no_sense_is_not_said() {
    let reason = "Message type is required";
    let details = send(&json!({})).await.expect_error(400, "VALIDATION_ERROR", reason);
    assert_eq!(details, json!({ "fields": { "type": [reason] } }));

    for kind in ["shout", "ping", "unsubscribe"] {
        let body = json!({ "type": kind, "content": { "topic": "user_events" } });
        let message = format!("Unsupported message type: {kind}");
        let details = send(&body).await.expect_error(400, "UNSUPPORTED_MESSAGE_TYPE", &message);
        assert_eq!(details, Value::Null);
    }

    let message = "Recipient is required for direct messages";
    let details = send(&json!({ "type": "direct" })).await.expect_error(400, "MISSING_RECIPIENT", message);
    assert_eq!(details, Value::Null);
}

#[actix_web::test]
async fn who_may_not_connect_is_told_why() {
    let refuse = |error| move |setup: &mut Setup| setup.messages.connect = error;
    let answer = connect(refuse(ConnectError::Forbidden)).await;
    let message = "Forbidden: only signed-in users can connect";
    assert_eq!(answer.expect_error(403, "FORBIDDEN", message), Value::Null);

    let answer = connect(refuse(ConnectError::TooMany(10))).await;
    let message = "Connection refused: a user can have at most 10 connections";
    assert_eq!(answer.expect_error(409, "TOO_MANY_CONNECTIONS", message), Value::Null);
}

#[actix_web::test]
async fn who_cannot_connect_now_may_come_back() {
    for (error, cause) in [
        (ConnectError::Full(1000), "there are 1000 connections already"),
        (ConnectError::GoingAway, "the service is stopping"),
    ] {
        let answer = connect(|setup| setup.messages.connect = error).await;
        let details = answer.expect_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
        assert_eq!((details, answer.header("retry-after")), (Value::Null, Some("1")));
        let id = answer.request_id();
        assert_eq!(causes(id), [(Level::Warn, format!("{id} SERVICE_UNAVAILABLE: {cause}"))]);
    }
}

#[actix_web::test]
async fn a_handshake_that_is_none_is_told_which_version_is_spoken() {
    let wrong = handshake("/ws").insert_header(("sec-websocket-version", "8"));
    let answer = Api::start().await.send(wrong).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    assert!(answer.text().contains("\"code\":\"INVALID_HANDSHAKE\""), "{answer:?}");
}

#[actix_web::test]
async fn http_1_0_knows_no_upgrades() {
    let answer = Api::start().await.send(handshake("/ws").version(Version::HTTP_10)).await;
    let message = "Not a WebSocket handshake: HTTP/1.1 is required";
    assert_eq!(answer.expect_error(400, "INVALID_HANDSHAKE", message), Value::Null);
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
}

/// They speak under their own name, and no other.
#[actix_web::test]
async fn nobody_says_who_they_are() {
    let api = Api::start_with(|setup| setup.messages.connect = ConnectError::GoingAway).await;
    let body = broadcast();
    for request in
        [handshake("/ws?name=alice"), get("/ws?name=alice"), send_json("POST", "/ws?name=alice", &body)]
    {
        let details =
            api.send(request).await.expect_error(400, "INVALID_QUERY", "Invalid query parameter: name");
        assert_eq!(details, json!({ "fields": { "name": ["unknown parameter"] } }));
    }
}

/// Whoever is offered another protocol may stay with HTTP. What follows the body is none of its business then.
#[actix_web::test]
async fn a_message_that_offers_a_websocket_is_a_message() {
    let server = Server::start(Setup::default());
    let body = broadcast().to_string();
    for (headers, status) in [
        (format!("Content-Length: {}\r\n\r\n{body}and more", body.len()), "200"),
        (format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()), "200"),
        (format!("Content-Length: 0\r\n\r\n{body}"), "400"),
        (format!("\r\n{body}"), "400"),
    ] {
        let head = "POST /ws HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        let offer = "Connection: Upgrade, close\r\nUpgrade: websocket\r\nAuthorization: Bearer member\r\n";
        let answer = server.exchange(format!("{head}{offer}{headers}")).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}\n{answer}");
    }
    server.stop().await;
}

#[actix_web::test]
async fn pages_from_elsewhere_may_not_connect() {
    let api = Api::start_with(|setup| setup.messages.connect = ConnectError::GoingAway).await;
    let from = |origin: &str| {
        handshake("/ws").insert_header(("host", "id.example.com")).insert_header(("origin", origin))
    };
    for origin in ["https://evil.example", "null"] {
        let message = "Forbidden: pages of this origin may not open a WebSocket";
        let details = api.send(from(origin)).await.expect_error(403, "FORBIDDEN", message);
        assert_eq!(details, Value::Null);
    }
    // As far as the service, that is.
    assert_eq!(api.send(from("https://id.example.com")).await.status, 503);
}

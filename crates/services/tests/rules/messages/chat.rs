//! Broadcasts and direct messages.

use denizen_models::{Message, MessageContent};
use denizen_services::{
    AccessContext, Actor, Clock as _, ConnectError, Failure, MessageService as _, SendMessageError,
};
use serde_json::json;

use super::{Chat, assert_silent, next, saying, signed_in};
use crate::support::stranger;

#[tokio::test]
async fn a_broadcast_reaches_every_connection_the_senders_included() {
    let chat = Chat::new();
    let (mut alice, mut bob, mut tab) = (chat.connect("alice"), chat.connect("bob"), chat.connect("bob"));
    next(&mut alice);
    let told = chat.messages.broadcast(&signed_in("alice"), saying("hi"));
    assert_eq!(told, Ok(2), "users, not connections");
    let timestamp = chat.world.clock.now().timestamp();
    let expected =
        json!({"type": "broadcast", "from": "alice", "content": {"text": "hi"}, "timestamp": timestamp});
    for connection in [&mut alice, &mut bob, &mut tab] {
        assert_eq!(next(connection), expected);
        assert_silent(connection);
    }
}

#[tokio::test]
async fn a_direct_message_reaches_every_connection_of_its_recipient_and_nobody_else() {
    let chat = Chat::new();
    let (mut alice, mut bob, mut tab) = (chat.connect("alice"), chat.connect("bob"), chat.connect("bob"));
    next(&mut alice);
    let told = chat.messages.direct(&signed_in("alice"), "BOB", saying("psst"));
    assert_eq!(told, Ok(1));
    let timestamp = chat.world.clock.now().timestamp();
    let expected = json!({
        "type": "direct", "from": "alice", "to": "BOB", "content": {"text": "psst"}, "timestamp": timestamp,
    });
    for connection in [&mut bob, &mut tab] {
        assert_eq!(next(connection), expected);
    }
    assert_silent(&mut alice);
}

#[tokio::test]
async fn a_message_to_nobody_is_not_delivered() {
    let chat = Chat::new();
    let (from, hi) = (signed_in("alice"), saying("hi"));
    let broadcast = chat.messages.broadcast(&from, hi.clone());
    assert_eq!(broadcast, Err(SendMessageError::NobodyConnected));
    let mut alice = chat.connect("alice");
    let direct = |to: &str| chat.messages.direct(&from, to, hi.clone()).map_err(|e| e.to_string());
    assert_eq!(direct("bob"), Err("user bob is not connected".to_owned()));
    assert_eq!(direct(&"x".repeat(1000)), Err(format!("user {} is not connected", "x".repeat(50))));
    assert_silent(&mut alice);
}

#[tokio::test]
async fn the_longest_message_is_sent_and_a_longer_one_is_not() {
    let chat = Chat::new();
    let mut alice = chat.connect("alice");
    let frame = chat.messages.broadcast(&signed_in("alice"), saying("")).map(|_| next(&mut alice));
    let room = Message::MAX_BYTES - frame.expect("a message").to_string().len();
    let send = |length| {
        let content: MessageContent = saying(&"x".repeat(length));
        chat.messages.broadcast(&signed_in("alice"), content)
    };
    assert_eq!(send(room), Ok(1));
    assert_eq!(send(room + 1), Err(SendMessageError::TooLong));
}

#[tokio::test]
async fn strangers_neither_speak_nor_look() {
    let chat = Chat::new();
    let mut alice = chat.connect("alice");
    let told = chat.messages.broadcast(&stranger(), saying("hi"));
    assert_eq!(told, Err(SendMessageError::Forbidden));
    let told = chat.messages.direct(&stranger(), "alice", saying("hi"));
    assert_eq!(told, Err(SendMessageError::Forbidden));
    assert_eq!(
        chat.messages.connected_users(&stranger()),
        Err(Failure::Forbidden("only signed-in users can see who is connected".into()))
    );
    assert_silent(&mut alice);
    assert_eq!(chat.messages.connected_users(&AccessContext::system()), Ok(vec!["alice".to_owned()]));
}

/// Any name that the service had could be a user's.
#[tokio::test]
async fn the_service_itself_speaks_without_a_name_and_a_user_called_system_with_theirs() {
    let chat = Chat::new();
    let mut alice = chat.connect("alice");
    let operator = AccessContext { actor: Actor::Cli, ..AccessContext::system() };
    for speaker in [&AccessContext::system(), &operator] {
        assert_eq!(chat.messages.broadcast(speaker, saying("hi")), Ok(1));
        assert_eq!(next(&mut alice).get("from"), None);
        assert_eq!(chat.messages.direct(speaker, "alice", saying("hi")), Ok(1));
        assert_eq!(next(&mut alice).get("from"), None);
        assert_eq!(chat.messages.connect(speaker).err(), Some(ConnectError::Forbidden));
    }
    chat.broadcast("system", "hi");
    assert_eq!(next(&mut alice)["from"], "system");
}

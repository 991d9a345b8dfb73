//! Messages between connected users: what a client may ask for, and what it is sent.

use std::fmt;

use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use crate::{named_enum, types::excerpt};

/// What a message says: any JSON object, passed on as it was understood.
pub type MessageContent = Map<String, Value>;

/// A message as a client sends it, over HTTP (`POST /ws`) or over its socket.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageRequest {
    /// `broadcast`, `direct`, and over a socket also `subscribe`, `unsubscribe` and `ping`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The user name of the recipient, in any case; for `direct` only.
    pub to: Option<String>,
    /// Absent or null is an empty object.
    pub content: Option<MessageContent>,
    /// Accepted and ignored: a message comes from whoever sends it, not from whom it names.
    pub from: Option<String>,
    /// Accepted and ignored, so that a received message can be sent on.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Value>"))]
    pub timestamp: Option<IgnoredAny>,
}

/// What a valid [`MessageRequest`] asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageCommand {
    /// Tell everybody.
    Broadcast {
        /// What.
        content: MessageContent,
    },
    /// Tell one user.
    Direct {
        /// The user name, as typed.
        to: String,
        /// What.
        content: MessageContent,
    },
    /// From now on, send what happens.
    Subscribe(Topic),
    /// No longer send it.
    Unsubscribe(Topic),
    /// Answer, to show that the connection works: browsers cannot send the pings of the protocol itself.
    Ping,
}

named_enum! {
    /// Something that happens whether or not a client asks.
    pub enum Topic {
        /// Changes of users, for administrators.
        UserEvents = "user_events",
    }
}

/// Why a message makes no sense. The sentences are the wire contract's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// The message has no type.
    #[error("Message type is required")]
    MissingType,
    /// The type is unknown; holds its beginning.
    #[error("Unsupported message type: {0}")]
    UnsupportedType(String),
    /// A direct message has no recipient.
    #[error("Recipient is required for direct messages")]
    MissingRecipient,
    /// A subscription has no topic, or an unknown one.
    #[error("topic must be {}", Topic::UserEvents.as_str())]
    UnknownTopic,
}

impl MessageRequest {
    /// Reads the request. Whether the recipient can be reached is for the service to say.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn validate(self) -> Result<MessageCommand, InvalidMessage> {
        let content = self.content.unwrap_or_default();
        match self.kind.as_str() {
            "" => Err(InvalidMessage::MissingType),
            "broadcast" => Ok(MessageCommand::Broadcast { content }),
            "direct" => match self.to.filter(|to| !to.trim().is_empty()) {
                Some(to) => Ok(MessageCommand::Direct { to, content }),
                None => Err(InvalidMessage::MissingRecipient),
            },
            "subscribe" => topic_in(&content).map(MessageCommand::Subscribe),
            "unsubscribe" => topic_in(&content).map(MessageCommand::Unsubscribe),
            "ping" => Ok(MessageCommand::Ping),
            unknown => Err(InvalidMessage::UnsupportedType(excerpt(unknown))),
        }
    }
}

fn topic_in(content: &MessageContent) -> Result<Topic, InvalidMessage> {
    let name = content.get("topic").and_then(Value::as_str);
    name.and_then(Topic::from_name).ok_or(InvalidMessage::UnknownTopic)
}

/// What a message is, to those who get it. Only `Broadcast` and `Direct` were written by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// To everybody.
    Broadcast,
    /// To one user.
    Direct,
    /// The first connection of `from` is there.
    UserJoined,
    /// The last connection of `from` is gone.
    UserLeft,
    /// Something happened to a user; `content` is `{"event": …, "user_id": …}`.
    UserEvent,
    /// The answer to a `ping`.
    Pong,
    /// What the client sent was refused; `content` is `{"code": …, "message": …, "details"?: …}`, as over HTTP.
    Error,
}

/// A message as a client gets it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: MessageKind,
    /// The user name of the sender; left out where the service itself speaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The user name of the recipient of a direct message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What it says.
    pub content: MessageContent,
    /// When it was sent, in Unix seconds.
    pub timestamp: i64,
}

impl Message {
    /// The longest message in either direction, in bytes of JSON.
    pub const MAX_BYTES: usize = 64 * 1024;
}

/// The message as it travels: one line of JSON.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Fails only for keys that are not text, and there are none.
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(request: Value) -> Result<MessageCommand, InvalidMessage> {
        serde_json::from_value::<MessageRequest>(request).unwrap().validate()
    }

    fn content(value: Value) -> MessageContent {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn each_type_asks_for_something_else() {
        let hi = || json!({"text": "hi"});
        assert_eq!(
            read(json!({"type": "broadcast", "content": hi()})),
            Ok(MessageCommand::Broadcast { content: content(hi()) })
        );
        assert_eq!(
            read(json!({"type": "direct", "to": "Bob", "content": hi()})),
            Ok(MessageCommand::Direct { to: "Bob".to_owned(), content: content(hi()) })
        );
        let topic = json!({"topic": "user_events"});
        assert_eq!(
            read(json!({"type": "subscribe", "content": topic})),
            Ok(MessageCommand::Subscribe(Topic::UserEvents))
        );
        assert_eq!(
            read(json!({"type": "unsubscribe", "content": topic})),
            Ok(MessageCommand::Unsubscribe(Topic::UserEvents))
        );
        assert_eq!(read(json!({"type": "ping"})), Ok(MessageCommand::Ping));
    }

    #[test]
    fn what_makes_no_sense_has_its_sentence() {
        for (request, sentence) in [
            (json!({}), "Message type is required"),
            (json!({"type": "", "to": "bob"}), "Message type is required"),
            (json!({"type": "chat"}), "Unsupported message type: chat"),
            (json!({"type": "Broadcast"}), "Unsupported message type: Broadcast"),
            (json!({"type": "direct"}), "Recipient is required for direct messages"),
            (json!({"type": "direct", "to": " "}), "Recipient is required for direct messages"),
            (json!({"type": "subscribe"}), "topic must be user_events"),
            (json!({"type": "unsubscribe", "content": {"topic": 1}}), "topic must be user_events"),
        ] {
            assert_eq!(read(request.clone()).unwrap_err().to_string(), sentence, "{request}");
        }
        let long = read(json!({"type": "x".repeat(10_000)})).unwrap_err();
        assert_eq!(long, InvalidMessage::UnsupportedType("x".repeat(50)));
    }

    #[test]
    fn a_received_message_can_be_sent_on() {
        let received = Message {
            kind: MessageKind::Broadcast,
            from: Some("alice".to_owned()),
            to: None,
            content: content(json!({"text": "hi"})),
            timestamp: 7,
        };
        let text = received.to_string();
        let expected =
            json!({"type": "broadcast", "from": "alice", "content": {"text": "hi"}, "timestamp": 7});
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert_eq!(read(expected), Ok(MessageCommand::Broadcast { content: received.content }));
    }

    #[test]
    fn unknown_and_repeated_members_and_other_content_are_refused() {
        for text in [
            r#"{"type": "ping", "x": 1}"#,
            r#"{"type": "ping", "type": "ping"}"#,
            r#"{"type": null}"#,
            r#"{"type": "broadcast", "content": "hi"}"#,
            r#"{"type": "broadcast", "content": []}"#,
            r#"{"type": "broadcast", "from": 7}"#,
        ] {
            assert!(serde_json::from_str::<MessageRequest>(text).is_err(), "{text}");
        }
    }
}

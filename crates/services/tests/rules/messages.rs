//! Messages: who hears what, and who is shown out.

mod chat;
mod events;
mod limits;
mod presence;

use denizen_models::{MessageContent, UserId, Username};
use denizen_services::{
    AccessContext, CloseReason, ConnectError, Connection, MessageService as _, Outgoing,
    defaults::{DefaultMessageService, MessageLimits},
};
use serde_json::{Value, json};
use tokio::sync::mpsc::error::TryRecvError;

use crate::support::{World, member};

/// A world with a service for messages.
struct Chat {
    world: World,
    messages: DefaultMessageService,
}

impl Chat {
    fn new() -> Self {
        Self::with(MessageLimits::default())
    }

    fn with(limits: MessageLimits) -> Self {
        let world = World::new();
        let messages = DefaultMessageService::new(world.store.as_ref(), world.clock.clone(), limits);
        Self { world, messages }
    }

    /// One in which so many messages may wait for each connection.
    fn with_queues_of(queue: usize) -> Self {
        Self::with(MessageLimits { queue, ..MessageLimits::default() })
    }

    fn try_connect(&self, name: &str) -> Result<Connection, ConnectError> {
        self.messages.connect(&someone(), &named(name))
    }

    fn connect(&self, name: &str) -> Connection {
        self.try_connect(name).expect("a connection")
    }

    fn broadcast(&self, from: &str, text: &str) {
        self.messages.broadcast(&someone(), &named(from), saying(text)).expect("somebody who hears it");
    }

    fn connected(&self) -> Vec<String> {
        self.messages.connected_users(&someone()).expect("a list")
    }
}

/// A user who has signed in; which one does not matter.
fn someone() -> AccessContext {
    member(UserId::new(1))
}

fn named(name: &str) -> Username {
    Username::parse(name).expect("a user name")
}

fn saying(text: &str) -> MessageContent {
    [("text".to_owned(), json!(text))].into_iter().collect()
}

/// The next message that waits for the connection.
#[track_caller]
fn next(connection: &mut Connection) -> Value {
    match connection.outgoing.try_recv() {
        Ok(Outgoing::Message(text)) => serde_json::from_str(&text).expect("JSON"),
        other => panic!("a message for {}, not {other:?}", connection.name),
    }
}

/// How many messages wait for the connection before it ends, and why it does.
#[track_caller]
fn ending(connection: &mut Connection) -> (usize, CloseReason) {
    for count in 0.. {
        match connection.outgoing.try_recv() {
            Ok(Outgoing::Message(_)) => {}
            Ok(Outgoing::Close(reason)) => {
                assert_eq!(connection.outgoing.try_recv(), Err(TryRecvError::Disconnected));
                return (count, reason);
            }
            Err(error) => panic!("no reason after {count} messages for {}: {error}", connection.name),
        }
    }
    unreachable!("there is an end to every queue")
}

#[track_caller]
fn assert_silent(connection: &mut Connection) {
    assert_eq!(connection.outgoing.try_recv(), Err(TryRecvError::Empty), "{}", connection.name);
}

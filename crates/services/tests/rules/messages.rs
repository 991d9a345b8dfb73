//! Messages: who hears what, and who is shown out.

mod chat;
mod events;
mod limits;
mod presence;
mod revocations;
mod sweeps;

use denizen_models::{DEFAULT_ROLE, MessageContent, User, UserId, Username};
use denizen_services::store::WriteStore as _;
use denizen_services::{
    AccessContext, Actor, CloseReason, ConnectError, Connection, DefaultMessageService, Directory,
    LiveSessions as _, MessageLimits, MessageService as _, Outgoing,
    store::{ReadStore as _, SessionId},
};
use serde_json::{Value, json};
use tokio::sync::mpsc::error::TryRecvError;

use crate::support::World;

/// A world with a service for messages.
struct Chat {
    world: World,
    messages: DefaultMessageService,
}

impl Chat {
    fn new() -> Self {
        Self::with(MessageLimits::default())
    }

    /// One in which all see who is connected.
    fn with(limits: MessageLimits) -> Self {
        Self::in_directory(Directory::Members, limits)
    }

    fn in_directory(directory: Directory, limits: MessageLimits) -> Self {
        let (world, limits) = (World::new(), MessageLimits { directory, ..limits });
        let messages = DefaultMessageService::new(world.clock.clone(), limits);
        world.store.observe(messages.observer());
        Self { world, messages }
    }

    /// One in which so many messages may wait for each connection.
    fn with_queues_of(queue: usize) -> Self {
        Self::with(MessageLimits { queue, ..MessageLimits::default() })
    }

    /// One in a process that is not told what happens in this world.
    fn uninformed() -> Self {
        Self::uninformed_with(MessageLimits::default())
    }

    fn uninformed_with(limits: MessageLimits) -> Self {
        let world = World::new();
        let messages = DefaultMessageService::new(world.clock.clone(), limits);
        Self { world, messages }
    }

    fn try_connect(&self, name: &str) -> Result<Connection, ConnectError> {
        self.messages.connect(&signed_in(name))
    }

    fn connect(&self, name: &str) -> Connection {
        self.try_connect(name).expect("a connection")
    }

    fn connect_as(&self, context: &AccessContext) -> Connection {
        self.messages.connect(context).expect("a connection")
    }

    /// Opens a session for a user of this world.
    async fn sign_in(&self, user: &User) -> AccessContext {
        let token = self.world.open_session(user.id).await;
        let session = self.world.store.find_session(&token).await.unwrap().expect("a session").id;
        acting(user.id, user.values.username.clone(), session, user.values.roles.clone())
    }

    fn broadcast(&self, from: &str, text: &str) {
        self.messages.broadcast(&signed_in(from), saying(text)).expect("somebody who hears it");
    }

    fn connected(&self) -> Vec<String> {
        self.messages.connected_users(&AccessContext::system()).expect("a list")
    }
}

/// A user who has signed in, of whom no store knows. The same name, in any case, is the same user.
fn signed_in(name: &str) -> AccessContext {
    let username = username(name);
    let number =
        username.key().bytes().fold(1 << 40, |number, byte| number * 31 % (1 << 50) + i64::from(byte));
    acting(UserId::new(number), username, SessionId(number), vec![DEFAULT_ROLE.to_owned()])
}

fn username(name: &str) -> Username {
    Username::parse(name).expect("a user name")
}

fn acting(id: UserId, username: Username, session: SessionId, roles: Vec<String>) -> AccessContext {
    AccessContext { actor: Actor::User { id, username, session, roles }, ..AccessContext::anonymous() }
}

fn session_of(context: &AccessContext) -> SessionId {
    let Actor::User { session, .. } = &context.actor else { panic!("nobody has signed in: {context:?}") };
    *session
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

/// Whether the connection has ended because of a revocation, whatever waits before that.
#[track_caller]
fn is_revoked(connection: &mut Connection) -> bool {
    while let Ok(outgoing) = connection.outgoing.try_recv() {
        if let Outgoing::Close(reason) = outgoing {
            assert_eq!(reason, CloseReason::Revoked, "{}", connection.name);
            return true;
        }
    }
    false
}

#[track_caller]
fn assert_silent(connection: &mut Connection) {
    assert_eq!(connection.outgoing.try_recv(), Err(TryRecvError::Empty), "{}", connection.name);
}

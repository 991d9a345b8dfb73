//! Messages between connected users, as a port: who is connected, and who is told what.
//!
//! Nothing here knows of sockets. Whoever holds one calls [`MessageService::connect`], hands on what the
//! [`Connection`] receives, and drops it when the socket is gone.

mod announcement;
mod clients;
mod hub;
mod peers;
mod relayed;
mod sweep;

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{MessageContent, Topic, UserId, Username};
use tokio::sync::mpsc;

pub use self::hub::{DefaultMessageService, MessageLimits};
use crate::{
    common::Failure,
    ports::{AccessContext, store::SessionId},
};

/// A connection's number; none is given twice while the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// What a connection is to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// Send this text, which is the JSON of a [`denizen_models::Message`]; all connections share it.
    Message(Arc<str>),
    /// Close. Nothing follows.
    Close(CloseReason),
}

/// Why the service ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// What let the user in does no longer.
    #[error("access was revoked")]
    Revoked,
    /// The service stops.
    #[error("the service is stopping")]
    GoingAway,
    /// The client takes messages more slowly than they come.
    #[error("messages were not read in time")]
    TooSlow,
}

/// One client's end of the service. Dropping it is how a client leaves.
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// Of the user who is connected.
    pub name: Username,
    /// What it is to do; ends after [`Outgoing::Close`].
    pub outgoing: mpsc::Receiver<Outgoing>,
    leave: Option<Box<dyn FnOnce() + Send>>,
}

impl Connection {
    /// Puts one together, for implementations of [`MessageService`]; `leave` is called when it is dropped.
    #[must_use]
    pub fn new(
        id: ConnectionId,
        name: Username,
        outgoing: mpsc::Receiver<Outgoing>,
        leave: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self { id, name, outgoing, leave: Some(Box::new(leave)) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(leave) = self.leave.take() {
            leave();
        }
    }
}

/// Which connections to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connections {
    /// This one.
    One(ConnectionId),
    /// All of this signed-in user.
    OfUser(UserId),
    /// All of this session.
    OfSession(SessionId),
    /// Every one.
    All,
}

/// Why somebody is not connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The actor is no signed-in user.
    #[error("only signed-in users can connect")]
    Forbidden,
    /// The user has too many connections already.
    #[error("a user can have at most {0} connections")]
    TooMany(usize),
    /// The service has too many.
    #[error("there are {0} connections already")]
    Full(usize),
    /// The service stops.
    #[error("the service is stopping")]
    GoingAway,
}

/// Why a message is not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendMessageError {
    /// The actor has not signed in.
    #[error("only signed-in users can send messages")]
    Forbidden,
    /// With everything around it, it is longer than [`denizen_models::Message::MAX_BYTES`].
    #[error("message cannot exceed {} bytes", denizen_models::Message::MAX_BYTES)]
    TooLong,
    /// The user has sent too many messages, and may send the next one after this time.
    #[error("too many messages")]
    TooMany(Duration),
    /// A broadcast with nobody to hear it.
    #[error("no users connected")]
    NobodyConnected,
    /// The recipient; as typed, but not at any length.
    #[error("user {0} is not connected")]
    NotConnected(String),
}

/// Connected users, and what they tell each other.
///
/// Nobody says who they are: messages go out in the name of the one who acts. [`Actor::System`] and [`Actor::Cli`]
/// speak without a name, because any that they had could be a user's. They are not connected themselves.
///
/// A user may have several connections; whoever wants to reach them reaches all of these. No method waits: a client
/// that does not take its messages in time is disconnected, with [`CloseReason::TooSlow`], and delays nobody. A
/// connection ends with its session, and when the user is renamed, switched off or given other roles, with
/// [`CloseReason::Revoked`]: whoever may still sign in connects anew, as what they are now.
///
/// [`Actor::System`]: crate::Actor::System
/// [`Actor::Cli`]: crate::Actor::Cli
pub trait MessageService: Send + Sync {
    /// Connects the signed-in user. The others who may see names ([`MessageLimits::directory`]) are told with `user_joined` if it is their first connection, and with
    /// `user_left` once the last is gone. Both are hints: a client with many messages to come misses them rather than
    /// being disconnected, and in a crowd everybody may.
    ///
    /// # Errors
    /// See [`ConnectError`].
    fn connect(&self, context: &AccessContext) -> Result<Connection, ConnectError>;

    /// Ends connections. What waits in them is delivered before the reason.
    fn disconnect(&self, which: &Connections, reason: CloseReason);

    /// Ends every connection with [`CloseReason::GoingAway`], and refuses new ones from now on.
    fn shut_down(&self);

    /// The names of those who are connected, to whichever process, each once, in alphabetical order; to an actor who may not
    /// see names, its own.
    ///
    /// # Errors
    /// See [`Failure`].
    fn connected_users(&self, context: &AccessContext) -> Result<Vec<String>, Failure>;

    /// Tells everybody, the sender's own connections included. Returns how many users are told.
    ///
    /// # Errors
    /// See [`SendMessageError`].
    fn broadcast(&self, context: &AccessContext, content: MessageContent) -> Result<usize, SendMessageError>;

    /// Tells one user, on every connection. Returns how many users are told, which is one. An actor who may not see names
    /// gets 0, whether the recipient is connected, exists, or neither: a message must not find that out.
    ///
    /// # Errors
    /// See [`SendMessageError`].
    fn direct(
        &self,
        context: &AccessContext,
        to: &str,
        content: MessageContent,
    ) -> Result<usize, SendMessageError>;

    /// Sends to this connection what happens, until it ends or unsubscribes.
    ///
    /// # Errors
    /// See [`Failure`].
    fn subscribe(
        &self,
        context: &AccessContext,
        connection: ConnectionId,
        topic: Topic,
    ) -> Result<(), Failure>;

    /// No longer sends it. Whoever never subscribed has nothing to lose.
    fn unsubscribe(&self, connection: ConnectionId, topic: Topic);
}

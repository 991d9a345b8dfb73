//! Messages that come through or do not, as the test says. Nobody ever connects: sockets have tests of their own.

use denizen_models::{MessageContent, Topic};
use denizen_services::{
    AccessContext, CloseReason, ConnectError, Connection, ConnectionId, Connections, Failure, MessageService,
    SendMessageError,
};

pub struct FakeMessages {
    pub connect: ConnectError,
    pub connected: Result<Vec<String>, Failure>,
    /// Of both kinds of message.
    pub told: Result<usize, SendMessageError>,
}

impl Default for FakeMessages {
    fn default() -> Self {
        let connected = Ok(vec!["alice".to_owned(), "bob".to_owned()]);
        Self { connect: ConnectError::Forbidden, connected, told: Ok(2) }
    }
}

impl MessageService for FakeMessages {
    fn connect(&self, _: &AccessContext) -> Result<Connection, ConnectError> {
        Err(self.connect)
    }

    fn disconnect(&self, which: &Connections, reason: CloseReason) {
        panic!("no route disconnects {which:?}: {reason}")
    }

    fn shut_down(&self) {
        panic!("no route stops the service")
    }

    fn connected_users(&self, _: &AccessContext) -> Result<Vec<String>, Failure> {
        self.connected.clone()
    }

    fn broadcast(&self, _: &AccessContext, _: MessageContent) -> Result<usize, SendMessageError> {
        self.told.clone()
    }

    fn direct(&self, _: &AccessContext, _: &str, _: MessageContent) -> Result<usize, SendMessageError> {
        self.told.clone()
    }

    fn subscribe(&self, _: &AccessContext, id: ConnectionId, _: Topic) -> Result<(), Failure> {
        panic!("nobody is connected as {id:?}")
    }

    fn unsubscribe(&self, id: ConnectionId, _: Topic) {
        panic!("nobody is connected as {id:?}")
    }
}

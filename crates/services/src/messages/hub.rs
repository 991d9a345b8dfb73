//! The implementation of [`MessageService`]: one table behind one lock, which is never held across an `.await`.

use std::sync::{Arc, Mutex, MutexGuard};

use denizen_models::{Message, MessageContent, MessageKind, Topic, Username, excerpt, fold};
use tokio::sync::mpsc;

use super::{
    CloseReason, ConnectError, Connection, ConnectionId, Connections, ListConnectedError, MessageService,
    SendMessageError, SubscribeError,
    clients::{Client, Clients},
};
use crate::{
    clock::Clock,
    context::{AccessContext, Actor},
    lock::lock,
    store::{CommitObserver, Units},
};

/// How many may be connected, and how far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one user: browser tabs, devices.
    pub connections_per_user: usize,
    /// Messages that may wait for one connection, at least 1. As many clients may speak in the same instant without
    /// losing each other; a longer queue would only hide from a slow client that it is slow.
    pub queue: usize,
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { connections: 10_000, connections_per_user: 16, queue: 256 }
    }
}

/// The implementation of [`MessageService`].
#[derive(Clone)]
pub struct DefaultMessageService {
    hub: Arc<Hub>,
}

impl DefaultMessageService {
    /// Nobody connected yet. Is told of every commit of `store`, for those who subscribe to them.
    #[must_use]
    pub fn new<S: Units + ?Sized>(store: &S, clock: Arc<dyn Clock>, limits: MessageLimits) -> Self {
        let hub = Arc::new(Hub { clock, limits, clients: Mutex::default() });
        store.observe(Arc::clone(&hub) as Arc<dyn CommitObserver>);
        Self { hub }
    }
}

pub(super) struct Hub {
    clock: Arc<dyn Clock>,
    limits: MessageLimits,
    clients: Mutex<Clients>,
}

impl Hub {
    fn clients(&self) -> MutexGuard<'_, Clients> {
        lock(&self.clients)
    }

    fn text(
        &self,
        kind: MessageKind,
        from: Option<&Username>,
        to: Option<&str>,
        content: MessageContent,
    ) -> Arc<str> {
        let from = from.map(|name| name.as_str().to_owned());
        let timestamp = self.clock.now().timestamp();
        Message { kind, from, to: to.map(str::to_owned), content, timestamp }.to_string().into()
    }

    fn presence(&self, kind: MessageKind, of: &Username) -> Arc<str> {
        self.text(kind, Some(of), None, MessageContent::new())
    }

    /// Takes a connection out of the table, and tells the others if it was the last of its user.
    fn end(&self, clients: &mut Clients, id: ConnectionId, reason: Option<CloseReason>) {
        let Some(client) = clients.remove(id) else { return };
        if let Some(reason) = reason {
            client.close(reason);
        }
        if clients.count_of(&client.name) == 0 {
            clients.hint_all(&self.presence(MessageKind::UserLeft, &client.name));
        }
    }

    fn end_all(&self, clients: &mut Clients, ids: Vec<ConnectionId>, reason: CloseReason) {
        ids.into_iter().for_each(|id| self.end(clients, id, Some(reason)));
    }

    fn send(
        &self,
        context: &AccessContext,
        text: &Arc<str>,
        to: Option<&str>,
    ) -> Result<usize, SendMessageError> {
        if is_stranger(context) {
            return Err(SendMessageError::Forbidden);
        }
        if text.len() > Message::MAX_BYTES {
            return Err(SendMessageError::TooLong);
        }
        let mut clients = self.clients();
        let (told, slow) = match to {
            Some(to) => clients.tell_user(&fold(to), text),
            None => clients.tell_all(text),
        };
        self.end_all(&mut clients, slow, CloseReason::TooSlow);
        match (told, to) {
            (0, Some(to)) => Err(SendMessageError::NotConnected(excerpt(to))),
            (0, None) => Err(SendMessageError::NobodyConnected),
            (told, _) => Ok(told),
        }
    }

    pub(super) fn has_subscribers(&self) -> bool {
        self.clients().has_subscribers()
    }

    pub(super) fn tell_subscribers(&self, content: MessageContent) {
        let text = self.text(MessageKind::UserEvent, None, None, content);
        let mut clients = self.clients();
        let slow = clients.tell_subscribers(&text);
        self.end_all(&mut clients, slow, CloseReason::TooSlow);
    }
}

/// Whether nobody knows who it is.
fn is_stranger(context: &AccessContext) -> bool {
    context.actor == Actor::Anonymous
}

impl MessageService for DefaultMessageService {
    fn connect(&self, context: &AccessContext, name: &Username) -> Result<Connection, ConnectError> {
        if is_stranger(context) {
            return Err(ConnectError::Forbidden);
        }
        let MessageLimits { connections, connections_per_user, queue } = self.hub.limits;
        let mut clients = self.hub.clients();
        if clients.closed {
            return Err(ConnectError::GoingAway);
        }
        if clients.count() >= connections {
            return Err(ConnectError::Full(connections));
        }
        let others = clients.count_of(name);
        if others >= connections_per_user {
            return Err(ConnectError::TooMany(connections_per_user));
        }
        if others == 0 {
            clients.hint_all(&self.hub.presence(MessageKind::UserJoined, name));
        }
        let user = if let Actor::User { id, .. } = &context.actor { Some(*id) } else { None };
        let (sender, outgoing) = mpsc::channel(queue.saturating_add(1));
        let id = clients.insert(Client { name: name.clone(), user, sender });
        let hub = Arc::clone(&self.hub);
        Ok(Connection::new(id, name.clone(), outgoing, move || hub.end(&mut hub.clients(), id, None)))
    }

    fn disconnect(&self, which: &Connections, reason: CloseReason) {
        let mut clients = self.hub.clients();
        let ids = match which {
            Connections::One(id) => vec![*id],
            Connections::OfUser(user) => clients.of_user(*user),
            Connections::Named(name) => clients.named(name),
            // Not one by one: nobody is left to be told who leaves.
            Connections::All => return clients.remove_all().for_each(|client| client.close(reason)),
        };
        self.hub.end_all(&mut clients, ids, reason);
    }

    fn shut_down(&self) {
        self.hub.clients().closed = true;
        self.disconnect(&Connections::All, CloseReason::GoingAway);
    }

    fn connected_users(&self, context: &AccessContext) -> Result<Vec<String>, ListConnectedError> {
        if is_stranger(context) { Err(ListConnectedError::Forbidden) } else { Ok(self.hub.clients().names()) }
    }

    fn broadcast(
        &self,
        context: &AccessContext,
        from: &Username,
        content: MessageContent,
    ) -> Result<usize, SendMessageError> {
        let text = self.hub.text(MessageKind::Broadcast, Some(from), None, content);
        self.hub.send(context, &text, None)
    }

    fn direct(
        &self,
        context: &AccessContext,
        from: &Username,
        to: &str,
        content: MessageContent,
    ) -> Result<usize, SendMessageError> {
        let text = self.hub.text(MessageKind::Direct, Some(from), Some(to), content);
        self.hub.send(context, &text, Some(to))
    }

    fn subscribe(
        &self,
        context: &AccessContext,
        connection: ConnectionId,
        topic: Topic,
    ) -> Result<(), SubscribeError> {
        match topic {
            Topic::UserEvents if context.is_admin() => {
                self.hub.clients().subscribe(connection);
                Ok(())
            }
            Topic::UserEvents => Err(SubscribeError::Forbidden(topic)),
        }
    }

    fn unsubscribe(&self, connection: ConnectionId, topic: Topic) {
        match topic {
            Topic::UserEvents => self.hub.clients().unsubscribe(connection),
        }
    }
}

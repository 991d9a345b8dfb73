//! The implementation of [`MessageService`]: one table behind one lock, which is never held across an `.await`.

use std::{
    mem,
    sync::{Arc, Mutex, TryLockError},
};

use chrono::Duration;
use denizen_models::{Message, MessageContent, MessageKind, Topic, Username, excerpt, fold};
use tokio::sync::mpsc;

use super::{
    CloseReason, ConnectError, Connection, ConnectionId, Connections, MessageService, SendMessageError,
    announcement::{Announcement, announcement},
    clients::{AuthSnapshot, Client, Clients},
    peers::{Audience, Peers},
};
use crate::{
    common::{Directory, Failure, lock},
    ports::{
        AccessContext, Actor, Clock,
        store::{CommitObserver, Committed, Quota, UnitOfWork},
    },
};

/// How many may be connected, how far behind, and who sees whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one user: browser tabs, devices.
    pub connections_per_user: usize,
    /// Messages that may wait for one connection, at least 1. As many clients may speak in the same instant without
    /// losing each other; a longer queue would only hide from a slow client that it is slow.
    pub queue: usize,
    /// How often a connection may be told of somebody who comes or goes, per second and for all connections together.
    /// When a crowd comes at once, telling everybody of everybody costs the square of their number, and nobody could
    /// read it: beyond this, people come and go unannounced until the second is over.
    pub hints_per_second: usize,
    /// How many messages a user may send, over all connections and without one. Every message costs each recipient a place in
    /// the queue.
    pub messages_per_user: Quota,
    /// Who sees who is connected: those who may list users.
    pub directory: Directory,
}

impl Default for MessageLimits {
    fn default() -> Self {
        let messages_per_user = Quota::new(50, Duration::milliseconds(200));
        Self {
            connections: 10_000,
            connections_per_user: 16,
            queue: 256,
            hints_per_second: 50_000,
            messages_per_user,
            directory: Directory::Admins,
        }
    }
}

/// The implementation of [`MessageService`].
///
/// What commits of its own store take away from a user takes effect on their connections at once. Those of other
/// processes take effect when [`LiveSessions::end_revoked`](crate::LiveSessions::end_revoked) is called.
#[derive(Clone)]
pub struct DefaultMessageService {
    pub(super) hub: Arc<Hub>,
}

impl DefaultMessageService {
    /// Creates the service without connections.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, limits: MessageLimits) -> Self {
        Self {
            hub: Arc::new(Hub {
                clock,
                limits,
                clients: Mutex::default(),
                news: Mutex::default(),
                peers: Peers::default(),
            }),
        }
    }
}

pub(super) struct Hub {
    clock: Arc<dyn Clock>,
    limits: MessageLimits,
    clients: Mutex<Clients>,
    /// What commits have brought about and nobody has seen to yet. Held for moments only.
    news: Mutex<Vec<Announcement>>,
    /// The other processes of the service.
    pub(super) peers: Peers,
}

impl Hub {
    /// Does something with the table, and then what commits have asked for meanwhile.
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Clients) -> T) -> T {
        let result = act(&mut lock(&self.clients));
        self.catch_up();
        result
    }

    /// For the thread that commits, which must not wait for somebody who tells ten thousand clients something: whoever
    /// holds the table now looks for news when they have let go of it.
    pub(super) fn announce(&self, news: impl IntoIterator<Item = Announcement>) {
        lock(&self.news).extend(news);
        self.catch_up();
    }

    fn catch_up(&self) {
        while !lock(&self.news).is_empty() {
            let mut clients = match self.clients.try_lock() {
                Ok(clients) => clients,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => return,
            };
            let news = mem::take(&mut *lock(&self.news));
            news.into_iter().for_each(|news| self.take_in(&mut clients, news));
        }
    }

    /// Tells the subscribers, and ends what may no longer be.
    pub(super) fn take_in(&self, clients: &mut Clients, news: Announcement) {
        if let Some(content) = news.content()
            && (clients.has_subscribers() || self.peers.have_subscribers())
        {
            let text = self.text(MessageKind::UserEvent, None, None, content);
            self.peers.tell(Audience::Subscribers, &text);
            let slow = clients.tell_subscribers(&text);
            self.end_all(clients, slow, CloseReason::TooSlow);
        }
        let ended = clients.of_user(news.user, news.ends);
        self.end_all(clients, ended, CloseReason::Revoked);
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

    /// Tells those who may see it that a user comes or goes.
    pub(super) fn presence(&self, clients: &mut Clients, kind: MessageKind, of: &Username) {
        let second = self.clock.now().timestamp();
        let sees = |client: &Client| self.sees_names(client.snapshot.is_admin());
        clients.hint(second, self.limits.hints_per_second, sees, || {
            self.text(kind, Some(of), None, MessageContent::new())
        });
    }

    fn sees_names(&self, is_admin: bool) -> bool {
        is_admin || self.limits.directory == Directory::Members
    }

    fn admit(&self, clients: &mut Clients, client: Client) -> Result<ConnectionId, ConnectError> {
        let MessageLimits { connections, connections_per_user, .. } = self.limits;
        let outdated = clients.outdated(client.user, &client.snapshot);
        self.end_all(clients, outdated, CloseReason::Revoked);
        if clients.closed {
            return Err(ConnectError::GoingAway);
        }
        if clients.count() >= connections {
            return Err(ConnectError::Full(connections));
        }
        let others = clients.count_of(client.user);
        if others >= connections_per_user {
            return Err(ConnectError::TooMany(connections_per_user));
        }
        if others == 0 {
            self.peers.joined(client.user, &client.snapshot.name);
            if !self.peers.have(client.user) {
                self.presence(clients, MessageKind::UserJoined, &client.snapshot.name);
            }
        }
        Ok(clients.insert(client))
    }

    /// Takes a connection out of the table, and tells the others if it was the last of its user.
    fn end(&self, clients: &mut Clients, id: ConnectionId, reason: Option<CloseReason>) {
        let Some(client) = clients.remove(id) else { return };
        if let Some(reason) = reason {
            client.close(reason);
        }
        if clients.count_of(client.user) == 0 {
            self.peers.left(client.user);
            if !self.peers.have(client.user) {
                self.presence(clients, MessageKind::UserLeft, &client.snapshot.name);
            }
        }
    }

    pub(super) fn say_who_is_here(&self) {
        let (users, has_subscribers) = self.with(|clients| (clients.users(), clients.has_subscribers()));
        self.peers.here(&users, has_subscribers);
    }

    /// Says now and then that this process is there.
    pub(super) fn beat(&self) {
        if self.peers.beat() {
            let (users, has_subscribers) =
                self.with(|clients| (clients.users().len(), clients.has_subscribers()));
            self.peers.alive(users, has_subscribers);
        }
    }

    pub(super) fn end_all(&self, clients: &mut Clients, ids: Vec<ConnectionId>, reason: CloseReason) {
        ids.into_iter().for_each(|id| self.end(clients, id, Some(reason)));
    }

    fn send(
        &self,
        context: &AccessContext,
        kind: MessageKind,
        to: Option<&str>,
        content: MessageContent,
    ) -> Result<usize, SendMessageError> {
        let (user, from) = match &context.actor {
            Actor::Anonymous | Actor::Service { .. } => return Err(SendMessageError::Forbidden),
            Actor::User { id, username, .. } | Actor::External { id, username, .. } => {
                (Some(*id), Some(username))
            }
            Actor::System | Actor::Cli => (None, None),
        };
        let text = self.text(kind, from, to, content);
        if text.len() > Message::MAX_BYTES {
            return Err(SendMessageError::TooLong);
        }
        let told = self.with(|clients| {
            if let Some(user) = user {
                clients.count_message(user, self.limits.messages_per_user, self.clock.now())?;
            }
            let (told, slow) = match to {
                Some(to) => clients.tell_user(&fold(to), &text),
                None => clients.tell_all(&text),
            };
            self.end_all(clients, slow, CloseReason::TooSlow);
            let told_elsewhere = self.tell_elsewhere(clients, to, &text);
            Ok(if to.is_some() { told.max(told_elsewhere) } else { told + told_elsewhere })
        });
        let told = told.map_err(SendMessageError::TooMany)?;
        match (told, to) {
            // Neither answer may tell whether the name exists, or is connected.
            (_, Some(_)) if !self.sees_names(context.is_admin()) => Ok(0),
            (0, Some(to)) => Err(SendMessageError::NotConnected(excerpt(to))),
            (0, None) => Err(SendMessageError::NobodyConnected),
            (told, _) => Ok(told),
        }
    }
}

impl Hub {
    /// Tells the clients of other processes. Returns how many users are told who are not connected here.
    fn tell_elsewhere(&self, clients: &Clients, to: Option<&str>, text: &str) -> usize {
        match to.map(fold) {
            Some(key) if self.peers.have_name(&key) => {
                self.peers.tell(Audience::User(&key), text);
                1
            }
            Some(_) => 0,
            None => {
                let others = self.peers.users();
                if !others.is_empty() {
                    self.peers.tell(Audience::Everybody, text);
                }
                others.keys().filter(|user| clients.count_of(**user) == 0).count()
            }
        }
    }
}

impl MessageService for DefaultMessageService {
    fn connect(&self, context: &AccessContext) -> Result<Connection, ConnectError> {
        let Actor::User { id: user, username, session, roles } = &context.actor else {
            return Err(ConnectError::Forbidden);
        };
        let snapshot = AuthSnapshot { name: username.clone(), roles: roles.clone() };
        let (sender, outgoing) = mpsc::channel(self.hub.limits.queue.saturating_add(1));
        let client = Client { user: *user, session: *session, snapshot, sender };
        let id = self.hub.with(|clients| self.hub.admit(clients, client))?;
        let hub = Arc::clone(&self.hub);
        let leave = move || hub.with(|clients| hub.end(clients, id, None));
        Ok(Connection::new(id, username.clone(), outgoing, leave))
    }

    fn disconnect(&self, which: &Connections, reason: CloseReason) {
        self.hub.with(|clients| {
            let ids = match which {
                Connections::One(id) => vec![*id],
                Connections::OfUser(user) => clients.of_user(*user, |_| true),
                Connections::OfSession(session) => clients.of_all(|client| client.session == *session),
                // Not one by one: nobody is left to be told who leaves.
                Connections::All => return clients.remove_all().for_each(|client| client.close(reason)),
            };
            self.hub.end_all(clients, ids, reason);
        });
    }

    fn shut_down(&self) {
        self.hub.with(|clients| clients.closed = true);
        self.disconnect(&Connections::All, CloseReason::GoingAway);
        self.hub.peers.gone();
    }

    fn connected_users(&self, context: &AccessContext) -> Result<Vec<String>, Failure> {
        if matches!(context.actor, Actor::Anonymous | Actor::Service { .. }) {
            return Err(Failure::forbidden("only signed-in users can see who is connected"));
        }
        let sees = |user| self.hub.sees_names(context.is_admin()) || context.is_self(user);
        let mut names = self.hub.peers.users();
        names.extend(self.hub.with(|clients| clients.users()));
        names.retain(|user, _| sees(*user));
        let mut names: Vec<_> = names.into_values().collect();
        names.sort_by(|one, other| one.key().cmp(other.key()));
        Ok(names.iter().map(|name| name.as_str().to_owned()).collect())
    }

    fn broadcast(&self, context: &AccessContext, content: MessageContent) -> Result<usize, SendMessageError> {
        self.hub.send(context, MessageKind::Broadcast, None, content)
    }

    fn direct(
        &self,
        context: &AccessContext,
        to: &str,
        content: MessageContent,
    ) -> Result<usize, SendMessageError> {
        self.hub.send(context, MessageKind::Direct, Some(to), content)
    }

    fn subscribe(
        &self,
        context: &AccessContext,
        connection: ConnectionId,
        topic: Topic,
    ) -> Result<(), Failure> {
        let Topic::UserEvents = topic;
        context.expect_admin("only administrators can subscribe to user_events")?;
        self.hub.with(|clients| clients.subscribe(connection));
        // Now, and not with the next beat: others tell of events only if somebody wants to hear them.
        self.hub.say_who_is_here();
        Ok(())
    }

    fn unsubscribe(&self, connection: ConnectionId, topic: Topic) {
        let Topic::UserEvents = topic;
        self.hub.with(|clients| clients.unsubscribe(connection));
    }
}

impl CommitObserver for Hub {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        let outcomes = work.changes().iter().zip(&committed.0);
        self.announce(outcomes.filter_map(|(change, outcome)| announcement(change, outcome)));
    }
}

#[cfg(test)]
mod tests {
    use denizen_models::UserId;

    use super::*;
    use crate::{
        messages::Outgoing,
        ports::{
            clock::SystemClock,
            store::{Committed, Outcome, SessionId, UnitOfWork},
        },
    };

    #[test]
    fn a_commit_does_not_wait_for_the_table_and_is_seen_to_once_it_is_free() {
        let messages = DefaultMessageService::new(Arc::new(SystemClock), MessageLimits::default());
        let actor = Actor::User {
            id: UserId::new(1),
            username: Username::parse("alice").unwrap(),
            session: SessionId(1),
            roles: Vec::new(),
        };
        let mut alice = messages.connect(&AccessContext { actor, ..AccessContext::anonymous() }).unwrap();
        let work = UnitOfWork::new().revoke_sessions(UserId::new(1), None);
        messages.hub.with(|clients| {
            messages.hub.committed(&work, &Committed(vec![Outcome::Count(1)]));
            assert_eq!(clients.count(), 1, "whoever holds the table sees no change under their hands");
        });
        assert_eq!(alice.outgoing.try_recv(), Ok(Outgoing::Close(CloseReason::Revoked)));
    }
}

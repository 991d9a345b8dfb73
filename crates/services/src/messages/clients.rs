//! The table of connections.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use denizen_models::{UserId, Username};
use tokio::sync::mpsc::Sender;

use super::{CloseReason, ConnectionId, Outgoing};

/// One connection.
pub(super) struct Client {
    pub(super) name: Username,
    /// The signed-in user, if it is one.
    pub(super) user: Option<UserId>,
    pub(super) sender: Sender<Outgoing>,
}

impl Client {
    /// Whether the message was taken. One place is never given to a message: it is kept for [`Client::close`].
    fn tell(&self, text: &Arc<str>) -> bool {
        self.sender.capacity() > 1 && self.sender.try_send(Outgoing::Message(Arc::clone(text))).is_ok()
    }

    /// Tells it if there is room to spare.
    fn hint(&self, text: &Arc<str>) {
        if self.sender.capacity() > self.sender.max_capacity() / 2 {
            self.tell(text);
        }
    }

    pub(super) fn close(&self, reason: CloseReason) {
        // Fails only if the other end is gone already.
        let _gone = self.sender.try_send(Outgoing::Close(reason));
    }
}

#[derive(Default)]
pub(super) struct Clients {
    last_id: u64,
    by_id: BTreeMap<ConnectionId, Client>,
    /// The connections of each name, by the folded name; never empty.
    by_name: BTreeMap<String, Vec<ConnectionId>>,
    subscribers: BTreeSet<ConnectionId>,
    /// Nobody may connect any more.
    pub(super) closed: bool,
}

impl Clients {
    pub(super) fn count(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn count_of(&self, name: &Username) -> usize {
        self.by_name.get(name.key()).map_or(0, Vec::len)
    }

    pub(super) fn insert(&mut self, client: Client) -> ConnectionId {
        self.last_id += 1;
        let id = ConnectionId(self.last_id);
        self.by_name.entry(client.name.key().to_owned()).or_default().push(id);
        self.by_id.insert(id, client);
        id
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Client> {
        let client = self.by_id.remove(&id)?;
        self.subscribers.remove(&id);
        if let Some(ids) = self.by_name.get_mut(client.name.key()) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_name.remove(client.name.key());
            }
        }
        Some(client)
    }

    pub(super) fn remove_all(&mut self) -> impl Iterator<Item = Client> {
        self.by_name.clear();
        self.subscribers.clear();
        mem::take(&mut self.by_id).into_values()
    }

    pub(super) fn named(&self, name: &Username) -> Vec<ConnectionId> {
        self.by_name.get(name.key()).cloned().unwrap_or_default()
    }

    pub(super) fn of_user(&self, user: UserId) -> Vec<ConnectionId> {
        self.by_id.iter().filter(|(_, client)| client.user == Some(user)).map(|(id, _)| *id).collect()
    }

    /// Each name as its first connection spells it.
    pub(super) fn names(&self) -> Vec<String> {
        let first = self.by_name.values().filter_map(|ids| self.by_id.get(ids.first()?));
        first.map(|client| client.name.as_str().to_owned()).collect()
    }

    /// Tells every user. Returns how many are told, and which connections had no room.
    pub(super) fn tell_all(&self, text: &Arc<str>) -> (usize, Vec<ConnectionId>) {
        let mut slow = Vec::new();
        let told = self.by_name.values().filter(|ids| self.tell(ids.iter(), text, &mut slow)).count();
        (told, slow)
    }

    /// Tells the user with this folded name.
    pub(super) fn tell_user(&self, key: &str, text: &Arc<str>) -> (usize, Vec<ConnectionId>) {
        let mut slow = Vec::new();
        let ids = self.by_name.get(key).into_iter().flatten();
        (usize::from(self.tell(ids, text, &mut slow)), slow)
    }

    /// Tells the subscribers. Returns which of them had no room.
    pub(super) fn tell_subscribers(&self, text: &Arc<str>) -> Vec<ConnectionId> {
        let mut slow = Vec::new();
        self.tell(self.subscribers.iter(), text, &mut slow);
        slow
    }

    /// Whether any of them took it.
    fn tell<'a>(
        &self,
        ids: impl Iterator<Item = &'a ConnectionId>,
        text: &Arc<str>,
        slow: &mut Vec<ConnectionId>,
    ) -> bool {
        let mut told = false;
        for (id, client) in ids.filter_map(|id| Some((*id, self.by_id.get(id)?))) {
            if client.tell(text) {
                told = true;
            } else {
                slow.push(id);
            }
        }
        told
    }

    pub(super) fn hint_all(&self, text: &Arc<str>) {
        self.by_id.values().for_each(|client| client.hint(text));
    }

    pub(super) fn subscribe(&mut self, id: ConnectionId) {
        if self.by_id.contains_key(&id) {
            self.subscribers.insert(id);
        }
    }

    pub(super) fn unsubscribe(&mut self, id: ConnectionId) {
        self.subscribers.remove(&id);
    }

    pub(super) fn has_subscribers(&self) -> bool {
        !self.subscribers.is_empty()
    }
}

//! The table of connections.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use chrono::{DateTime, Duration, Utc};
use denizen_models::{ADMIN_ROLE, UserId, UserValues, Username};
use tokio::sync::mpsc::Sender;

use super::{CloseReason, ConnectionId, Outgoing};
use crate::ports::store::{Quota, SessionId};

/// What a user is called and may do, as it was when they connected. Once it is no longer so, they connect anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthSnapshot {
    pub(super) name: Username,
    pub(super) roles: Vec<String>,
}

impl AuthSnapshot {
    pub(super) fn is_admin(&self) -> bool {
        self.roles.iter().any(|role| role == ADMIN_ROLE)
    }

    /// None for users who are switched off.
    pub(super) fn of(values: &UserValues) -> Option<Self> {
        values.active.then(|| Self { name: values.username.clone(), roles: values.roles.clone() })
    }
}

/// One connection.
pub(super) struct Client {
    pub(super) user: UserId,
    pub(super) session: SessionId,
    pub(super) snapshot: AuthSnapshot,
    pub(super) sender: Sender<Outgoing>,
}

impl Client {
    /// Whether the message was taken. One place is never given to a message: it is kept for [`Client::close`].
    fn tell(&self, text: &Arc<str>) -> bool {
        self.sender.capacity() > 1 && self.sender.try_send(Outgoing::Message(Arc::clone(text))).is_ok()
    }

    /// Tells it if there is room to spare.
    fn presence(&self, text: &Arc<str>) {
        if self.sender.capacity() > self.sender.max_capacity() / 2 {
            self.tell(text);
        }
    }

    pub(super) fn close(&self, reason: CloseReason) {
        // Fails only if the other end is gone already.
        let _gone = self.sender.try_send(Outgoing::Close(reason));
    }
}

/// The connections of one user all have the same [`AuthSnapshot`], and no two users have the same name: whoever inserts a
/// client ends [`Clients::outdated`] ones before.
#[derive(Default)]
pub(super) struct Clients {
    last_id: u64,
    by_id: BTreeMap<ConnectionId, Client>,
    /// The connections of each user; never empty.
    by_user: BTreeMap<UserId, Vec<ConnectionId>>,
    /// Who it is, by the folded name.
    by_name: BTreeMap<String, UserId>,
    subscribers: BTreeSet<ConnectionId>,
    /// Nobody may connect any more.
    pub(super) closed: bool,
    /// How many hints went out in this second.
    hints: (i64, usize),
    /// When the bucket of each user who sends messages is full again.
    senders: BTreeMap<UserId, i64>,
}

impl Clients {
    pub(super) fn count(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn count_of(&self, user: UserId) -> usize {
        self.by_user.get(&user).map_or(0, Vec::len)
    }

    pub(super) fn insert(&mut self, client: Client) -> ConnectionId {
        self.last_id += 1;
        let id = ConnectionId(self.last_id);
        self.by_name.insert(client.snapshot.name.key().to_owned(), client.user);
        self.by_user.entry(client.user).or_default().push(id);
        self.by_id.insert(id, client);
        id
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Client> {
        let client = self.by_id.remove(&id)?;
        self.subscribers.remove(&id);
        if let Some(ids) = self.by_user.get_mut(&client.user) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_user.remove(&client.user);
                self.by_name.remove(client.snapshot.name.key());
            }
        }
        Some(client)
    }

    pub(super) fn remove_all(&mut self) -> impl Iterator<Item = Client> {
        self.by_user.clear();
        self.by_name.clear();
        self.subscribers.clear();
        mem::take(&mut self.by_id).into_values()
    }

    /// Those of this user that are meant.
    pub(super) fn of_user(&self, user: UserId, is_meant: impl Fn(&Client) -> bool) -> Vec<ConnectionId> {
        let ids = self.by_user.get(&user).into_iter().flatten().copied();
        ids.filter(|id| self.by_id.get(id).is_some_and(&is_meant)).collect()
    }

    /// Those of all users that are meant.
    pub(super) fn of_all(&self, is_meant: impl Fn(&Client) -> bool) -> Vec<ConnectionId> {
        self.by_id.iter().filter(|(_, client)| is_meant(client)).map(|(id, _)| *id).collect()
    }

    /// What cannot be true beside a user who connects with this snapshot: another one of the same user, and another
    /// user of the same name. Other processes bring that about, with changes that this one is not told of.
    pub(super) fn outdated(&self, user: UserId, snapshot: &AuthSnapshot) -> Vec<ConnectionId> {
        let mut ids = self.of_user(user, |client| client.snapshot != *snapshot);
        if let Some(namesake) = self.by_name.get(snapshot.name.key()).filter(|other| **other != user) {
            ids.extend(self.of_user(*namesake, |_| true));
        }
        ids
    }

    /// Each user once.
    pub(super) fn users(&self) -> Vec<(UserId, Username)> {
        let first = |(user, ids): (&UserId, &Vec<ConnectionId>)| {
            Some((*user, self.by_id.get(ids.first()?)?.snapshot.name.clone()))
        };
        self.by_user.iter().filter_map(first).collect()
    }

    /// Each session once.
    pub(super) fn sessions(&self) -> BTreeSet<SessionId> {
        self.by_id.values().map(|client| client.session).collect()
    }

    /// Tells every user. Returns how many are told, and which connections had no room.
    pub(super) fn tell_all(&self, text: &Arc<str>) -> (usize, Vec<ConnectionId>) {
        let mut slow = Vec::new();
        let told = self.by_user.values().filter(|ids| self.tell(ids.iter(), text, &mut slow)).count();
        (told, slow)
    }

    /// Tells the user with this folded name.
    pub(super) fn tell_user(&self, key: &str, text: &Arc<str>) -> (usize, Vec<ConnectionId>) {
        let mut slow = Vec::new();
        let ids = self.by_name.get(key).and_then(|user| self.by_user.get(user));
        (usize::from(self.tell(ids.into_iter().flatten(), text, &mut slow)), slow)
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

    /// Counts a message of this user, from whichever connection it comes.
    ///
    /// # Errors
    /// Returns the time after which the user may send the next one.
    pub(super) fn count_message(
        &mut self,
        user: UserId,
        quota: Quota,
        now: DateTime<Utc>,
    ) -> Result<(), Duration> {
        let full_at = quota.take(self.senders.get(&user).copied(), now)?;
        self.senders.insert(user, full_at);
        if self.senders.len() >= 1_024 && self.senders.len().is_power_of_two() {
            self.senders.retain(|_, at| *at > now.timestamp_micros());
        }
        Ok(())
    }

    /// Hints to those who are meant, unless `most` hints or more have gone out in this second.
    pub(super) fn hint(
        &mut self,
        second: i64,
        most: usize,
        is_meant: impl Fn(&Client) -> bool,
        text: impl FnOnce() -> Arc<str>,
    ) {
        if self.hints.0 != second {
            self.hints = (second, 0);
        }
        if self.count() > 0 && self.hints.1 < most {
            self.hints.1 += self.count();
            let text = text();
            self.by_id.values().filter(|client| is_meant(client)).for_each(|client| client.presence(&text));
        }
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

    /// Each user once.
    pub(super) fn subscribing_users(&self) -> BTreeSet<UserId> {
        self.subscribers.iter().filter_map(|id| Some(self.by_id.get(id)?.user)).collect()
    }
}

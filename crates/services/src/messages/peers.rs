//! The other processes of the service: who is connected there, and what they are told.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use denizen_models::{UserId, Username};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{common::lock, ports::Relay};

/// How often a process says that it is there.
const BEAT: Duration = Duration::from_secs(3);
/// A process that has said nothing for so long is gone, and its users with it.
const SILENCE: Duration = Duration::from_secs(10);
/// How many users one text names.
const CHUNK: usize = 200;

/// Whom a message is for, of those who are connected to another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience<'a> {
    Everybody,
    Subscribers,
    /// The user with this folded name.
    User(&'a str),
}

#[derive(Default)]
struct Peer {
    heard: Option<Instant>,
    has_subscribers: bool,
    users: BTreeMap<UserId, Username>,
}

/// Nobody, until there is a relay.
#[derive(Default)]
pub(super) struct Peers {
    relay: OnceLock<Arc<dyn Relay>>,
    others: Mutex<BTreeMap<i64, Peer>>,
    said: Mutex<Option<Instant>>,
}

/// What a process says that the table of connections has to act on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// These may have to be told who is here.
    Asked,
    /// A message for [`Audience`], whose user is the second part.
    Message(String, Option<String>, String),
    Joined(UserId, Username),
    Left(UserId, Username),
}

impl Peers {
    pub(super) fn set(&self, relay: Arc<dyn Relay>) {
        // The first one stays.
        let _second = self.relay.set(relay);
        self.publish(|| json!({ "ask": true }));
    }

    fn publish(&self, text: impl FnOnce() -> Value) {
        if let Some(relay) = self.relay.get() {
            relay.publish(text().to_string());
        }
    }

    pub(super) fn tell(&self, audience: Audience<'_>, text: &str) {
        let (to, user) = match audience {
            Audience::Everybody => ("all", None),
            Audience::Subscribers => ("subscribers", None),
            Audience::User(key) => ("user", Some(key)),
        };
        self.publish(|| json!({ "message": text, "to": to, "user": user }));
    }

    pub(super) fn joined(&self, user: UserId, name: &Username) {
        self.publish(|| json!({ "joined": user, "name": name.as_str() }));
    }

    pub(super) fn left(&self, user: UserId) {
        self.publish(|| json!({ "left": user }));
    }

    pub(super) fn gone(&self) {
        self.publish(|| json!({ "gone": true }));
    }

    /// Says who is here, from the beginning.
    pub(super) fn here(&self, users: &[(UserId, Username)], has_subscribers: bool) {
        self.alive(users.len(), has_subscribers);
        for (number, chunk) in users.chunks(CHUNK).enumerate() {
            let names: Vec<_> = chunk.iter().map(|(user, name)| json!([user, name.as_str()])).collect();
            self.publish(|| json!({ "here": names, "first": number == 0 }));
        }
    }

    pub(super) fn alive(&self, users: usize, has_subscribers: bool) {
        self.publish(|| json!({ "alive": users, "subscribers": has_subscribers }));
    }

    /// Forgets processes that are silent, and returns whether it is time to say something.
    pub(super) fn beat(&self) -> bool {
        let now = Instant::now();
        lock(&self.others).retain(|_, peer| peer.heard.is_some_and(|at| now - at < SILENCE));
        let mut said = lock(&self.said);
        let due = self.relay.get().is_some() && said.is_none_or(|at| now - at >= BEAT);
        if due {
            *said = Some(now);
        }
        due
    }

    pub(super) fn have(&self, user: UserId) -> bool {
        lock(&self.others).values().any(|peer| peer.users.contains_key(&user))
    }

    /// Whether somebody of this folded name is connected there.
    pub(super) fn have_name(&self, key: &str) -> bool {
        lock(&self.others).values().any(|peer| peer.users.values().any(|name| name.key() == key))
    }

    pub(super) fn have_subscribers(&self) -> bool {
        lock(&self.others).values().any(|peer| peer.has_subscribers)
    }

    /// Each user once.
    pub(super) fn users(&self) -> BTreeMap<UserId, Username> {
        let others = lock(&self.others);
        let users = others.values().flat_map(|peer| &peer.users);
        users.map(|(user, name)| (*user, name.clone())).collect()
    }

    /// Takes in what another process says. Texts of a newer program are ignored.
    pub(super) fn take_in(&self, sender: i64, text: &str) -> Option<News> {
        let said: Value = serde_json::from_str(text).ok()?;
        let mut others = lock(&self.others);
        if said.get("gone").is_some() {
            others.remove(&sender);
            return None;
        }
        let is_new = !others.contains_key(&sender);
        let peer = others.entry(sender).or_default();
        peer.heard = Some(Instant::now());
        let user = |member: &str| said.get(member).and_then(Value::as_i64).map(UserId::new);
        let text_of = |member: &str| said.get(member).and_then(Value::as_str);
        if let Some(message) = text_of("message") {
            let user = text_of("user").map(str::to_owned);
            return Some(News::Message(text_of("to")?.to_owned(), user, message.to_owned()));
        }
        if let Some(user) = user("joined") {
            let name = Username::parse(text_of("name")?).ok()?;
            let before = peer.users.insert(user, name.clone());
            return before.is_none().then_some(News::Joined(user, name));
        }
        if let Some(user) = user("left") {
            return peer.users.remove(&user).map(|name| News::Left(user, name));
        }
        if let Some(users) = said.get("here").and_then(Value::as_array) {
            if said.get("first") == Some(&json!(true)) {
                peer.users.clear();
            }
            let read = |pair: &Value| {
                Some((UserId::new(pair.get(0)?.as_i64()?), Username::parse(pair.get(1)?.as_str()?).ok()?))
            };
            peer.users.extend(users.iter().filter_map(read));
            return None;
        }
        if let Some(count) = said.get("alive").and_then(Value::as_u64) {
            peer.has_subscribers = said.get("subscribers") == Some(&json!(true));
            if count == 0 {
                peer.users.clear();
            }
            let differs = u64::try_from(peer.users.len()).is_ok_and(|known| known != count);
            if differs && !is_new {
                self.publish(|| json!({ "ask": true }));
            }
            return is_new.then_some(News::Asked);
        }
        said.get("ask").is_some().then_some(News::Asked)
    }
}

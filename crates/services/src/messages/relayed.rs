//! What other processes of the service say.

use std::sync::Arc;

use denizen_models::MessageKind;

use super::{
    CloseReason,
    hub::{DefaultMessageService, Hub},
    peers::News,
};
use crate::ports::{Relay, RelayReceiver};

impl DefaultMessageService {
    /// The same, connected with the services of other processes: messages and user events reach the clients of all of them,
    /// and each lists everybody who is connected.
    #[must_use]
    pub fn with_relay(self, relay: Arc<dyn Relay>) -> Self {
        relay.subscribe(Arc::clone(&self.hub) as Arc<dyn RelayReceiver>);
        self.hub.peers.set(relay);
        self
    }
}

impl RelayReceiver for Hub {
    fn received(&self, sender: i64, text: &str) {
        let news = self.peers.take_in(sender, text);
        match news {
            None => {}
            Some(News::Asked) => self.say_who_is_here(),
            Some(News::Message(to, user, text)) => {
                let text = Arc::from(text);
                self.with(|clients| {
                    let slow = match (to.as_str(), user) {
                        ("subscribers", _) => clients.tell_subscribers(&text),
                        ("user", Some(key)) => clients.tell_user(&key, &text).1,
                        ("all", _) => clients.tell_all(&text).1,
                        _ => Vec::new(),
                    };
                    self.end_all(clients, slow, CloseReason::TooSlow);
                });
            }
            Some(News::Joined(user, name)) => self.with(|clients| {
                if clients.count_of(user) == 0 {
                    self.presence(clients, MessageKind::UserJoined, &name);
                }
            }),
            Some(News::Left(user, name)) => self.with(|clients| {
                if clients.count_of(user) == 0 && !self.peers.have(user) {
                    self.presence(clients, MessageKind::UserLeft, &name);
                }
            }),
        }
    }
}

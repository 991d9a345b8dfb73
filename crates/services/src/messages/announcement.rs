//! What commits do to users: told to administrators who want to know, and taken from those who lost something by it.

use denizen_models::{MessageContent, UserId};
use serde_json::json;

use super::clients::{AuthSnapshot, Client};
use crate::ports::{
    UserEvent,
    store::{Change, Outcome},
};

/// Whether a connection ends.
type IsEnded = Box<dyn Fn(&Client) -> bool + Send>;

/// What a change means to those who are connected.
pub(super) struct Announcement {
    pub(super) user: UserId,
    /// What subscribers are told.
    event: Option<UserEvent>,
    /// Which connections of the user end.
    pub(super) ends: IsEnded,
}

impl Announcement {
    /// That the user is like this now; nobody is told.
    pub(super) fn of_snapshot(user: UserId, snapshot: Option<AuthSnapshot>) -> Self {
        Self { user, event: None, ends: unless(snapshot) }
    }

    /// What happened, and to whom. Who wants to know more asks for the user, and sees what they may see.
    pub(super) fn content(&self) -> Option<MessageContent> {
        let content = [("event", json!(self.event?.name())), ("user_id", json!(self.user))];
        Some(content.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// Returns what a committed change means to connections; `None` if nothing.
pub(super) fn announcement(change: &Change, outcome: &Outcome) -> Option<Announcement> {
    let event = UserEvent::of(change, outcome);
    let (user, ends): (_, IsEnded) = match *change {
        Change::UpdateUser { user, ref values, .. } => (user, unless(AuthSnapshot::of(values))),
        Change::DeleteUser { user, .. } => (user, Box::new(|_| true)),
        Change::RevokeSessions { user, except } => {
            (user, Box::new(move |client| Some(client.session) != except))
        }
        Change::RevokeSession { user, session } => (user, Box::new(move |client| client.session == session)),
        // Which sessions `TrimSessions` and `Purge` have ended only the store knows: `end_revoked` asks it.
        _ => (event?.user(), Box::new(|_| false)),
    };
    Some(Announcement { user, event, ends })
}

/// Those connections of a user end that were opened when the user was not like this; `None`: who can no longer sign in.
fn unless(snapshot: Option<AuthSnapshot>) -> IsEnded {
    Box::new(move |client| Some(&client.snapshot) != snapshot.as_ref())
}

//! What commits do to users: told to administrators who want to know, and taken from those who lost something by it.

use denizen_models::{MessageContent, UserId};
use serde_json::json;

use super::clients::{AuthSnapshot, Client};
use crate::ports::{
    store::{Change, Outcome, SessionId},
    user_events::UserEvent,
};

/// What a change means to those who are connected.
pub(super) struct Announcement {
    pub(super) user: UserId,
    /// What subscribers are told.
    event: Option<UserEvent>,
    pub(super) ends: Revoked,
}

/// Which connections of the user end.
pub(super) enum Revoked {
    Nothing,
    All,
    One(SessionId),
    AllBut(SessionId),
    /// Those of users who are no longer what they were.
    AllUnless(AuthSnapshot),
}

impl Revoked {
    /// For a user who is now like this; none: who can no longer sign in.
    pub(super) fn unless(snapshot: Option<AuthSnapshot>) -> Self {
        snapshot.map_or(Self::All, Self::AllUnless)
    }

    pub(super) fn include(&self, client: &Client) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::One(session) => client.session == *session,
            Self::AllBut(session) => client.session != *session,
            Self::AllUnless(snapshot) => client.snapshot != *snapshot,
        }
    }
}

impl Announcement {
    /// That the user is like this now; nobody is told.
    pub(super) fn of_snapshot(user: UserId, snapshot: Option<AuthSnapshot>) -> Self {
        Self { user, event: None, ends: Revoked::unless(snapshot) }
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
    let (user, ends) = match change {
        Change::UpdateUser { user, values, .. } => (*user, Revoked::unless(AuthSnapshot::of(values))),
        Change::DeleteUser { user, .. } => (*user, Revoked::All),
        Change::RevokeSessions { user, except } => (*user, except.map_or(Revoked::All, Revoked::AllBut)),
        Change::RevokeSession { user, session } => (*user, Revoked::One(*session)),
        // Which sessions `TrimSessions` and `Purge` have ended only the store knows: `end_revoked` asks it.
        _ => (event?.user(), Revoked::Nothing),
    };
    Some(Announcement { user, event, ends })
}

//! What commits do to users: told to administrators who want to know, and taken from those who lost something by it.

use denizen_models::{MessageContent, UserId};
use serde_json::json;

use super::{
    clients::{Client, Standing},
    hub::Hub,
};
use crate::ports::store::{Change, CommitObserver, Committed, Outcome, SessionId, UnitOfWork};

/// What a change means to those who are connected.
pub(super) struct News {
    pub(super) user: UserId,
    /// What subscribers are told.
    event: Option<&'static str>,
    pub(super) ends: Ends,
}

/// Which connections of the user end.
pub(super) enum Ends {
    Nothing,
    All,
    One(SessionId),
    AllBut(SessionId),
    /// Those of users who are no longer what they were.
    AllUnless(Standing),
}

impl Ends {
    /// For a user who is now like this; none: who can no longer sign in.
    pub(super) fn unless(standing: Option<Standing>) -> Self {
        standing.map_or(Self::All, Self::AllUnless)
    }

    pub(super) fn include(&self, client: &Client) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::One(session) => client.session == *session,
            Self::AllBut(session) => client.session != *session,
            Self::AllUnless(standing) => client.standing != *standing,
        }
    }
}

impl News {
    /// That the user is like this now; nobody is told.
    pub(super) fn standing(user: UserId, standing: Option<Standing>) -> Self {
        Self { user, event: None, ends: Ends::unless(standing) }
    }

    /// What happened, and to whom. Who wants to know more asks for the user, and sees what they may see.
    pub(super) fn content(&self) -> Option<MessageContent> {
        let content = [("event", json!(self.event?)), ("user_id", json!(self.user))];
        Some(content.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl CommitObserver for Hub {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        let outcomes = work.changes().iter().zip(&committed.0);
        self.announce(outcomes.filter_map(|(change, outcome)| news(change, outcome)));
    }
}

fn news(change: &Change, outcome: &Outcome) -> Option<News> {
    let (user, event, ends) = match change {
        Change::InsertUser { .. } => match outcome {
            Outcome::User(user) => (*user, Some("user.created"), Ends::Nothing),
            Outcome::Done | Outcome::Session(_) | Outcome::Job(_) | Outcome::Count(_) => return None,
        },
        Change::UpdateUser { user, values, .. } => {
            (*user, Some("user.updated"), Ends::unless(Standing::of(values)))
        }
        Change::VerifyEmail { user, .. } => (*user, Some("user.updated"), Ends::Nothing),
        Change::SetPassword { user, .. } => (*user, Some("user.password_changed"), Ends::Nothing),
        Change::DeleteUser { user, .. } => (*user, Some("user.deleted"), Ends::All),
        Change::RevokeSessions { user, except } => (*user, None, except.map_or(Ends::All, Ends::AllBut)),
        Change::RevokeSession { user, session } => (*user, None, Ends::One(*session)),
        // Which sessions `TrimSessions` and `Purge` have ended only the store knows: `sweep` asks it.
        Change::TrimSessions { .. }
        | Change::Purge(_)
        | Change::ExpectUser { .. }
        | Change::ExpectLease(_)
        | Change::ExpectOtherAdministrator { .. }
        | Change::TakeFromBucket { .. }
        | Change::ResetBucket { .. }
        | Change::Rehash { .. }
        | Change::PutToken { .. }
        | Change::ConsumeToken { .. }
        | Change::RevokeTokens { .. }
        | Change::InsertSession(_)
        | Change::PutRegistration { .. }
        | Change::PutRegistrationToken { .. }
        | Change::ConsumeRegistration { .. }
        | Change::DropRegistration { .. }
        | Change::EnqueueMail(_)
        | Change::RetryMail { .. }
        | Change::DropMail { .. }
        | Change::Record(_) => return None,
    };
    Some(News { user, event, ends })
}

//! What commits do to users, told to administrators who want to know.

use denizen_models::UserId;
use serde_json::json;

use super::hub::Hub;
use crate::store::{Change, CommitObserver, Committed, Outcome, UnitOfWork};

impl CommitObserver for Hub {
    fn committed(&self, work: &UnitOfWork, committed: &Committed) {
        // Nearly always there is nobody: then a commit costs one look.
        if !self.has_subscribers() {
            return;
        }
        for (change, outcome) in work.changes().iter().zip(&committed.0) {
            if let Some((event, user)) = event(change, outcome) {
                let content = [("event", json!(event)), ("user_id", json!(user))];
                self.tell_subscribers(
                    content.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                );
            }
        }
    }
}

/// The name of what happened, and to whom. Who wants to know more asks for the user, and sees what they may see.
fn event(change: &Change, outcome: &Outcome) -> Option<(&'static str, UserId)> {
    match change {
        Change::InsertUser { .. } => match outcome {
            Outcome::User(user) => Some(("user.created", *user)),
            Outcome::Done | Outcome::Session(_) | Outcome::Job(_) | Outcome::Count(_) => None,
        },
        Change::UpdateUser { user, .. } | Change::VerifyEmail { user, .. } => Some(("user.updated", *user)),
        Change::SetPassword { user, .. } => Some(("user.password_changed", *user)),
        Change::DeleteUser { user, .. } => Some(("user.deleted", *user)),
        Change::ExpectUser { .. }
        | Change::ExpectLease(_)
        | Change::TakeFromBucket { .. }
        | Change::PutToken { .. }
        | Change::ConsumeToken { .. }
        | Change::RevokeTokens { .. }
        | Change::InsertSession(_)
        | Change::RevokeSessions { .. }
        | Change::EnqueueMail(_)
        | Change::Record(_) => None,
    }
}

//! Sessions.

use denizen_models::UserId;

use crate::state::{State, require};
use denizen_services::store::{CommitError, NewSession, Precondition, Session, SessionId};

impl State {
    pub fn insert_session(&mut self, opened: NewSession) -> Result<SessionId, CommitError> {
        self.existing(opened.user)?;
        let id = SessionId(self.next_id());
        self.session_by_token.insert(opened.token, id);
        self.sessions_of_user.insert((opened.user, id), ());
        let last_seen_at = opened.created_at;
        self.sessions.insert(id, Session { id, opened, last_seen_at });
        Ok(id)
    }

    pub fn revoke_sessions(&mut self, user: UserId, except: Option<SessionId>) -> u64 {
        let ids: Vec<_> = self.sessions_of(user).map(|session| session.id).collect();
        self.remove_sessions(ids.into_iter().filter(|id| Some(*id) != except))
    }

    pub fn revoke_session(&mut self, user: UserId, session: SessionId) -> Result<(), CommitError> {
        require(self.sessions_of_user.get(&(user, session)), Precondition::Session)?;
        self.remove_sessions([session]);
        Ok(())
    }

    pub fn trim_sessions(&mut self, user: UserId, keep: u32) -> u64 {
        let mut mine: Vec<_> =
            self.sessions_of(user).map(|session| (session.last_seen_at, session.id)).collect();
        mine.sort_unstable();
        let surplus = mine.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
        self.remove_sessions(mine.into_iter().take(surplus).map(|(_, id)| id))
    }

    pub fn remove_sessions(&mut self, sessions: impl IntoIterator<Item = SessionId>) -> u64 {
        let mut removed = 0;
        for id in sessions {
            if let Some(session) = self.sessions.remove(&id) {
                self.sessions_of_user.remove(&(session.opened.user, id));
                self.session_by_token.remove(&session.opened.token);
                removed += 1;
            }
        }
        removed
    }

    /// Oldest first.
    pub fn sessions_of(&self, user: UserId) -> impl Iterator<Item = &Session> {
        let all = (user, SessionId(i64::MIN))..=(user, SessionId(i64::MAX));
        self.sessions_of_user.range(all).filter_map(|((_, id), ())| self.sessions.get(id))
    }
}

//! Removing what is of no use any more.

use crate::state::State;
use denizen_services::store::Purge;

impl State {
    pub fn purge(&mut self, purge: &Purge) -> u64 {
        let Purge { expired_at, sessions_unseen_since, dead_mail_before, audit_before, limit } = *purge;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);

        let tokens = self.tokens.rows().iter().filter(|(_, token)| token.expires_at <= expired_at);
        let tokens = oldest(tokens.map(|(key, token)| (token.expires_at, (*key, token.user))), limit);
        let mut removed = tokens.len();
        for ((purpose, hash), user) in tokens {
            self.tokens.remove(&(purpose, hash));
            self.token_of_user.remove(&(user, purpose));
        }

        let sessions = self.sessions.rows().values();
        let over = sessions.clone().filter(|session| session.opened.expires_at <= expired_at);
        let over = oldest(over.map(|session| (session.opened.expires_at, session.id)), limit);
        removed += over.len();
        self.remove_sessions(over);
        let sessions = self.sessions.rows().values();
        let unseen = sessions.filter(|session| session.last_seen_at < sessions_unseen_since);
        let unseen = oldest(unseen.map(|session| (session.last_seen_at, session.id)), limit);
        removed += unseen.len();
        self.remove_sessions(unseen);

        let void = self.registrations.rows().iter();
        let void = void.filter(|(_, row)| row.registration.expires_at <= expired_at);
        let void = oldest(void.map(|(key, row)| (row.registration.expires_at, key.clone())), limit);
        removed += void.len();
        for address in void {
            self.remove_registration(&address);
        }

        let dead = self.jobs.rows().iter().filter_map(|(id, job)| Some((job.dead_since()?, *id)));
        let dead = oldest(dead.filter(|(since, _)| *since < dead_mail_before), limit);
        removed += dead.len();
        for job in dead {
            self.remove_job(job);
        }

        let old = self.audit.rows().iter();
        let old = old.filter(|(_, event)| audit_before.is_some_and(|before| event.at < before));
        let old = oldest(old.map(|(id, event)| (event.at, *id)), limit);
        removed += old.len();
        for id in old {
            self.audit.remove(&id);
        }
        u64::try_from(removed).unwrap_or(u64::MAX)
    }
}

fn oldest<T: Ord, K: Ord>(rows: impl Iterator<Item = (T, K)>, limit: usize) -> Vec<K> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    rows.truncate(limit);
    rows.into_iter().map(|(_, key)| key).collect()
}

//! Removing what is of no use any more.

use chrono::{DateTime, Utc};
use denizen_services::store::Purge;

use crate::state::State;

impl State {
    pub fn purge(&mut self, purge: &Purge) -> u64 {
        let Purge { expired_at, sessions_unseen_since, dead_mail_before, audit_before, .. } = *purge;
        let limit = usize::try_from(purge.limit).unwrap_or(usize::MAX);
        let expired = |at| at <= expired_at;
        let mut removed = 0;

        let tokens = self.tokens.iter();
        let tokens = tokens.map(|((purpose, _), token)| (token.expires_at, (token.user, *purpose)));
        for (user, purpose) in oldest(tokens, expired, limit) {
            removed += u64::from(self.remove_token(user, purpose).is_some());
        }
        let over = self.sessions.values().map(|session| (session.opened.expires_at, session.id));
        removed += self.remove_sessions(oldest(over, expired, limit));
        let unseen = self.sessions.values().map(|session| (session.last_seen_at, session.id));
        removed += self.remove_sessions(oldest(unseen, |at| at < sessions_unseen_since, limit));

        let void = self.registrations.iter().map(|(key, row)| (row.registration.expires_at, key.clone()));
        for address in oldest(void, expired, limit) {
            removed += u64::from(self.remove_registration(&address).is_some());
        }
        let dead = self.jobs.values().map(|job| &job.queued).filter(|job| job.dead);
        for job in oldest(dead.map(|job| (job.requested_at, job.id)), |at| at < dead_mail_before, limit) {
            removed += u64::from(self.remove_job(job).is_some());
        }
        let old = |at| audit_before.is_some_and(|before| at < before);
        for id in oldest(self.audit.iter().map(|(id, event)| (event.at, *id)), old, limit) {
            removed += u64::from(self.audit.remove(&id).is_some());
        }
        let living = self.jobs.values().map(|job| &job.queued).filter(|job| !job.dead);
        for job in oldest(living.map(|job| (job.due_at, job.id)), |at| at > purge.mail_due_by, limit) {
            removed += u64::from(self.jobs.change(job, |job| job.queued.due_at = expired_at).is_some());
        }
        let freed = self.freed_names.iter().map(|(name, (_, at))| (*at, *name));
        for name in oldest(freed, |at| at <= purge.usernames_freed_until, limit) {
            removed += u64::from(self.freed_names.remove(&name).is_some());
        }
        removed
    }
}

/// The keys of the rows whose time is over, at most `limit` of them, the oldest first.
fn oldest<K: Ord>(
    rows: impl Iterator<Item = (DateTime<Utc>, K)>,
    is_over: impl Fn(DateTime<Utc>) -> bool,
    limit: usize,
) -> Vec<K> {
    let mut rows: Vec<_> = rows.filter(|(at, _)| is_over(*at)).collect();
    rows.sort_unstable();
    rows.truncate(limit);
    rows.into_iter().map(|(_, key)| key).collect()
}

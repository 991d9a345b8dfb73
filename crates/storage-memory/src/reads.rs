//! Reading.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Included, Unbounded},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId, Username, fold};

use crate::{InMemoryStore, rows::UserRow, state::State};
use denizen_services::{
    PasswordHash, TokenHash, TokenPurpose,
    store::{
        AuditQuery, AuditRecord, Credentials, Cursor, MailCounts, MailQuery, PageRequest, PasswordScheme,
        QueuedMail, ReadStore, Recipient, Registration, ServiceKey, Session, SessionId, SessionValidity,
        StoreFailure, StoredToken, UserFilter, UserPage, UserSort,
    },
};

/// A needle of fewer characters is looked for at the beginning only; the trigram indexes of the other stores
/// cannot find it elsewhere.
const SHORTEST_SUBSTRING: usize = 3;

#[async_trait]
impl ReadStore for InMemoryStore {
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreFailure> {
        Ok(self.state().user(id))
    }

    async fn find_user_by_username(&self, username: &Username) -> Result<Option<User>, StoreFailure> {
        let state = self.state();
        Ok(state.usernames.get(username.key()).and_then(|id| state.user(*id)))
    }

    async fn find_user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StoreFailure> {
        let state = self.state();
        Ok(state.emails.get(email.key()).and_then(|id| state.user(*id)))
    }

    async fn find_credentials(&self, user: UserId) -> Result<Option<Credentials>, StoreFailure> {
        let credentials = |row: &UserRow| Credentials {
            hash: row.password.clone(),
            security_version: row.user.security_version,
            password_version: row.password_version,
            failed_attempts: row.failed_attempts,
        };
        Ok(self.state().users.get(&user).map(credentials))
    }

    async fn list_password_schemes(&self) -> Result<Vec<PasswordScheme>, StoreFailure> {
        let mut users = BTreeMap::<String, u64>::new();
        for hash in self.state().users.values().filter_map(|row| row.password.as_ref()) {
            *users.entry(hash.scheme().expose().to_owned()).or_default() += 1;
        }
        let scheme = |(scheme, users)| PasswordScheme { scheme: PasswordHash::new(scheme), users };
        Ok(users.into_iter().map(scheme).collect())
    }

    async fn list_sample_passwords(&self) -> Result<Vec<User>, StoreFailure> {
        let state = self.state();
        let marked = state.users.values().filter(|row| row.sample_password);
        Ok(marked.take(100).map(|row| row.user.clone()).collect())
    }

    async fn list_users(&self, filter: &UserFilter, page: &PageRequest) -> Result<UserPage, StoreFailure> {
        page.check(filter)?;
        let state = self.state();
        let matching =
            state.users_behind(page.sort, page.after.as_ref()).filter(|user| matches(filter, user));
        let mut users: Vec<User> = matching.take(page.limit.saturating_add(1)).cloned().collect();
        let more = users.len() > page.limit;
        users.truncate(page.limit);
        for user in &mut users {
            (user.values.user_metadata, user.values.app_metadata) = Default::default();
        }
        let next = users.last().filter(|_| more).map(|user| Cursor::at(page.sort, user));
        Ok(UserPage { users, next })
    }

    async fn count_users(&self, filter: &UserFilter) -> Result<u64, StoreFailure> {
        Ok(self.state().users.values().filter(|row| matches(filter, &row.user)).map(|_| 1).sum())
    }

    async fn find_token(
        &self,
        purpose: TokenPurpose,
        hash: &TokenHash,
    ) -> Result<Option<StoredToken>, StoreFailure> {
        Ok(self.state().tokens.get(&(purpose, *hash)).cloned())
    }

    async fn list_tokens(&self, user: UserId) -> Result<Vec<(TokenPurpose, StoredToken)>, StoreFailure> {
        let state = self.state();
        let token = |purpose| {
            let hash = state.token_of_user.get(&(user, purpose))?;
            Some((purpose, state.tokens.get(&(purpose, *hash))?.clone()))
        };
        Ok(TokenPurpose::ALL.into_iter().filter_map(token).collect())
    }

    async fn find_session(&self, token: &TokenHash) -> Result<Option<Session>, StoreFailure> {
        let state = self.state();
        Ok(state.session_by_token.get(token).and_then(|id| state.sessions.get(id)).cloned())
    }

    async fn find_session_by_id(&self, id: SessionId) -> Result<Option<Session>, StoreFailure> {
        Ok(self.state().sessions.get(&id).cloned())
    }

    async fn list_sessions(&self, user: UserId) -> Result<Vec<Session>, StoreFailure> {
        Ok(self.state().sessions_of(user).cloned().collect())
    }

    async fn list_ended_sessions(
        &self,
        sessions: &[SessionId],
        validity: SessionValidity,
    ) -> Result<Vec<SessionId>, StoreFailure> {
        let state = self.state();
        let is_open = |session: &Session| {
            session.opened.expires_at > validity.now && session.last_seen_at > validity.unseen_since
        };
        let ended = |session: &SessionId| !state.sessions.get(session).is_some_and(is_open);
        Ok(sessions.iter().copied().filter(ended).collect())
    }

    async fn find_key(&self, hash: &TokenHash) -> Result<Option<ServiceKey>, StoreFailure> {
        let state = self.state();
        Ok(state.key_by_hash.get(hash).and_then(|id| state.keys.get(id)).cloned())
    }

    async fn list_keys(&self) -> Result<Vec<ServiceKey>, StoreFailure> {
        Ok(self.state().keys.values().take(1000).cloned().collect())
    }

    async fn find_registration(&self, token: &TokenHash) -> Result<Option<Registration>, StoreFailure> {
        Ok(self.state().registration(token).cloned())
    }

    async fn find_earliest_audit_time(&self) -> Result<Option<DateTime<Utc>>, StoreFailure> {
        Ok(self.state().audit.values().map(|event| event.at).min())
    }

    async fn list_audit_records(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreFailure> {
        let state = self.state();
        let records = state.audit.iter().rev();
        let records = records.map(|(id, event)| AuditRecord { id: *id, event: event.clone() });
        Ok(records.filter(|record| query.matches(record)).take(query.limit).collect())
    }

    async fn list_mail_jobs(&self, query: &MailQuery) -> Result<Vec<QueuedMail>, StoreFailure> {
        let state = self.state();
        let behind = state.jobs.range((query.after.map_or(Unbounded, Excluded), Unbounded));
        let matching = behind.filter(|(_, job)| query.dead.is_none_or(|dead| dead == job.queued.dead));
        Ok(matching.take(query.limit).map(|(_, job)| job.queued.clone()).collect())
    }

    async fn list_mail_jobs_for(&self, user: UserId, address: &str) -> Result<Vec<QueuedMail>, StoreFailure> {
        let state = self.state();
        let is_for = |job: &QueuedMail| match job.mail.recipient() {
            Recipient::Address(other) => other == address,
            Recipient::User(other) | Recipient::UserAt(other, _) => other == user,
        };
        Ok(state.jobs.values().map(|job| &job.queued).filter(|job| is_for(job)).cloned().collect())
    }

    async fn count_mail_jobs(&self, now: DateTime<Utc>, limit: usize) -> Result<MailCounts, StoreFailure> {
        Ok(self.state().count_mail_jobs(now, limit))
    }

    async fn ping(&self) -> Result<(), StoreFailure> {
        Ok(())
    }
}

impl State {
    fn user(&self, id: UserId) -> Option<User> {
        self.users.get(&id).map(|row| row.user.clone())
    }

    /// All users in an order, beginning behind a bookmark. Every step costs the logarithm of their number.
    fn users_behind<'a>(
        &'a self,
        sort: UserSort,
        after: Option<&'a Cursor>,
    ) -> Box<dyn Iterator<Item = &'a User> + 'a> {
        let (users, usernames) = (&self.users, &self.usernames);
        let id = after.map(|cursor| cursor.id);
        let key = after.map(|cursor| cursor.key.as_str());
        // A name can have passed from one user to another since the bookmark was set; ids break the tie.
        let seen = after.map(|cursor| (cursor.key.as_str(), cursor.id));
        let by_name = |(_, id): (&'a String, &'a UserId)| self.users.get(id).map(|row| &row.user);
        match sort {
            UserSort::Id => {
                let behind = users.range((id.map_or(Unbounded, Excluded), Unbounded));
                Box::new(behind.map(|(_, row)| &row.user))
            }
            UserSort::IdDescending => {
                let behind = users.range((Unbounded, id.map_or(Unbounded, Excluded)));
                Box::new(behind.rev().map(|(_, row)| &row.user))
            }
            UserSort::Username => {
                let behind = usernames.range::<str, _>((key.map_or(Unbounded, Included), Unbounded));
                let unseen =
                    behind.filter(move |(key, id)| seen.is_none_or(|seen| (key.as_str(), **id) > seen));
                Box::new(unseen.filter_map(by_name))
            }
            UserSort::UsernameDescending => {
                let behind = usernames.range::<str, _>((Unbounded, key.map_or(Unbounded, Included)));
                let unseen =
                    behind.filter(move |(key, id)| seen.is_none_or(|seen| (key.as_str(), **id) < seen));
                Box::new(unseen.rev().filter_map(by_name))
            }
        }
    }
}

fn matches(filter: &UserFilter, user: &User) -> bool {
    let values = &user.values;
    filter.active.is_none_or(|active| values.active == active)
        && filter.role.as_ref().is_none_or(|role| values.roles.contains(role))
        && (filter.search.is_empty() || found(filter, user))
}

fn found(filter: &UserFilter, user: &User) -> bool {
    let (needle, values) = (filter.search.as_str(), &user.values);
    let anywhere = needle.chars().count() >= SHORTEST_SUBSTRING;
    let hit = |text: &str| if anywhere { text.contains(needle) } else { text.starts_with(needle) };
    hit(values.username.key())
        || hit(&fold(&values.first_name))
        || hit(&fold(&values.last_name))
        || filter.search_email && hit(values.email.key())
}

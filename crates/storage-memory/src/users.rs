//! The changes of users.

use chrono::{DateTime, Utc};
use denizen_models::{ADMIN_ROLE, User, UserId, UserValues};

use crate::{
    rows::UserRow,
    state::{State, require},
};
use denizen_services::{
    PasswordHash,
    store::{
        Authority, ClientKind, CommitError, FailedAttempts, NameKey, Precondition, Session, SessionValidity,
        UniqueKey, UnsentMail,
    },
};

impl State {
    /// `user`, if it exists.
    pub fn existing(&self, user: UserId) -> Result<UserId, CommitError> {
        require(self.users.get(&user), Precondition::User).map(|_| user)
    }

    pub fn authorize(&self, authority: &Authority) -> Result<(), CommitError> {
        let (user, session, SessionValidity { now, unseen_since }, role) = match *authority {
            Authority::User { user, session, validity, role } => (user, session, validity, role),
            Authority::Key { key, now, scopes } => return self.authorize_key(key, now, scopes),
        };
        let is_live = |session: &Session| {
            session.opened.user == user
                && session.opened.expires_at > now
                && session.last_seen_at > unseen_since
        };
        let signed_in = session.is_none_or(|session| self.sessions.get(&session).is_some_and(is_live));
        let row = self.users.get(&user).filter(|row| row.user.values.active && signed_in);
        let roles = &require(row, Precondition::Actor)?.user.values.roles;
        let has_role = role.is_none_or(|role| roles.iter().any(|own| own == role));
        require(has_role.then_some(()), Precondition::Role)
    }

    pub fn expect_user(&self, user: UserId, security_version: i64) -> Result<(), CommitError> {
        let row = self.users.get(&user).filter(|row| row.user.security_version == security_version);
        require(row, Precondition::User).map(|_| ())
    }

    pub fn expect_other_administrator(&self, user: UserId) -> Result<(), CommitError> {
        let is_one = |row: &UserRow| {
            row.user.id != user
                && row.user.values.active
                && row.password.is_some()
                && row.user.values.roles.iter().any(|role| role == ADMIN_ROLE)
        };
        require(self.users.values().find(|row| is_one(row)), Precondition::Administrator).map(|_| ())
    }

    pub fn insert_user(
        &mut self,
        values: UserValues,
        password: Option<PasswordHash>,
        at: DateTime<Utc>,
    ) -> Result<UserId, CommitError> {
        self.expect_unique(&values, None)?;
        let id = self.next_user();
        self.usernames.insert(values.username.key().to_owned(), id);
        self.emails.insert(values.email.key().to_owned(), id);
        let user = User { id, values, created_at: at, updated_at: at, revision: 1, security_version: 1 };
        let (failed_attempts, sample_password) = Default::default();
        self.users
            .insert(id, UserRow { user, password, password_version: 1, failed_attempts, sample_password });
        Ok(id)
    }

    pub fn update_user(
        &mut self,
        id: UserId,
        revision: i64,
        values: UserValues,
        at: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let row = self.users.get(&id).filter(|row| row.user.revision == revision);
        let old = require(row, Precondition::User)?.user.values.clone();
        self.expect_unique(&values, Some(id))?;
        self.usernames.remove(&old.username.key().to_owned());
        self.emails.remove(&old.email.key().to_owned());
        self.usernames.insert(values.username.key().to_owned(), id);
        self.emails.insert(values.email.key().to_owned(), id);
        let sensitive =
            |values: &UserValues| (values.email.key().to_owned(), values.active, values.roles.clone());
        self.users.change(id, |UserRow { user, .. }| {
            if sensitive(&old) != sensitive(&values) {
                user.security_version += 1;
            }
            user.values = values;
            user.revision += 1;
            user.updated_at = at;
        });
        Ok(())
    }

    /// The user name is looked at first: every store names the same conflict.
    fn expect_unique(&self, values: &UserValues, but_for: Option<UserId>) -> Result<(), CommitError> {
        let taken = |holder: Option<&UserId>| holder.is_some_and(|id| Some(*id) != but_for);
        if taken(self.usernames.get(values.username.key())) {
            return Err(CommitError::Conflict(UniqueKey::Username));
        }
        if taken(self.emails.get(values.email.key())) {
            return Err(CommitError::Conflict(UniqueKey::Email));
        }
        Ok(())
    }

    pub fn set_password(
        &mut self,
        id: UserId,
        hash: PasswordHash,
        security_version: i64,
        at: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        self.expect_user(id, security_version)?;
        self.users.change(id, |row| {
            row.password = Some(hash);
            row.sample_password = false;
            row.user.revision += 1;
            row.user.security_version += 1;
            row.user.updated_at = at;
            row.password_version = row.user.security_version;
            row.failed_attempts = FailedAttempts::default();
        });
        Ok(())
    }

    pub fn count_failed_attempt(&mut self, user: Option<UserId>, client: ClientKind) {
        if let Some(user) = user {
            self.users.change(user, |UserRow { failed_attempts, .. }| match client {
                ClientKind::Stranger => failed_attempts.stranger += 1,
                ClientKind::Known => failed_attempts.known += 1,
            });
        }
    }

    pub fn clear_failed_attempts(
        &mut self,
        user: UserId,
        client: ClientKind,
        below: u32,
    ) -> Result<(), CommitError> {
        let row = self.users.get(&user).filter(|row| row.failed_attempts.by(client) < below);
        require(row, Precondition::FailedAttempts)?;
        self.users.change(user, |row| row.failed_attempts = FailedAttempts::default());
        Ok(())
    }

    pub fn rehash(&mut self, user: UserId, hash: PasswordHash, version: i64) -> Result<(), CommitError> {
        self.expect_user(user, version)?;
        self.users.change(user, |row| row.password = Some(hash));
        Ok(())
    }

    pub fn mark_sample_password(&mut self, user: UserId) {
        self.users.change(user, |row| row.sample_password = true);
    }

    pub fn expect_username(
        &self,
        name: NameKey,
        user: Option<UserId>,
        since: DateTime<Utc>,
    ) -> Result<(), CommitError> {
        let reserved = self.freed_names.get(&name);
        let other = reserved.is_some_and(|(owner, at)| Some(*owner) != user && *at > since);
        require((!other).then_some(()), Precondition::Username)
    }

    pub fn reserve_username(&mut self, name: NameKey, user: UserId, at: DateTime<Utc>, keep: u32) {
        self.freed_names.insert(name, (user, at));
        let own = self.freed_names.iter().filter(|(_, (owner, _))| *owner == user);
        let mut own: Vec<_> = own.map(|(name, (_, at))| (*at, *name)).collect();
        own.sort_unstable();
        own.truncate(own.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX)));
        for (_, name) in own {
            self.freed_names.remove(&name);
        }
    }

    pub fn verify_email(&mut self, id: UserId, at: DateTime<Utc>) {
        self.users.change(id, |UserRow { user, .. }| {
            if !user.values.email_verified {
                user.values.email_verified = true;
                user.revision += 1;
                user.updated_at = at;
            }
        });
    }

    pub fn delete_user(&mut self, id: UserId, revision: Option<i64>) -> Result<Vec<UnsentMail>, CommitError> {
        let expected = |row: &UserRow| revision.is_none_or(|revision| row.user.revision == revision);
        let UserRow { user, .. } = require(self.users.remove(&id).filter(expected), Precondition::User)?;
        self.usernames.remove(&user.values.username.key().to_owned());
        self.emails.remove(&user.values.email.key().to_owned());
        self.revoke_tokens(id);
        self.revoke_sessions(id, None);
        Ok(self.remove_jobs_of(id))
    }
}

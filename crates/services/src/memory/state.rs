//! What is in the store, and how a unit of work changes it.

use chrono::{DateTime, Utc};
use denizen_models::{User, UserId};

use super::{
    mail::Job,
    table::{Journal, Table},
};
use crate::{
    hashing::PasswordHash,
    store::{
        AuditEvent, BucketKey, Change, Committed, MailJobId, MailKind, NewSession, Outcome, Precondition,
        Session, SessionId, StoreError, StoredToken, UnitOfWork,
    },
    tokens::{TokenHash, TokenPurpose},
};

#[derive(Clone)]
pub struct UserRow {
    pub user: User,
    pub password: Option<PasswordHash>,
}

#[derive(Default)]
pub struct State {
    /// The last numbers that were given: they never go back, not even with a failed unit.
    last_user: i64,
    /// Of sessions, jobs and audit records together.
    last_id: i64,
    pub users: Table<UserId, UserRow>,
    /// By [`denizen_models::Username::key`].
    pub usernames: Table<String, UserId>,
    /// By [`denizen_models::EmailAddress::key`].
    pub emails: Table<String, UserId>,
    pub tokens: Table<(TokenPurpose, TokenHash), StoredToken>,
    pub token_of_user: Table<(UserId, TokenPurpose), TokenHash>,
    pub sessions: Table<SessionId, Session>,
    pub session_by_token: Table<TokenHash, SessionId>,
    pub sessions_of_user: Table<(UserId, SessionId), ()>,
    pub jobs: Table<MailJobId, Job>,
    pub job_for_address: Table<(MailKind, String), MailJobId>,
    pub audit: Table<i64, AuditEvent<UserId>>,
    /// When each will be full again, in microseconds since 1970.
    pub buckets: Table<BucketKey, i64>,
    pub buckets_by_time: Table<(i64, BucketKey), ()>,
}

impl State {
    pub fn commit(&mut self, work: &UnitOfWork) -> Result<Committed, StoreError> {
        work.check()?;
        // A unit that panicked left its changes in the journals.
        self.undo();
        let applied = self.apply_all(work);
        if applied.is_ok() {
            self.keep();
        } else {
            self.undo();
        }
        applied
    }

    /// Forgets how it was before: the unit is applied.
    pub fn keep(&mut self) {
        self.journals().into_iter().for_each(Journal::keep);
    }

    fn undo(&mut self) {
        self.journals().into_iter().for_each(Journal::undo);
    }

    fn journals(&mut self) -> [&mut dyn Journal; 13] {
        [
            &mut self.users,
            &mut self.usernames,
            &mut self.emails,
            &mut self.tokens,
            &mut self.token_of_user,
            &mut self.sessions,
            &mut self.session_by_token,
            &mut self.sessions_of_user,
            &mut self.jobs,
            &mut self.job_for_address,
            &mut self.audit,
            &mut self.buckets,
            &mut self.buckets_by_time,
        ]
    }

    pub fn next_user(&mut self) -> UserId {
        self.last_user += 1;
        UserId::new(self.last_user)
    }

    pub fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    fn apply_all(&mut self, work: &UnitOfWork) -> Result<Committed, StoreError> {
        let mut created = None;
        let mut outcomes = Vec::with_capacity(work.changes().len());
        for change in work.changes() {
            let outcome = self.apply(change, created)?;
            if let Outcome::User(user) = outcome {
                created = Some(user);
            }
            outcomes.push(outcome);
        }
        Ok(Committed(outcomes))
    }

    fn apply(&mut self, change: &Change, created: Option<UserId>) -> Result<Outcome, StoreError> {
        match change {
            Change::ExpectUser { user, security_version } => self.expect_user(*user, *security_version)?,
            Change::ExpectLease(lease) => self.expect_lease(*lease)?,
            Change::TakeFromBucket { bucket, quota, now, capacity } => {
                self.take_from_bucket(*bucket, *quota, *now, *capacity)?;
            }
            Change::InsertUser { values, password, at } => {
                return self.insert_user(values, password.as_ref(), *at).map(Outcome::User);
            }
            Change::UpdateUser { user, revision, values, at } => {
                self.update_user(*user, *revision, values, *at)?;
            }
            Change::SetPassword { user, hash, security_version, at } => {
                self.expect_user(*user, *security_version)?;
                self.set_password(*user, hash, *at);
            }
            Change::VerifyEmail { user, at } => self.verify_email(*user, *at),
            Change::DeleteUser { user, revision } => self.delete_user(*user, *revision)?,
            Change::PutToken { user, purpose, hash, expires_at } => {
                let user = self.existing(user.resolve(created)?)?;
                self.put_token(*purpose, *hash, StoredToken { user, expires_at: *expires_at });
            }
            Change::ConsumeToken { user, purpose, hash, now } => {
                self.consume_token(*user, *purpose, *hash, *now)?;
            }
            Change::RevokeTokens { user } => return Ok(Outcome::Count(self.revoke_tokens(*user))),
            Change::InsertSession(session) => return self.insert_session(session).map(Outcome::Session),
            Change::RevokeSessions { user, except } => {
                return Ok(Outcome::Count(self.revoke_sessions(*user, *except)));
            }
            Change::EnqueueMail(job) => {
                return self.enqueue_mail(job, job.recipient.resolve(created)?).map(Outcome::Job);
            }
            Change::Record(event) => {
                let target = event.target.map(|target| target.resolve(created)).transpose()?;
                let AuditEvent { kind, at, actor, target: _, ip, request_id } = event.clone();
                let id = self.next_id();
                self.audit.insert(id, AuditEvent { kind, at, actor, target, ip, request_id });
            }
        }
        Ok(Outcome::Done)
    }

    fn put_token(&mut self, purpose: TokenPurpose, hash: TokenHash, token: StoredToken) {
        if let Some(old) = self.token_of_user.get(&(token.user, purpose)).copied() {
            self.tokens.remove(&(purpose, old));
        }
        self.token_of_user.insert((token.user, purpose), hash);
        self.tokens.insert((purpose, hash), token);
    }

    fn consume_token(
        &mut self,
        user: UserId,
        purpose: TokenPurpose,
        hash: TokenHash,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let key = (purpose, hash);
        let alive = self.tokens.get(&key).is_some_and(|token| token.user == user && now < token.expires_at);
        if !alive {
            return Err(StoreError::PreconditionFailed(Precondition::Token));
        }
        self.tokens.remove(&key);
        self.token_of_user.remove(&(user, purpose));
        Ok(())
    }

    pub fn revoke_tokens(&mut self, user: UserId) -> u64 {
        let mut revoked = 0;
        for purpose in TokenPurpose::ALL {
            if let Some(hash) = self.token_of_user.remove(&(user, purpose)) {
                self.tokens.remove(&(purpose, hash));
                revoked += 1;
            }
        }
        revoked
    }

    fn insert_session(&mut self, opened: &NewSession) -> Result<SessionId, StoreError> {
        self.existing(opened.user)?;
        let id = SessionId(self.next_id());
        let session = Session { id, opened: opened.clone(), last_seen_at: opened.created_at };
        self.session_by_token.insert(opened.token, id);
        self.sessions_of_user.insert((opened.user, id), ());
        self.sessions.insert(id, session);
        Ok(id)
    }

    pub fn revoke_sessions(&mut self, user: UserId, except: Option<SessionId>) -> u64 {
        let all = (user, SessionId(i64::MIN))..=(user, SessionId(i64::MAX));
        let ids: Vec<_> = self.sessions_of_user.rows().range(all).map(|(&(_, id), ())| id).collect();
        let mut revoked = 0;
        for id in ids.into_iter().filter(|id| Some(*id) != except) {
            self.sessions_of_user.remove(&(user, id));
            if let Some(session) = self.sessions.remove(&id) {
                self.session_by_token.remove(&session.opened.token);
                revoked += 1;
            }
        }
        revoked
    }
}

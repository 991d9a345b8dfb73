//! What is in the store, and how a unit of work changes it.

use denizen_models::{User, UserId};

use super::{
    mail_jobs::{Job, Party},
    registrations::RegistrationRow,
    table::{Journal, Table},
};
use denizen_services::{
    PasswordHash, TokenHash, TokenPurpose,
    store::{
        AuditEvent, AuditId, BucketKey, Change, CommitError, Committed, MailJobId, MailKind, Outcome,
        Session, SessionId, StoredToken, UnitOfWork,
    },
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
    /// Of the kinds that carry a token.
    pub job_for: Table<(MailKind, Party), MailJobId>,
    /// By [`denizen_models::EmailAddress::key`].
    pub registrations: Table<String, RegistrationRow>,
    pub registration_by_token: Table<TokenHash, String>,
    pub audit: Table<AuditId, AuditEvent<UserId>>,
    /// When each will be full again, in microseconds since 1970.
    pub buckets: Table<BucketKey, i64>,
    pub buckets_by_time: Table<(i64, BucketKey), ()>,
}

impl State {
    pub fn commit(&mut self, work: &UnitOfWork) -> Result<Committed, CommitError> {
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

    fn journals(&mut self) -> [&mut dyn Journal; 15] {
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
            &mut self.job_for,
            &mut self.registrations,
            &mut self.registration_by_token,
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

    fn apply_all(&mut self, work: &UnitOfWork) -> Result<Committed, CommitError> {
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

    fn apply(&mut self, change: &Change, created: Option<UserId>) -> Result<Outcome, CommitError> {
        match change {
            Change::ExpectUser { user, security_version } => self.expect_user(*user, *security_version)?,
            Change::ExpectLease(lease) => self.expect_lease(*lease)?,
            Change::TakeFromBucket { bucket, quota, now, capacity } => {
                self.take_from_bucket(*bucket, *quota, *now, *capacity)?;
            }
            Change::ResetBucket { bucket } => self.reset_bucket(*bucket),
            Change::ExpectOtherAdministrator { user } => self.expect_other_administrator(*user)?,
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
            Change::Rehash { user, hash, security_version } => {
                self.expect_user(*user, *security_version)?;
                self.users.change(*user, |row| row.password = Some(hash.clone()));
            }
            Change::VerifyEmail { user, at } => self.verify_email(*user, *at),
            Change::DeleteUser { user, revision } => self.delete_user(*user, *revision)?,
            Change::PutToken { user, purpose, hash, expires_at, address } => {
                let user = self.existing(user.resolve(created)?)?;
                let token = StoredToken { user, expires_at: *expires_at, address: address.clone() };
                self.put_token(*purpose, *hash, token);
            }
            Change::ConsumeToken { user, purpose, hash, now } => {
                self.consume_token(*user, *purpose, *hash, *now)?;
            }
            Change::RevokeTokens { user } => return Ok(Outcome::Count(self.revoke_tokens(*user))),
            Change::InsertSession(session) => return self.insert_session(session).map(Outcome::Session),
            Change::RevokeSessions { user, except } => {
                return Ok(Outcome::Count(self.revoke_sessions(*user, *except)));
            }
            Change::RevokeSession { user, session } => self.revoke_session(*user, *session)?,
            Change::TrimSessions { user, keep } => {
                return Ok(Outcome::Count(self.trim_sessions(*user, *keep)));
            }
            Change::PutRegistration { registration, capacity } => {
                self.put_registration(registration, *capacity)?;
            }
            Change::PutRegistrationToken { address, hash, expires_at } => {
                self.put_registration_token(address, *hash, *expires_at)?;
            }
            Change::ConsumeRegistration { hash, now } => self.consume_registration(*hash, *now)?,
            Change::DropRegistration { address } => {
                self.remove_registration(address);
            }
            Change::EnqueueMail(job) => {
                return self.enqueue_mail(job, job.mail.resolve(created)?).map(Outcome::Job);
            }
            Change::RetryMail { job, now } => self.retry_mail(*job, *now)?,
            Change::DropMail { job } => self.drop_mail(*job)?,
            Change::Purge(purge) => return Ok(Outcome::Count(self.purge(purge))),
            Change::Record(event) => {
                let target = event.target.map(|target| target.resolve(created)).transpose()?;
                let AuditEvent { kind, at, actor, target: _, ip, request_id } = event.clone();
                let id = AuditId(self.next_id());
                self.audit.insert(id, AuditEvent { kind, at, actor, target, ip, request_id });
            }
        }
        Ok(Outcome::Done)
    }
}

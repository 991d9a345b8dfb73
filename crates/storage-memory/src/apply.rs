//! How a unit of work changes the state.

use denizen_models::UserId;
use denizen_services::store::{
    AuditEvent, AuditId, Change, CommitError, Committed, MailJobId, NewKey, Outcome, Precondition,
    StoredToken, UnitOfWork,
};

use crate::state::{State, require};

impl State {
    pub fn commit(&mut self, work: &UnitOfWork) -> Result<Committed, CommitError> {
        // A unit that panicked left its changes in the journals.
        self.undo();
        let authorized = work.authority().map_or(Ok(()), |authority| self.authorize(authority));
        let applied = work.apply(|_| authorized, |change, created| self.apply(change.clone(), created));
        if applied.is_ok() {
            self.keep();
        } else {
            self.undo();
        }
        applied
    }

    fn apply(&mut self, change: Change, created: Option<UserId>) -> Result<Outcome, CommitError> {
        let count = |rows| Ok(Outcome::Count(rows));
        match change {
            Change::ExpectUser { user, security_version } => self.expect_user(user, security_version)?,
            Change::ExpectLease(lease) => self.expect_lease(lease)?,
            Change::ExpectOtherAdministrator { user } => self.expect_other_administrator(user)?,
            Change::TakeFromBucket { bucket, quota, now, capacity } => {
                return self.take_from_bucket(bucket, quota, now, capacity);
            }
            Change::ReturnToBucket { bucket, quota, now } => self.return_to_bucket(bucket, quota, now),
            Change::CountFailedAttempt { user, client } => self.count_failed_attempt(user, client),
            Change::ClearFailedAttempts { user, client, below } => {
                self.clear_failed_attempts(user, client, below)?;
            }
            Change::InsertUser { values, password, at } => {
                return self.insert_user(values, password, at).map(Outcome::User);
            }
            Change::UpdateUser { user, revision, values, at } => {
                self.update_user(user, revision, values, at)?;
            }
            Change::SetPassword { user, hash, security_version, at } => {
                self.set_password(user, hash, security_version, at)?;
            }
            Change::Rehash { user, hash, security_version } => self.rehash(user, hash, security_version)?,
            Change::MarkSamplePassword { user } => self.mark_sample_password(user.resolve(created)?),
            Change::ExpectUsername { name, user, since } => self.expect_username(name, user, since)?,
            Change::ReserveUsername { name, user, at, keep } => self.reserve_username(name, user, at, keep),
            Change::VerifyEmail { user, at } => self.verify_email(user, at),
            Change::DeleteUser { user, revision } => {
                return self.delete_user(user, revision).map(Outcome::Unsent);
            }
            Change::PutToken { user, purpose, hash, expires_at, address } => {
                let user = self.existing(user.resolve(created)?)?;
                self.put_token(purpose, hash, StoredToken { user, expires_at, address });
            }
            Change::ConsumeToken { user, purpose, hash, now } => {
                self.consume_token(user, purpose, hash, now)?
            }
            Change::RevokeTokens { user } => return count(self.revoke_tokens(user)),
            Change::InsertSession(session) => return self.insert_session(session).map(Outcome::Session),
            Change::RevokeSessions { user, except } => return count(self.revoke_sessions(user, except)),
            Change::RevokeSession { user, session } => self.revoke_session(user, session)?,
            Change::TrimSessions { user, keep } => return count(self.trim_sessions(user, keep)),
            Change::InsertKey { key, capacity, event } => return self.new_key(key, capacity, event, created),
            Change::RevokeKey { key } => self.revoke_key(key)?,
            Change::PutRegistration { registration, capacity } => {
                self.put_registration(registration, capacity)?;
            }
            Change::TryRegistration { token, now, most } => return count(self.try_token(token, now, most)?),
            Change::ConsumeRegistration { token, now } => self.consume_registration(token, now)?,
            Change::EnqueueMail(job) => return self.enqueue_mail(&job, created),
            Change::RetryMail { job, now } => self.retry_mail(job, now)?,
            Change::DropMail { job } => return self.drop_mail(job),
            Change::Purge(purge) => return count(self.purge(&purge)),
            Change::SkipIds { count } => self.skip_ids(i64::from(count)),
            Change::Record(event) => self.record(event, created)?,
        }
        Ok(Outcome::Done)
    }

    fn new_key(
        &mut self,
        key: NewKey,
        capacity: u32,
        event: AuditEvent,
        created: Option<UserId>,
    ) -> Result<Outcome, CommitError> {
        let id = self.insert_key(key, capacity)?;
        self.record(AuditEvent { key: Some(id), ..event }, created)?;
        Ok(Outcome::Key(id))
    }

    fn drop_mail(&mut self, job: MailJobId) -> Result<Outcome, CommitError> {
        let removed = require(self.remove_job(job), Precondition::MailJob)?;
        Ok(Outcome::Unsent(vec![removed]))
    }

    fn record(&mut self, event: AuditEvent, created: Option<UserId>) -> Result<(), CommitError> {
        let AuditEvent { kind, at, actor, target, key, ip, request_id } = event;
        let target = target.map(|target| target.resolve(created)).transpose()?;
        let id = AuditId(self.next_id());
        self.audit.insert(id, AuditEvent { kind, at, actor, target, key, ip, request_id });
        Ok(())
    }
}

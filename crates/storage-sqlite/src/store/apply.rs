//! Changes as statements.

use denizen_models::UserId;
use denizen_services::store::{Change, Committed, Outcome, UnitOfWork};
use rusqlite::Connection;

use crate::{
    audit, engine::error::Failure, limits, mail_jobs, purge, registrations, sessions, tokens, users,
};

/// Applies the changes of `work` in order, up to the first that fails. The caller takes back what was done by then.
pub(crate) fn apply(connection: &Connection, work: &UnitOfWork) -> Result<Committed, Failure> {
    let mut created = None;
    let mut outcomes = Vec::with_capacity(work.changes().len());
    for change in work.changes() {
        let outcome = apply_one(connection, change, created)?;
        if let Outcome::User(user) = outcome {
            created = Some(user);
        }
        outcomes.push(outcome);
    }
    Ok(Committed(outcomes))
}

fn apply_one(connection: &Connection, change: &Change, created: Option<UserId>) -> Result<Outcome, Failure> {
    match change {
        Change::ExpectUser { user, security_version } => {
            users::expect_version(connection, *user, *security_version)?;
        }
        Change::ExpectLease(lease) => mail_jobs::expect_lease(connection, *lease)?,
        Change::ExpectOtherAdministrator { user } => users::expect_other_administrator(connection, *user)?,
        Change::TakeFromBucket { bucket, quota, now, capacity } => {
            limits::take(connection, *bucket, *quota, *now, *capacity)?;
        }
        Change::ResetBucket { bucket } => limits::fill(connection, *bucket)?,
        Change::InsertUser { values, password, at } => {
            return users::insert(connection, values, password.as_ref(), *at).map(Outcome::User);
        }
        Change::UpdateUser { user, revision, values, at } => {
            users::update(connection, *user, *revision, values, *at)?;
        }
        Change::SetPassword { user, hash, security_version, at } => {
            users::set_password(connection, *user, hash, *security_version, *at)?;
        }
        Change::Rehash { user, hash, security_version } => {
            users::rehash(connection, *user, hash, *security_version)?;
        }
        Change::VerifyEmail { user, at } => users::verify_email(connection, *user, *at)?,
        Change::DeleteUser { user, revision } => users::delete(connection, *user, *revision)?,
        Change::PutToken { user, purpose, hash, expires_at, address } => {
            let user = user.resolve(created)?;
            tokens::put(connection, user, *purpose, hash, *expires_at, address.as_ref())?;
        }
        Change::ConsumeToken { user, purpose, hash, now } => {
            tokens::consume(connection, *user, *purpose, hash, *now)?;
        }
        Change::RevokeTokens { user } => return tokens::revoke(connection, *user).map(Outcome::Count),
        Change::InsertSession(session) => return sessions::insert(connection, session).map(Outcome::Session),
        Change::RevokeSessions { user, except } => {
            return sessions::revoke_all(connection, *user, *except).map(Outcome::Count);
        }
        Change::RevokeSession { user, session } => sessions::revoke(connection, *user, *session)?,
        Change::TrimSessions { user, keep } => {
            return sessions::trim(connection, *user, *keep).map(Outcome::Count);
        }
        Change::PutRegistration { registration, capacity } => {
            registrations::put(connection, registration, *capacity)?;
        }
        Change::PutRegistrationToken { address, hash, expires_at } => {
            registrations::put_token(connection, address, hash, *expires_at)?;
        }
        Change::ConsumeRegistration { hash, now } => registrations::consume(connection, hash, *now)?,
        Change::DropRegistration { address } => registrations::forget(connection, address)?,
        Change::EnqueueMail(job) => {
            let mail = job.mail.resolve(created)?;
            return mail_jobs::enqueue(connection, job, &mail).map(Outcome::Job);
        }
        Change::RetryMail { job, now } => mail_jobs::retry(connection, *job, *now)?,
        Change::DropMail { job } => mail_jobs::drop_job(connection, *job)?,
        Change::Purge(useless) => return purge::purge(connection, useless).map(Outcome::Count),
        Change::Record(event) => audit::record(connection, event, created)?,
    }
    Ok(Outcome::Done)
}

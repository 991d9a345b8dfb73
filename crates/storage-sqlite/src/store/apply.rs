//! Changes as statements, which are run here unless a change needs more than one.

use denizen_models::{ADMIN_ROLE, UserId};
use denizen_services::store::{
    AuditEvent, Authority, Change, ClientKind, Committed, NewKey, Outcome, SessionValidity, UnitOfWork,
};
use rusqlite::Connection;

use crate::{
    audit,
    engine::{
        error::Failure,
        sql::{Param, execute, params, require},
    },
    keys, limits, mail_jobs, purge, registrations, sessions, tokens,
    users::{self, names},
};

/// Applies the changes of `work` in order, up to the first that fails. The caller takes back what was done by then.
pub(crate) fn apply(connection: &Connection, work: &UnitOfWork) -> Result<Committed, Failure> {
    let authorize = |authority: &Authority| authorize(connection, authority);
    work.apply(authorize, |change, created| apply_one(connection, change, created))
}

fn authorize(connection: &Connection, authority: &Authority) -> Result<(), Failure> {
    let (user, session, SessionValidity { now, unseen_since }, role) = match authority {
        Authority::User { user, session, validity, role } => (user, session, validity, role),
        Authority::Key { key, now, scopes } => {
            require(connection, keys::LIVE, params!(key, now))?;
            let mut scopes = scopes.iter();
            return scopes.try_for_each(|scope| require(connection, keys::HAS_SCOPE, params!(key, scope)));
        }
    };
    require(connection, users::ACTIVE, params!(user))?;
    if let Some(session) = session {
        require(connection, sessions::LIVE, params!(session, user, now, unseen_since))?;
    }
    role.map_or(Ok(()), |role| require(connection, users::HAS_ROLE, params!(user, role)))
}

/// Whether `work` adds what was not there: users, sessions, keys, and mails that strangers ask for. Everything else goes on
/// when the disk is almost full: it removes, replaces, or ends.
pub(crate) fn is_new_work(work: &UnitOfWork) -> bool {
    work.changes().iter().any(|change| match change {
        Change::InsertUser { .. }
        | Change::InsertSession(_)
        | Change::InsertKey { .. }
        | Change::PutRegistration { .. } => true,
        Change::EnqueueMail(job) => job.mail.user().is_none(),
        _ => false,
    })
}

fn apply_one(db: &Connection, change: &Change, created: Option<UserId>) -> Result<Outcome, Failure> {
    macro_rules! one {
        ($statement:expr, $($params:tt)*) => { require(db, $statement, params!($($params)*))? };
    }
    let count = |sql, params: &[Param<'_>]| execute(db, sql, params).map(Outcome::Count);
    match change {
        Change::ExpectUser { user, security_version } => one!(users::EXPECT, user, security_version),
        Change::ExpectLease(lease) => mail_jobs::expect_lease(db, *lease)?,
        Change::ExpectOtherAdministrator { user } => one!(users::OTHER_ADMIN, user, role: ADMIN_ROLE),
        Change::TakeFromBucket { bucket, quota, now, capacity } => {
            return limits::take(db, *bucket, *quota, *now, *capacity);
        }
        Change::ReturnToBucket { bucket, quota, now } => limits::put_back(db, *bucket, *quota, *now)?,
        Change::CountFailedAttempt { user, client } => users::count_failed(db, *user, *client)?,
        Change::ClearFailedAttempts { user, client, below } => {
            one!(users::CLEAR_FAILED_ATTEMPTS, user, known: *client == ClientKind::Known, below)
        }
        Change::InsertUser { values, password, at } => {
            return users::insert(db, values, password.as_ref(), *at).map(Outcome::User);
        }
        Change::UpdateUser { user, revision, values, at } => {
            users::update(db, *user, *revision, values, *at)?
        }
        Change::SetPassword { user, hash, security_version, at } => {
            one!(users::SET_PASSWORD, user, hash, security_version, at)
        }
        Change::Rehash { user, hash, security_version } => one!(users::REHASH, user, hash, security_version),
        Change::MarkSamplePassword { user } => {
            drop(count(users::MARK, params!(user: user.resolve(created)?))?)
        }
        Change::ExpectUsername { name, user, since } => one!(names::EXPECT, name, user, since),
        Change::ReserveUsername { name, user, at, keep } => names::put(db, *name, *user, *at, *keep)?,
        Change::VerifyEmail { user, at } => users::verify_email(db, *user, *at)?,
        Change::DeleteUser { user, revision } => return users::delete(db, *user, *revision),
        Change::PutToken { user, purpose, hash, expires_at, address } => {
            count(tokens::PUT, params!(user: user.resolve(created)?, purpose, hash, expires_at, address))?;
        }
        Change::ConsumeToken { user, purpose, hash, now } => one!(tokens::CONSUME, user, purpose, hash, now),
        Change::RevokeTokens { user } => return count(tokens::REVOKE, params!(user)),
        Change::InsertSession(session) => return sessions::insert(db, session).map(Outcome::Session),
        Change::RevokeSessions { user, except } => return count(sessions::REVOKE_ALL, params!(user, except)),
        Change::RevokeSession { user, session } => one!(sessions::REVOKE, user, session),
        Change::TrimSessions { user, keep } => return count(sessions::TRIM, params!(user, keep)),
        Change::InsertKey { key, capacity, event } => return new_key(db, key, *capacity, event, created),
        Change::RevokeKey { key } => one!(keys::REVOKE, key),
        Change::PutRegistration { registration: new, capacity } => registrations::put(db, new, *capacity)?,
        Change::TryRegistration { token, now, most } => {
            return registrations::attempt(db, *token, *now, *most).map(Outcome::Count);
        }
        Change::ConsumeRegistration { token, now } => one!(registrations::CONSUME, token, now),
        Change::EnqueueMail(job) => return mail_jobs::enqueue(db, job, created),
        Change::RetryMail { job, now } => one!(mail_jobs::RETRY, job, now),
        Change::DropMail { job } => return mail_jobs::drop_job(db, *job),
        Change::Purge(useless) => return purge::purge(db, useless).map(Outcome::Count),
        Change::SkipIds { count } => purge::skip_ids(db, *count)?,
        Change::Record(event) => audit::record(db, event, created)?,
    }
    Ok(Outcome::Done)
}

fn new_key(
    db: &Connection,
    key: &NewKey,
    capacity: u32,
    event: &AuditEvent,
    created: Option<UserId>,
) -> Result<Outcome, Failure> {
    let id = keys::insert(db, key, capacity)?;
    audit::record(db, &AuditEvent { key: Some(id), ..event.clone() }, created)?;
    Ok(Outcome::Key(id))
}

//! Changes as statements, which are run here unless a change needs more than one.

use denizen_models::{ADMIN_ROLE, UserId};
use denizen_services::store::{
    AuditEvent, Authority, Change, ClientKind, Committed, NewKey, Outcome, SessionValidity, StoreFailure,
    UnitOfWork,
};

use crate::{
    audit,
    engine::{
        error::Failure,
        sql::{Param, Session, execute, params, require},
    },
    keys,
    limits::{self, BucketCounts},
    mail_jobs, purge, registrations, sessions,
    store::locks::Locks,
    tokens,
    users::{self, names},
};

/// Takes the locks of `work` and applies its changes in order, up to the first that fails. The caller takes back what was
/// done by then.
pub(crate) async fn apply(
    session: &Session,
    counts: &BucketCounts,
    work: &UnitOfWork,
) -> Result<Committed, Failure> {
    work.check()?;
    Locks::of(work).take(session).await?;
    if let Some(authority) = work.authority() {
        authorize(session, authority).await?;
    }
    let mut created = None;
    let mut outcomes = Vec::with_capacity(work.changes().len());
    for change in work.changes() {
        let outcome = apply_one(session, counts, change, created).await?;
        if let Outcome::User(user) = outcome {
            created = Some(user);
        }
        outcomes.push(outcome);
    }
    Ok(Committed(outcomes))
}

async fn authorize(session: &Session, authority: &Authority) -> Result<(), Failure> {
    let (user, own, SessionValidity { now, unseen_since }, role) = match authority {
        Authority::User { user, session, validity, role } => (user, session, validity, role),
        Authority::Key { key, now, scopes } => {
            require(session, keys::LIVE, params!(key, now)).await?;
            for scope in *scopes {
                require(session, keys::HAS_SCOPE, params!(key, scope)).await?;
            }
            return Ok(());
        }
    };
    require(session, users::ACTIVE, params!(user)).await?;
    if let Some(own) = own {
        require(session, sessions::LIVE, params!(session: own, user, now, unseen_since)).await?;
    }
    if let Some(role) = role {
        require(session, users::HAS_ROLE, params!(user, role)).await?;
    }
    Ok(())
}

async fn count(session: &Session, sql: &'static str, params: &[Param<'_>]) -> Result<Outcome, Failure> {
    execute(session, sql, params).await.map(Outcome::Count)
}

macro_rules! one {
    ($session:expr, $statement:expr, $($params:tt)*) => { require($session, $statement, params!($($params)*)).await? };
}
macro_rules! count {
    ($session:expr, $statement:expr, $($params:tt)*) => { count($session, $statement, params!($($params)*)).await };
}

async fn apply_one(
    session: &Session,
    counts: &BucketCounts,
    change: &Change,
    created: Option<UserId>,
) -> Result<Outcome, Failure> {
    match change {
        Change::ExpectUser { .. }
        | Change::ExpectOtherAdministrator { .. }
        | Change::CountFailedAttempt { .. }
        | Change::ClearFailedAttempts { .. }
        | Change::InsertUser { .. }
        | Change::UpdateUser { .. }
        | Change::SetPassword { .. }
        | Change::Rehash { .. }
        | Change::MarkSamplePassword { .. }
        | Change::ExpectUsername { .. }
        | Change::ReserveUsername { .. }
        | Change::VerifyEmail { .. }
        | Change::DeleteUser { .. } => return apply_to_user(session, change, created).await,
        Change::ExpectLease(lease) => mail_jobs::expect_lease(session, *lease).await?,
        Change::TakeFromBucket { bucket, quota, now, capacity } => {
            return limits::take(session, counts, *bucket, (*quota, *now, *capacity)).await;
        }
        Change::ReturnToBucket { bucket, quota, now } => {
            limits::put_back(session, *bucket, *quota, *now).await?;
        }
        Change::PutToken { user, purpose, hash, expires_at, address } => {
            count!(session, tokens::PUT, user: user.resolve(created)?, purpose, hash, expires_at, address)?;
        }
        Change::ConsumeToken { user, purpose, hash, now } => {
            one!(session, tokens::CONSUME, user, purpose, hash, now)
        }
        Change::RevokeTokens { user } => return count!(session, tokens::REVOKE, user),
        Change::InsertSession(new) => return sessions::insert(session, new).await.map(Outcome::Session),
        Change::RevokeSessions { user, except } => {
            return count!(session, sessions::REVOKE_ALL, user, except);
        }
        Change::RevokeSession { user, session: own } => one!(session, sessions::REVOKE, user, session: own),
        Change::TrimSessions { user, keep } => return count!(session, sessions::TRIM, user, keep),
        Change::InsertKey { key, capacity, event } => {
            return insert_key(session, key, *capacity, event, created).await;
        }
        Change::RevokeKey { key } => one!(session, keys::REVOKE, key),
        Change::PutRegistration { registration, capacity } => {
            registrations::put(session, registration, *capacity).await?;
        }
        Change::TryRegistration { token, now, most } => {
            return registrations::attempt(session, *token, *now, *most).await.map(Outcome::Count);
        }
        Change::ConsumeRegistration { token, now } => one!(session, registrations::CONSUME, token, now),
        Change::EnqueueMail(job) => return mail_jobs::enqueue(session, job, created).await,
        Change::RetryMail { job, now } => one!(session, mail_jobs::RETRY, job, now),
        Change::DropMail { job } => return mail_jobs::drop_job(session, *job).await,
        Change::Purge(useless) => return purge::purge(session, useless).await.map(Outcome::Count),
        Change::SkipIds { count } => purge::skip_ids(session, *count).await?,
        Change::Record(event) => audit::record(session, event, created).await?,
    }
    Ok(Outcome::Done)
}

/// Applies one of the changes of users, which [`apply_one`] lists.
async fn apply_to_user(
    session: &Session,
    change: &Change,
    created: Option<UserId>,
) -> Result<Outcome, Failure> {
    match change {
        Change::ExpectUser { user, security_version } => one!(session, users::EXPECT, user, security_version),
        Change::ExpectOtherAdministrator { user } => {
            one!(session, users::OTHER_ADMIN, user, role: ADMIN_ROLE)
        }
        Change::CountFailedAttempt { user, client } => users::count_failed(session, *user, *client).await?,
        Change::ClearFailedAttempts { user, client, below } => {
            one!(session, users::CLEAR_FAILED_ATTEMPTS, user, known: *client == ClientKind::Known, below)
        }
        Change::InsertUser { values, password, at } => {
            return users::insert(session, values, password.as_ref(), *at).await.map(Outcome::User);
        }
        Change::UpdateUser { user, revision, values, at } => {
            users::update(session, *user, *revision, values, *at).await?;
        }
        Change::SetPassword { user, hash, security_version, at } => {
            users::set_password(session, *user, hash, *security_version, *at).await?;
        }
        Change::Rehash { user, hash, security_version } => {
            users::rehash(session, *user, hash, *security_version).await?;
        }
        Change::MarkSamplePassword { user } => {
            count!(session, users::MARK, user: user.resolve(created)?)?;
        }
        Change::ExpectUsername { name, user, since } => one!(session, names::EXPECT, name, user, since),
        Change::ReserveUsername { name, user, at, keep } => {
            names::put(session, *name, *user, *at, *keep).await?
        }
        Change::VerifyEmail { user, at } => users::verify_email(session, *user, *at).await?,
        Change::DeleteUser { user, revision } => return users::delete(session, *user, *revision).await,
        _ => return Err(StoreFailure::Malformed("this is not a change of a user".into()).into()),
    }
    Ok(Outcome::Done)
}

async fn insert_key(
    session: &Session,
    key: &NewKey,
    capacity: u32,
    event: &AuditEvent,
    created: Option<UserId>,
) -> Result<Outcome, Failure> {
    let id = keys::insert(session, key, capacity).await?;
    audit::record(session, &AuditEvent { key: Some(id), ..event.clone() }, created).await?;
    Ok(Outcome::Key(id))
}

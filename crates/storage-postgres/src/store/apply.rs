//! Changes as statements, which are run here unless a change needs more than one.

use denizen_models::{ADMIN_ROLE, UserId};
use denizen_services::store::{
    AuditEvent, Authority, Change, ClientKind, Committed, Outcome, SessionValidity, UnitOfWork,
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

async fn apply_one(
    session: &Session,
    counts: &BucketCounts,
    change: &Change,
    created: Option<UserId>,
) -> Result<Outcome, Failure> {
    macro_rules! one {
        ($statement:expr, $($params:tt)*) => { require(session, $statement, params!($($params)*)).await? };
    }
    macro_rules! count {
        ($statement:expr, $($params:tt)*) => { count(session, $statement, params!($($params)*)).await };
    }
    match change {
        Change::ExpectUser { user, security_version } => one!(users::EXPECT, user, security_version),
        Change::ExpectLease(lease) => mail_jobs::expect_lease(session, *lease).await?,
        Change::ExpectOtherAdministrator { user } => one!(users::OTHER_ADMIN, user, role: ADMIN_ROLE),
        Change::TakeFromBucket { bucket, quota, now, capacity } => {
            return limits::take(session, counts, *bucket, (*quota, *now, *capacity)).await;
        }
        Change::ReturnToBucket { bucket, quota, now } => {
            limits::put_back(session, *bucket, *quota, *now).await?;
        }
        Change::CountFailedAttempt { user, client } => users::count_failed(session, *user, *client).await?,
        Change::ClearFailedAttempts { user, client, below } => {
            one!(users::CLEAR_FAILED_ATTEMPTS, user, known: *client == ClientKind::Known, below)
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
            count!(users::MARK, user: user.resolve(created)?)?;
        }
        Change::ExpectUsername { name, user, since } => one!(names::EXPECT, name, user, since),
        Change::ReserveUsername { name, user, at, keep } => {
            names::put(session, *name, *user, *at, *keep).await?
        }
        Change::VerifyEmail { user, at } => users::verify_email(session, *user, *at).await?,
        Change::DeleteUser { user, revision } => return users::delete(session, *user, *revision).await,
        Change::PutToken { user, purpose, hash, expires_at, address } => {
            count!(tokens::PUT, user: user.resolve(created)?, purpose, hash, expires_at, address)?;
        }
        Change::ConsumeToken { user, purpose, hash, now } => one!(tokens::CONSUME, user, purpose, hash, now),
        Change::RevokeTokens { user } => return count!(tokens::REVOKE, user),
        Change::InsertSession(opened) => {
            return sessions::insert(session, opened).await.map(Outcome::Session);
        }
        Change::RevokeSessions { user, except } => return count!(sessions::REVOKE_ALL, user, except),
        Change::RevokeSession { user, session: own } => one!(sessions::REVOKE, user, session: own),
        Change::TrimSessions { user, keep } => return count!(sessions::TRIM, user, keep),
        Change::InsertKey { key, capacity, event } => {
            let id = keys::insert(session, key, *capacity).await?;
            audit::record(session, &AuditEvent { key: Some(id), ..event.clone() }, created).await?;
            return Ok(Outcome::Key(id));
        }
        Change::RevokeKey { key } => one!(keys::REVOKE, key),
        Change::PutRegistration { registration, capacity } => {
            registrations::put(session, registration, *capacity).await?;
        }
        Change::TryRegistration { token, now, most } => {
            return registrations::attempt(session, *token, *now, *most).await.map(Outcome::Count);
        }
        Change::ConsumeRegistration { token, now } => one!(registrations::CONSUME, token, now),
        Change::EnqueueMail(job) => return mail_jobs::enqueue(session, job, created).await,
        Change::RetryMail { job, now } => one!(mail_jobs::RETRY, job, now),
        Change::DropMail { job } => return mail_jobs::drop_job(session, *job).await,
        Change::Purge(useless) => return purge::purge(session, useless).await.map(Outcome::Count),
        Change::SkipIds { count } => purge::skip_ids(session, *count).await?,
        Change::Record(event) => audit::record(session, event, created).await?,
    }
    Ok(Outcome::Done)
}

//! The queue of mail jobs.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::store::{
    Lease, LeasedMail, MailJobId, MailKind, MailOutcome, NewMailJob, Precondition, QueuedMail, Recipient,
    StoreError,
};
use rusqlite::{Connection, params};

use crate::{
    error::Failure,
    sql::{Record, at_most, execute, find, list, statements},
};

statements! {
    /// One statement, which does the same work whatever is known of the address. Gives no row if there is no room.
    ENQUEUE_FOR_ADDRESS = "INSERT INTO mail_jobs (kind, address, requested_at, due_at, ip, request_id) \
         SELECT ?1, ?2, ?3, ?3, ?4, ?5 \
         WHERE EXISTS (SELECT 1 FROM mail_jobs WHERE address = ?2 AND kind = ?1) \
            OR (SELECT jobs FROM mail_waiting WHERE id = 1) < ?6 \
         ON CONFLICT (address, kind) DO UPDATE SET generation = generation + 1, attempts = 0, \
         requested_at = excluded.requested_at, due_at = excluded.due_at, dead = 0, reason = NULL, \
         ip = excluded.ip, request_id = excluded.request_id RETURNING id";
    ENQUEUE_FOR_USER = "INSERT INTO mail_jobs (kind, user_id, requested_at, due_at, ip, request_id) \
         VALUES (?1, ?2, ?3, ?3, ?4, ?5) RETURNING id";
    EXPECT_LEASE = "SELECT id FROM mail_jobs WHERE id = ?1 AND lease_id = ?2 AND generation = ?3";
    DUE = "SELECT id FROM mail_jobs WHERE dead = 0 AND due_at <= ?1 \
         AND (lease_until IS NULL OR lease_until <= ?1) LIMIT 1";
    LEASE = "UPDATE mail_jobs SET lease_id = ?1, lease_until = ?3 WHERE id IN (SELECT id FROM mail_jobs \
         WHERE dead = 0 AND due_at <= ?2 AND (lease_until IS NULL OR lease_until <= ?2) \
         ORDER BY due_at, id LIMIT ?4) \
         RETURNING id, kind, address, user_id, generation, attempts, requested_at, ip, request_id, due_at";
    FINISH = "DELETE FROM mail_jobs WHERE id = ?1 AND lease_id = ?2 AND generation = ?3";
    /// A time in ?4: to be tried again then. NULL: dead.
    FAIL = "UPDATE mail_jobs SET lease_id = NULL, lease_until = NULL, attempts = attempts + 1, \
         due_at = ifnull(?4, due_at), dead = ?4 IS NULL, reason = ?5 \
         WHERE id = ?1 AND lease_id = ?2 AND generation = ?3";
    RELEASE = "UPDATE mail_jobs SET lease_id = NULL, lease_until = NULL WHERE id = ?1 AND lease_id = ?2";
    OLDEST = "SELECT id, kind, address, user_id, generation, attempts, due_at, dead, reason FROM mail_jobs \
         ORDER BY id LIMIT ?1";
}

/// Queues a mail for `recipient`, who takes the place of the job's own reference.
pub(crate) fn enqueue(
    connection: &Connection,
    job: &NewMailJob,
    recipient: &Recipient<UserId>,
) -> Result<MailJobId, Failure> {
    let (kind, at, ip) = (job.kind.as_str(), job.at.timestamp_micros(), job.ip.map(|ip| ip.to_string()));
    let id = match recipient {
        Recipient::Address(address) => {
            let params = params![kind, address, at, ip, job.request_id, job.capacity];
            find(connection, ENQUEUE_FOR_ADDRESS, params, |row| Ok(row.get(0)?))?
        }
        Recipient::User(user) => {
            let params = params![kind, user.get(), at, ip, job.request_id];
            find(connection, ENQUEUE_FOR_USER, params, |row| Ok(row.get(0)?))?
        }
    };
    id.map(MailJobId).ok_or_else(|| StoreError::PreconditionFailed(Precondition::QueueRoom).into())
}

pub(crate) fn expect_lease(connection: &Connection, lease: Lease) -> Result<(), Failure> {
    match find(connection, EXPECT_LEASE, [lease.job.0, lease.id, lease.generation], |_| Ok(()))? {
        Some(()) => Ok(()),
        None => Err(StoreError::PreconditionFailed(Precondition::Lease).into()),
    }
}

/// Whether there is anything to lease. For those who ask all the time: it needs no writer.
pub(crate) fn is_due(connection: &Connection, now: DateTime<Utc>) -> Result<bool, Failure> {
    find(connection, DUE, [now.timestamp_micros()], |_| Ok(())).map(|due| due.is_some())
}

pub(crate) fn lease(
    connection: &Connection,
    lease_id: i64,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<LeasedMail>, Failure> {
    let params = [lease_id, now.timestamp_micros(), until.timestamp_micros(), at_most(limit)];
    let mut leased = list(connection, LEASE, params, |row| {
        let record = Record::new("mail_jobs", row)?;
        let leased = LeasedMail {
            lease: Lease { job: MailJobId(record.id), id: lease_id, generation: record.get(4)? },
            kind: record.parse(1, MailKind::from_name)?,
            recipient: recipient(&record)?,
            attempts: record.get(5)?,
            requested_at: record.time(6)?,
            ip: record.parse_optional(7, |text| text.parse().ok())?,
            request_id: record.get(8)?,
        };
        Ok((record.time(9)?, leased))
    })?;
    // RETURNING promises no order.
    leased.sort_by_key(|(due_at, leased)| (*due_at, leased.lease.job));
    Ok(leased.into_iter().map(|(_, leased)| leased).collect())
}

pub(crate) fn finish(connection: &Connection, lease: Lease, outcome: &MailOutcome) -> Result<bool, Failure> {
    let Lease { job: MailJobId(job), id, generation } = lease;
    let finished = match outcome {
        MailOutcome::Done => execute(connection, FINISH, [job, id, generation])?,
        MailOutcome::Retry { at, reason } => {
            execute(connection, FAIL, params![job, id, generation, at.timestamp_micros(), reason])?
        }
        MailOutcome::Dead { reason } => {
            execute(connection, FAIL, params![job, id, generation, None::<i64>, reason])?
        }
    };
    // Another generation: somebody asked again meanwhile, and that request is still to be served.
    Ok(finished == 1 || execute(connection, RELEASE, [job, id])? == 1)
}

pub(crate) fn oldest(connection: &Connection, limit: usize) -> Result<Vec<QueuedMail>, Failure> {
    list(connection, OLDEST, [at_most(limit)], |row| {
        let record = Record::new("mail_jobs", row)?;
        Ok(QueuedMail {
            id: MailJobId(record.id),
            kind: record.parse(1, MailKind::from_name)?,
            recipient: recipient(&record)?,
            generation: record.get(4)?,
            attempts: record.get(5)?,
            due_at: record.time(6)?,
            dead: record.get(7)?,
            reason: record.get(8)?,
        })
    })
}

/// The columns `address` and `user_id`, which both statements have at the same place.
fn recipient(record: &Record<'_>) -> Result<Recipient<UserId>, Failure> {
    match record.get(2)? {
        Some(address) => Ok(Recipient::Address(address)),
        None => Ok(Recipient::User(UserId::new(record.get(3)?))),
    }
}

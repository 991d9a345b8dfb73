//! The queue of mail jobs.

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId};
use denizen_services::store::{
    CommitError, Lease, LeasedMail, MailJob, MailJobId, MailKind, MailOutcome, MailQuery, NewMailJob,
    Precondition, QueuedMail, Recipient,
};
use rusqlite::{Connection, Row, params};
use serde_json::Value;

use crate::engine::{
    error::Failure,
    sql::{Record, at_most, execute, execute_one, expect, find, list, statements},
};

/// What a newer request makes of the job that is there. A lease on it stays, of a generation that is the past.
macro_rules! renew {
    () => {
        " DO UPDATE SET generation = generation + 1, attempts = 0, requested_at = excluded.requested_at, \
         due_at = excluded.due_at, dead = 0, reason = NULL, send_to = excluded.send_to, ip = excluded.ip, \
         request_id = excluded.request_id RETURNING id"
    };
}
// ?1 is the present, ?2 what `known_kinds` gives. The index is named because SQLite, which counts no rows, would take that
// of the status and sort.
macro_rules! free {
    () => {
        "SELECT id FROM mail_jobs INDEXED BY mail_jobs_due WHERE dead = 0 AND due_at <= ?1 \
         AND (lease_until IS NULL OR lease_until <= ?1) AND kind IN (SELECT value FROM json_each(?2))"
    };
}
macro_rules! queued {
    ($status:literal) => {
        concat!(
            "SELECT id, kind, address, user_id, send_to, generation, attempts, requested_at, request_id, due_at, dead, \
             reason FROM mail_jobs WHERE ",
            $status,
            "id > ?1 ORDER BY id LIMIT ?2"
        )
    };
}

statements! {
    /// One statement, which does the same work whatever is known of the address. Gives no row if there is no room.
    ENQUEUE_FOR_ADDRESS = concat!(
        "INSERT INTO mail_jobs (kind, carries_token, address, requested_at, due_at, ip, request_id) \
         SELECT ?1, 1, ?2, ?3, ?3, ?4, ?5 \
         WHERE (SELECT jobs FROM mail_waiting WHERE id = 1) < ?6 \
         ON CONFLICT (address, kind)",
        renew!()
    );
    ENQUEUE_FOR_USER = concat!(
        "INSERT INTO mail_jobs (kind, carries_token, user_id, send_to, requested_at, due_at, ip, request_id) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7) \
         ON CONFLICT (user_id, kind) WHERE carries_token = 1 AND user_id IS NOT NULL",
        renew!()
    );
    EXPECT_LEASE = "SELECT id FROM mail_jobs WHERE id = ?1 AND lease_id = ?2 AND generation = ?3";
    DUE = concat!(free!(), " LIMIT 1");
    LEASE = concat!(
        "UPDATE mail_jobs SET lease_id = ?3, lease_until = ?4 WHERE id IN (",
        free!(),
        " ORDER BY due_at, id LIMIT ?5) RETURNING id, kind, address, user_id, send_to, generation, attempts, \
         requested_at, ip, request_id, due_at"
    );
    FINISH = "DELETE FROM mail_jobs WHERE id = ?1 AND lease_id = ?2 AND generation = ?3";
    /// A time in ?4: to be tried again then. NULL: dead.
    FAIL = "UPDATE mail_jobs SET lease_id = NULL, lease_until = NULL, attempts = attempts + 1, \
         due_at = ifnull(?4, due_at), dead = ?4 IS NULL, reason = ?5 \
         WHERE id = ?1 AND lease_id = ?2 AND generation = ?3";
    RELEASE = "UPDATE mail_jobs SET lease_id = NULL, lease_until = NULL WHERE id = ?1 AND lease_id = ?2";
    /// As if it were new, but of the same generation: whoever works on it goes on.
    RETRY = "UPDATE mail_jobs SET dead = 0, attempts = 0, reason = NULL, due_at = ?2 WHERE id = ?1";
    DROP = "DELETE FROM mail_jobs WHERE id = ?1";
    OLDEST = queued!("");
    OLDEST_OF_STATUS = queued!("dead = ?3 AND ");
}

/// Queues `mail`, which takes the place of the job's own.
pub(crate) fn enqueue(
    connection: &Connection,
    job: &NewMailJob,
    mail: &MailJob<UserId>,
) -> Result<MailJobId, Failure> {
    let (at, ip) = (job.at.timestamp_micros(), job.ip.map(|ip| ip.to_string()));
    let (kind, capacity) = (mail.kind(), job.capacity.map_or(i64::MAX, i64::from));
    let for_user = |user: UserId, send_to: Option<&EmailAddress>| {
        let (name, send_to) = (kind.as_str(), send_to.map(EmailAddress::as_str));
        let params = params![name, kind.carries_token(), user.get(), send_to, at, ip, job.request_id];
        find(connection, ENQUEUE_FOR_USER, params, |row| Ok(row.get(0)?))
    };
    let id = match mail.recipient() {
        Recipient::Address(address) => {
            let params = params![kind.as_str(), address, at, ip, job.request_id, capacity];
            find(connection, ENQUEUE_FOR_ADDRESS, params, |row| Ok(row.get(0)?))?
        }
        Recipient::User(user) => for_user(user, None)?,
        Recipient::UserAt(user, address) => for_user(user, Some(&address))?,
    };
    id.map(MailJobId).ok_or_else(|| CommitError::PreconditionFailed(Precondition::QueueRoom).into())
}

pub(crate) fn expect_lease(connection: &Connection, lease: Lease) -> Result<(), Failure> {
    let params = [lease.job.0, lease.id, lease.generation];
    expect(connection, EXPECT_LEASE, params, Precondition::Lease)
}

/// The names of all kinds, as JSON. Jobs of others, which a newer program has queued, wait for that program.
fn known_kinds() -> String {
    Value::from(MailKind::ALL.map(MailKind::as_str).to_vec()).to_string()
}

/// Whether there is anything to lease. For those who ask all the time: it needs no writer.
pub(crate) fn is_due(connection: &Connection, now: DateTime<Utc>) -> Result<bool, Failure> {
    find(connection, DUE, params![now.timestamp_micros(), known_kinds()], |_| Ok(())).map(|due| due.is_some())
}

pub(crate) fn lease(
    connection: &Connection,
    lease_id: i64,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<LeasedMail>, Failure> {
    let (now, until) = (now.timestamp_micros(), until.timestamp_micros());
    let params = params![now, known_kinds(), lease_id, until, at_most(limit)];
    let mut leased = list(connection, LEASE, params, |row| {
        let record = Record::new("mail_jobs", row)?;
        let leased = LeasedMail {
            lease: Lease { job: MailJobId(record.id), id: lease_id, generation: record.get(5)? },
            mail: mail(&record)?,
            attempts: record.get(6)?,
            requested_at: record.time(7)?,
            ip: record.parse_optional(8, |text| text.parse().ok())?,
            request_id: record.get(9)?,
        };
        Ok((record.time(10)?, leased))
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

pub(crate) fn retry(connection: &Connection, job: MailJobId, now: DateTime<Utc>) -> Result<(), Failure> {
    execute_one(connection, RETRY, [job.0, now.timestamp_micros()], Precondition::MailJob)
}

pub(crate) fn drop_job(connection: &Connection, job: MailJobId) -> Result<(), Failure> {
    execute_one(connection, DROP, [job.0], Precondition::MailJob)
}

pub(crate) fn oldest(connection: &Connection, query: &MailQuery) -> Result<Vec<QueuedMail>, Failure> {
    let (after, limit) = (query.after.map_or(0, |job| job.0), at_most(query.limit));
    match query.dead {
        None => list(connection, OLDEST, [after, limit], queued),
        Some(dead) => list(connection, OLDEST_OF_STATUS, params![after, limit, dead], queued),
    }
}

/// Reads [`queued!`].
fn queued(row: &Row<'_>) -> Result<QueuedMail, Failure> {
    let record = Record::new("mail_jobs", row)?;
    Ok(QueuedMail {
        id: MailJobId(record.id),
        mail: mail(&record)?,
        generation: record.get(5)?,
        attempts: record.get(6)?,
        requested_at: record.time(7)?,
        request_id: record.get(8)?,
        due_at: record.time(9)?,
        dead: record.get(10)?,
        reason: record.get(11)?,
    })
}

/// The columns `kind`, `address`, `user_id` and `send_to`, which all statements have at the same place.
fn mail(record: &Record<'_>) -> Result<MailJob<UserId>, Failure> {
    let kind = record.parse(1, MailKind::from_name)?;
    let recipient = match record.get(2)? {
        Some(address) => Recipient::Address(address),
        None => {
            let user = UserId::new(record.get(3)?);
            let send_to = record.parse_optional(4, |text| EmailAddress::parse(text).ok())?;
            send_to.map_or(Recipient::User(user), |address| Recipient::UserAt(user, address))
        }
    };
    MailJob::from_parts(kind, recipient).ok_or_else(|| record.corrupt(1))
}

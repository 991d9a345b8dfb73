//! The queue of mail jobs.

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId};
use denizen_services::store::{
    CommitError, Lease, LeasedMail, MailJob, MailJobId, MailKind, MailOutcome, MailQuery, NewMailJob,
    Outcome, Precondition, QueuedMail, Recipient, UnsentMail,
};
use rusqlite::{Connection, Row};
use serde_json::Value;

use crate::engine::{
    error::Failure,
    sql::{Record, at_most, execute, find, list, named, params, read_columns, require, statements},
};

/// What a newer request makes of the job that is there. A lease on it stays, of a generation that is the past: its holder
/// may send the mail of the older request, which is replaced otherwise.
macro_rules! renew {
    () => {
        " DO UPDATE SET generation = generation + 1, attempts = 0, requested_at = excluded.requested_at, \
         due_at = excluded.due_at, dead = 0, reason = NULL, send_to = excluded.send_to, ip = excluded.ip, \
         security_version = excluded.security_version, \
         replaced = iif(ifnull(lease_until, 0) > excluded.requested_at, NULL, request_id), \
         request_id = excluded.request_id RETURNING id, replaced"
    };
}
// A lease that lasts twice as long as one that is given now is of a clock that was wrong. The index is named because
// SQLite, which counts no rows, would take that of the status and sort.
macro_rules! free {
    ($kind:literal) => {
        concat!(
            "SELECT id FROM mail_jobs INDEXED BY mail_jobs_due WHERE kind = ",
            $kind,
            " AND dead = 0 AND due_at <= :now \
             AND (lease_until IS NULL OR lease_until <= :now OR lease_until > 2 * :until - :now)"
        )
    };
}
macro_rules! queued {
    ($condition:expr) => {
        concat!(
            "SELECT id, kind, address, user_id, send_to, generation, attempts, requested_at, request_id, due_at, dead, \
             reason FROM mail_jobs WHERE ",
            $condition
        )
    };
}
macro_rules! oldest {
    ($status:literal) => {
        queued!(concat!($status, "id > :after ORDER BY id LIMIT :limit"))
    };
}

statements! {
    /// One statement, which does the same work whatever is known of the address. Gives no row if there is no room.
    ENQUEUE_FOR_ADDRESS = concat!(
        "INSERT INTO mail_jobs (kind, carries_token, address, requested_at, due_at, ip, request_id, \
         security_version) SELECT :kind, 1, :address, :at, :at, :ip, :request_id, :security_version \
         WHERE ifnull((SELECT jobs FROM mail_waiting WHERE kind = :kind), 0) < :capacity \
         ON CONFLICT (address, kind)",
        renew!()
    );
    ENQUEUE_FOR_USER = concat!(
        "INSERT INTO mail_jobs (kind, carries_token, user_id, send_to, requested_at, due_at, ip, request_id, \
         security_version) \
         VALUES (:kind, :carries_token, :user, :send_to, :at, :at, :ip, :request_id, :security_version) \
         ON CONFLICT (user_id, kind) WHERE carries_token = 1 AND user_id IS NOT NULL",
        renew!()
    );
    EXPECT_LEASE = "SELECT id FROM mail_jobs WHERE id = :job AND lease_id = :lease AND generation = :generation",
        else Lease;
    /// Of `:kinds`, which are JSON, those of which there is a job.
    DUE = concat!("SELECT value FROM json_each(:kinds) WHERE EXISTS (", free!("value"), ")");
    LEASE = concat!(
        "UPDATE mail_jobs SET lease_id = :lease, lease_until = :until WHERE id IN (",
        free!(":kind"),
        " ORDER BY due_at, id LIMIT :limit) RETURNING id, kind, address, user_id, send_to, generation, attempts, \
         requested_at, ip, request_id, security_version, due_at"
    );
    FINISH = "DELETE FROM mail_jobs WHERE id = :job AND lease_id = :lease AND generation = :generation";
    /// With `:due_at`: to be tried again then. NULL: dead.
    FAIL = "UPDATE mail_jobs SET lease_id = NULL, lease_until = NULL, attempts = attempts + 1, \
         due_at = ifnull(:due_at, due_at), dead = :due_at IS NULL, reason = :reason \
         WHERE id = :job AND lease_id = :lease AND generation = :generation";
    RELEASE = "UPDATE mail_jobs SET lease_id = NULL, lease_until = NULL WHERE id = :job AND lease_id = :lease";
    /// As if it were new, but of the same generation: whoever works on it goes on.
    RETRY = "UPDATE mail_jobs SET dead = 0, attempts = 0, reason = NULL, due_at = :now WHERE id = :job",
        else MailJob;
    DROP = "DELETE FROM mail_jobs WHERE id = :job", else MailJob;
    REQUEST = "SELECT kind, request_id FROM mail_jobs WHERE id = :job";
    REQUESTS_OF_USER = "SELECT kind, request_id FROM mail_jobs WHERE user_id = :user";
    OLDEST = oldest!("");
    FOR_USER = queued!("user_id = :user OR address = :address");
    OLDEST_OF_STATUS = oldest!("dead = :dead AND ");
}

pub(crate) fn expect_lease(connection: &Connection, lease: Lease) -> Result<(), Failure> {
    let Lease { job, id, generation } = lease;
    require(connection, EXPECT_LEASE, params!(job, lease: id, generation))
}

/// Queues a mail job. `created` is the user that the unit has created. Returns its id and the request that it replaces.
pub(crate) fn enqueue(
    connection: &Connection,
    job: &NewMailJob,
    created: Option<UserId>,
) -> Result<Outcome, Failure> {
    let NewMailJob { at, ip, request_id, security_version, .. } = job;
    let mail = job.mail.resolve(created)?;
    let kind = mail.kind();
    let for_user = |user: UserId, send_to: Option<EmailAddress>| {
        let carries_token = kind.carries_token();
        let params = named!(kind, carries_token, user, send_to, at, ip, request_id, security_version);
        find(connection, ENQUEUE_FOR_USER, params.as_slice(), queued_as)
    };
    let queued = match mail.recipient() {
        Recipient::Address(address) => {
            let capacity = job.capacity.map_or(i64::MAX, i64::from);
            let params = named!(kind, address, at, ip, request_id, security_version, capacity);
            find(connection, ENQUEUE_FOR_ADDRESS, params.as_slice(), queued_as)?
        }
        Recipient::User(user) => for_user(user, None)?,
        Recipient::UserAt(user, address) => for_user(user, Some(address))?,
    };
    queued.ok_or_else(|| CommitError::PreconditionFailed(Precondition::QueueRoom).into())
}

/// Reads [`renew!`].
fn queued_as(row: &Row<'_>) -> Result<Outcome, Failure> {
    Ok(Outcome::Job { id: MailJobId(row.get("id")?), replaced: row.get("replaced")? })
}

/// Reads [`REQUEST`] or [`REQUESTS_OF_USER`] before the jobs are removed, without kinds that only a newer program knows.
pub(crate) fn unsent(connection: &Connection, sql: &str, id: i64) -> Result<Outcome, Failure> {
    let jobs = list(connection, sql, [id], |row| {
        let (kind, request_id): (String, _) = (row.get("kind")?, row.get("request_id")?);
        Ok(MailKind::from_name(&kind).map(|kind| UnsentMail { kind, request_id }))
    })?;
    Ok(Outcome::Unsent(jobs.into_iter().flatten().collect()))
}

pub(crate) fn drop_job(connection: &Connection, job: MailJobId) -> Result<Outcome, Failure> {
    let unsent = unsent(connection, REQUEST, job.0)?;
    require(connection, DROP, params!(job)).map(|()| unsent)
}

/// Returns the part of `room` for which there is something to lease. For workers, who ask all the time: it needs no writer.
pub(crate) fn due(
    connection: &Connection,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    room: &[(MailKind, usize)],
) -> Result<Vec<(MailKind, usize)>, Failure> {
    // Jobs of other kinds, which a newer program has queued, wait for that program.
    let kinds: Vec<_> = room.iter().map(|(kind, _)| kind.as_str()).collect();
    let kinds = Value::from(kinds).to_string();
    let due: Vec<String> = list(connection, DUE, params!(now, until, kinds), |row| Ok(row.get(0)?))?;
    Ok(room.iter().copied().filter(|(kind, _)| due.iter().any(|due| due == kind.as_str())).collect())
}

pub(crate) fn lease(
    connection: &Connection,
    lease_id: i64,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    room: &[(MailKind, usize)],
) -> Result<Vec<LeasedMail>, Failure> {
    let mut leased: Vec<(DateTime<Utc>, LeasedMail)> = Vec::new();
    for (kind, limit) in room {
        let limit = at_most(*limit);
        let params = named!(now, kind, lease: lease_id, until, limit);
        leased.extend(list(connection, LEASE, params.as_slice(), |row| {
            let record = Record::new("mail_jobs", row)?;
            let mail = mail(&record)?;
            let lease =
                Lease { job: MailJobId(record.id), id: lease_id, generation: record.get("generation")? };
            let leased = read_columns!(record => LeasedMail {
                lease: lease, mail: mail, attempts, requested_at, ip, request_id, security_version
            });
            Ok((record.get("due_at")?, leased))
        })?);
    }
    leased.sort_by_key(|(due_at, leased)| (*due_at, leased.lease.job));
    Ok(leased.into_iter().map(|(_, leased)| leased).collect())
}

pub(crate) fn finish(connection: &Connection, lease: Lease, outcome: &MailOutcome) -> Result<bool, Failure> {
    let Lease { job, id: lease, generation } = lease;
    let fail = |due_at: Option<DateTime<Utc>>, reason: &str| {
        execute(connection, FAIL, params!(job, lease, generation, due_at, reason))
    };
    let finished = match outcome {
        MailOutcome::Done => execute(connection, FINISH, params!(job, lease, generation))?,
        MailOutcome::Retry { at, reason } => fail(Some(*at), reason)?,
        MailOutcome::Dead { reason } => fail(None, reason)?,
    };
    // Another generation: a request came in meanwhile, and is still to be served.
    Ok(finished == 1 || execute(connection, RELEASE, params!(job, lease))? == 1)
}

pub(crate) fn oldest(connection: &Connection, query: &MailQuery) -> Result<Vec<QueuedMail>, Failure> {
    let (after, limit) = (query.after.map_or(0, |job| job.0), at_most(query.limit));
    match query.dead {
        None => list(connection, OLDEST, params!(after, limit), queued),
        Some(dead) => list(connection, OLDEST_OF_STATUS, params!(dead, after, limit), queued),
    }
}

pub(crate) fn for_user(
    connection: &Connection,
    user: UserId,
    address: &str,
) -> Result<Vec<QueuedMail>, Failure> {
    let mut jobs = list(connection, FOR_USER, params!(user, address), queued)?;
    jobs.sort_by_key(|job| job.id);
    Ok(jobs)
}

/// Reads [`queued!`].
fn queued(row: &Row<'_>) -> Result<QueuedMail, Failure> {
    let record = Record::new("mail_jobs", row)?;
    Ok(read_columns!(record => QueuedMail {
        id: MailJobId(record.id), mail: mail(&record)?, generation, attempts, requested_at, request_id, due_at, dead,
        reason
    }))
}

/// Reads the columns `kind`, `address`, `user_id` and `send_to`.
fn mail(record: &Record<'_>) -> Result<MailJob<UserId>, Failure> {
    let kind = record.get("kind")?;
    let recipient = match record.get("address")? {
        Some(address) => Recipient::Address(address),
        None => {
            let user = record.get("user_id")?;
            let send_to: Option<EmailAddress> = record.get("send_to")?;
            send_to.map_or(Recipient::User(user), |address| Recipient::UserAt(user, address))
        }
    };
    MailJob::from_parts(kind, recipient).ok_or_else(|| record.corrupt("kind"))
}

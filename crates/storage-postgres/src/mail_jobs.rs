//! The queue of mail jobs.

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, UserId};
use denizen_services::store::{
    CommitError, Lease, LeasedMail, MailJob, MailJobId, MailKind, MailOutcome, MailQuery, NewMailJob,
    Outcome, Precondition, QueuedMail, Recipient, UnsentMail,
};
use tokio_postgres::Row;

use crate::engine::{
    error::Failure,
    sql::{Record, Session, at_most, execute, find, list, named, params, read_columns, require, statements},
};

/// What a newer request makes of the job that is there. A lease on it stays, of a generation that is the past: its holder
/// may send the mail of the older request, which is replaced otherwise.
macro_rules! renew {
    () => {
        " DO UPDATE SET generation = mail_jobs.generation + 1, attempts = 0, requested_at = excluded.requested_at, \
         due_at = excluded.due_at, dead = FALSE, reason = NULL, send_to = excluded.send_to, ip = excluded.ip, \
         security_version = excluded.security_version, \
         replaced = CASE WHEN mail_jobs.lease_until > excluded.requested_at THEN NULL ELSE mail_jobs.request_id END, \
         request_id = excluded.request_id RETURNING id, replaced"
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
    /// One statement, which does the same work whatever is known of the address. Gives no row if there is no room. Units with
    /// a capacity hold an advisory lock on the kind.
    ENQUEUE_FOR_ADDRESS = concat!(
        "INSERT INTO mail_jobs (kind, carries_token, address, requested_at, due_at, ip, request_id, \
         security_version) SELECT :kind::text, TRUE, :address::text, :at::bigint, :at, :ip::text, :request_id::text, \
         :security_version::bigint \
         WHERE coalesce((SELECT jobs FROM mail_waiting WHERE kind = :kind), 0) < :capacity::bigint \
         ON CONFLICT (address, kind)",
        renew!()
    );
    ENQUEUE_FOR_USER = concat!(
        "INSERT INTO mail_jobs (kind, carries_token, user_id, send_to, requested_at, due_at, ip, request_id, \
         security_version) \
         VALUES (:kind, :carries_token, :user, :send_to, :at, :at, :ip, :request_id, :security_version) \
         ON CONFLICT (user_id, kind) WHERE carries_token AND user_id IS NOT NULL",
        renew!()
    );
    EXPECT_LEASE = "SELECT id FROM mail_jobs WHERE id = :job AND lease_id = :lease AND generation = :generation FOR SHARE",
        else Lease;
    /// Of each kind in `:kinds` the oldest due, up to the number in `:limits`. Those that another worker is at are left to it.
    /// A lease that lasts twice as long as one that is given now is of a clock that was wrong.
    LEASE = "WITH free AS MATERIALIZED ( \
         SELECT j.id FROM unnest(:kinds::text[], :limits::bigint[]) AS room (kind, jobs) CROSS JOIN LATERAL ( \
         SELECT id FROM mail_jobs WHERE kind = room.kind AND NOT dead AND due_at <= :now \
         AND (lease_until IS NULL OR lease_until <= :now OR lease_until > 2 * :until::bigint - :now) \
         ORDER BY due_at, id LIMIT room.jobs FOR UPDATE SKIP LOCKED) j) \
         UPDATE mail_jobs SET lease_id = :lease, lease_until = :until FROM free WHERE mail_jobs.id = free.id \
         RETURNING mail_jobs.id, kind, address, user_id, send_to, generation, attempts, requested_at, ip, request_id, \
         security_version, due_at";
    FINISH = "DELETE FROM mail_jobs WHERE id = :job AND lease_id = :lease AND generation = :generation";
    /// With `:due_at`: to be tried again then. NULL: dead.
    FAIL = "UPDATE mail_jobs SET lease_id = NULL, lease_until = NULL, attempts = attempts + 1, \
         due_at = coalesce(:due_at, due_at), dead = :due_at::bigint IS NULL, reason = :reason \
         WHERE id = :job AND lease_id = :lease AND generation = :generation";
    RELEASE = "UPDATE mail_jobs SET lease_id = NULL, lease_until = NULL WHERE id = :job AND lease_id = :lease";
    /// As if it were new, but of the same generation: whoever works on it goes on.
    RETRY = "UPDATE mail_jobs SET dead = FALSE, attempts = 0, reason = NULL, due_at = :now WHERE id = :job",
        else MailJob;
    DROP = "DELETE FROM mail_jobs WHERE id = :job", else MailJob;
    REQUEST = "SELECT kind, request_id FROM mail_jobs WHERE id = :id";
    REQUESTS_OF_USER = "SELECT kind, request_id FROM mail_jobs WHERE user_id = :id";
    OLDEST = oldest!("");
    FOR_USER = queued!("user_id = :user OR address = :address ORDER BY id");
    OLDEST_ALIVE = oldest!("NOT dead AND ");
    OLDEST_DEAD = oldest!("dead AND ");
}

pub(crate) async fn expect_lease(session: &Session, lease: Lease) -> Result<(), Failure> {
    let Lease { job, id, generation } = lease;
    require(session, EXPECT_LEASE, params!(job, lease: id, generation)).await
}

/// Queues a mail job. `created` is the user that the unit has created. Returns its id and the request that it replaces.
pub(crate) async fn enqueue(
    session: &Session,
    job: &NewMailJob,
    created: Option<UserId>,
) -> Result<Outcome, Failure> {
    let NewMailJob { at, ip, request_id, security_version, .. } = job;
    let mail = job.mail.resolve(created)?;
    let kind = mail.kind();
    let (user, send_to) = match mail.recipient() {
        Recipient::Address(address) => {
            let capacity = job.capacity.map_or(i64::MAX, i64::from);
            let params = named!(kind, address, at, ip, request_id, security_version, capacity);
            let queued = find(session, ENQUEUE_FOR_ADDRESS, params.as_slice(), queued_as).await?;
            return queued.ok_or_else(|| CommitError::PreconditionFailed(Precondition::QueueRoom).into());
        }
        Recipient::User(user) => (user, None),
        Recipient::UserAt(user, address) => (user, Some(address)),
    };
    let carries_token = kind.carries_token();
    let params = named!(kind, carries_token, user, send_to, at, ip, request_id, security_version);
    let queued = find(session, ENQUEUE_FOR_USER, params.as_slice(), queued_as).await?;
    queued.ok_or_else(|| Failure::corrupt("mail_jobs", 0))
}

/// Reads [`renew!`].
fn queued_as(row: &Row) -> Result<Outcome, Failure> {
    Ok(Outcome::Job { id: MailJobId(row.try_get("id")?), replaced: row.try_get("replaced")? })
}

/// Reads [`REQUEST`] or [`REQUESTS_OF_USER`] before the jobs are removed, without kinds that only a newer program knows.
pub(crate) async fn unsent(session: &Session, sql: &'static str, id: i64) -> Result<Outcome, Failure> {
    let jobs = list(session, sql, params!(id), |row| {
        let (kind, request_id): (String, _) = (row.try_get("kind")?, row.try_get("request_id")?);
        Ok(MailKind::from_name(&kind).map(|kind| UnsentMail { kind, request_id }))
    })
    .await?;
    Ok(Outcome::Unsent(jobs.into_iter().flatten().collect()))
}

pub(crate) async fn drop_job(session: &Session, job: MailJobId) -> Result<Outcome, Failure> {
    let unsent = unsent(session, REQUEST, job.0).await?;
    require(session, DROP, params!(job)).await.map(|()| unsent)
}

pub(crate) async fn lease(
    session: &Session,
    lease_id: i64,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    room: &[(MailKind, usize)],
) -> Result<Vec<LeasedMail>, Failure> {
    // Jobs of other kinds, which a newer program has queued, wait for that program.
    let kinds: Vec<String> = room.iter().map(|(kind, _)| kind.as_str().to_owned()).collect();
    let limits: Vec<i64> = room.iter().map(|(_, limit)| at_most(*limit)).collect();
    let params = named!(kinds, limits, now, until, lease: lease_id);
    let mut leased = list(session, LEASE, params.as_slice(), |row| {
        let record = Record::new("mail_jobs", row)?;
        let mail = mail(&record)?;
        let lease = Lease { job: MailJobId(record.id), id: lease_id, generation: record.get("generation")? };
        let leased = read_columns!(record => LeasedMail {
            lease: lease, mail: mail, attempts, requested_at, ip, request_id, security_version
        });
        Ok((record.get::<DateTime<Utc>>("due_at")?, leased))
    })
    .await?;
    leased.sort_by_key(|(due_at, leased)| (*due_at, leased.lease.job));
    Ok(leased.into_iter().map(|(_, leased)| leased).collect())
}

pub(crate) async fn finish(session: &Session, lease: Lease, outcome: &MailOutcome) -> Result<bool, Failure> {
    let Lease { job, id: lease, generation } = lease;
    let fail = async |due_at: Option<DateTime<Utc>>, reason: &str| {
        execute(session, FAIL, params!(job, lease, generation, due_at, reason)).await
    };
    let finished = match outcome {
        MailOutcome::Done => execute(session, FINISH, params!(job, lease, generation)).await?,
        MailOutcome::Retry { at, reason } => fail(Some(*at), reason).await?,
        MailOutcome::Dead { reason } => fail(None, reason).await?,
    };
    // Another generation: a request came in meanwhile, and is still to be served.
    Ok(finished == 1 || execute(session, RELEASE, params!(job, lease)).await? == 1)
}

pub(crate) async fn oldest(session: &Session, query: &MailQuery) -> Result<Vec<QueuedMail>, Failure> {
    let (after, limit) = (query.after.map_or(0, |job| job.0), at_most(query.limit));
    let sql = match query.dead {
        None => OLDEST,
        Some(false) => OLDEST_ALIVE,
        Some(true) => OLDEST_DEAD,
    };
    list(session, sql, params!(after, limit), queued).await
}

pub(crate) async fn for_user(
    session: &Session,
    user: UserId,
    address: &str,
) -> Result<Vec<QueuedMail>, Failure> {
    list(session, FOR_USER, params!(user, address), queued).await
}

/// Reads [`queued!`].
fn queued(row: &Row) -> Result<QueuedMail, Failure> {
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

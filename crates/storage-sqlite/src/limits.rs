//! The buckets of limits.

use chrono::{DateTime, Utc};
use denizen_services::store::{BucketKey, CommitError, Outcome, Quota};
use rusqlite::Connection;

use crate::engine::{
    error::Failure,
    sql::{execute, find, list, params, statements},
};

statements! {
    FIND = "SELECT full_at FROM buckets WHERE key = :bucket";
    /// Two buckets that are full again, those of this limit first; if it has no room, the two of it that are nearest to
    /// full. Tells of each whether it was not. (Every name of a limit is greater than the empty one.)
    FORGET = "DELETE FROM buckets WHERE key IN (SELECT b.key FROM ( \
         SELECT :limit_name AS limit_name, iif((SELECT buckets FROM bucket_count WHERE limit_name = :limit_name) \
             >= :capacity, 9223372036854775807, :now) AS until \
         UNION ALL SELECT limit_name, :now FROM bucket_count WHERE limit_name > '' AND limit_name <> :limit_name \
         ) l CROSS JOIN buckets b ON b.limit_name = l.limit_name AND b.full_at <= l.until LIMIT 2) \
         RETURNING full_at > :now";
    INSERT = "INSERT INTO buckets (key, limit_name, full_at) VALUES (:bucket, :limit_name, :full_at)";
    UPDATE = "UPDATE buckets SET full_at = :full_at WHERE key = :bucket";
    /// Fills a bucket, which then needs no row.
    FILL = "DELETE FROM buckets WHERE key = :bucket";
}

pub(crate) fn take(
    connection: &Connection,
    bucket: BucketKey,
    quota: Quota,
    now: DateTime<Utc>,
    capacity: u32,
) -> Result<Outcome, Failure> {
    let full_at = find(connection, FIND, params!(bucket), |row| Ok(row.get(0)?))?;
    let next = quota.take(full_at, now).map_err(|retry_after| CommitError::RateLimited { retry_after })?;
    if full_at.is_some() {
        execute(connection, UPDATE, params!(bucket, full_at: next))?;
        return Ok(Outcome::Done);
    }
    let limit_name = bucket.limit();
    let forgotten: Vec<bool> =
        list(connection, FORGET, params!(limit_name, now, capacity), |row| Ok(row.get(0)?))?;
    execute(connection, INSERT, params!(bucket, limit_name, full_at: next))?;
    Ok(if forgotten.contains(&true) { Outcome::Crowded } else { Outcome::Done })
}

pub(crate) fn put_back(
    connection: &Connection,
    bucket: BucketKey,
    quota: Quota,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let full_at: Option<i64> = find(connection, FIND, params!(bucket), |row| Ok(row.get(0)?))?;
    match full_at.map(|full_at| quota.put_back(full_at, now)) {
        Some(Some(full_at)) => execute(connection, UPDATE, params!(bucket, full_at)).map(|_| ()),
        Some(None) => execute(connection, FILL, params!(bucket)).map(|_| ()),
        None => Ok(()),
    }
}

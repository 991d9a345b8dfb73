//! The buckets of limits.

use chrono::{DateTime, Utc};
use denizen_services::store::{BucketKey, CommitError, Quota};
use rusqlite::{Connection, named_params};

use crate::engine::{
    error::Failure,
    sql::{execute, find, statements},
};

statements! {
    FIND = "SELECT full_at FROM buckets WHERE key = :bucket";
    /// Two buckets that are full again; if there is no room, the two that are nearest to it.
    FORGET = "DELETE FROM buckets WHERE key IN (SELECT key FROM buckets WHERE full_at <= iif( \
         (SELECT buckets FROM bucket_count WHERE id = 1) >= :capacity, 9223372036854775807, :now) \
         ORDER BY full_at, key LIMIT 2)";
    INSERT = "INSERT INTO buckets (key, full_at) VALUES (:bucket, :full_at)";
    UPDATE = "UPDATE buckets SET full_at = :full_at WHERE key = :bucket";
    FILL = "DELETE FROM buckets WHERE key = :bucket";
}

pub(crate) fn take(
    connection: &Connection,
    bucket: BucketKey,
    quota: Quota,
    now: DateTime<Utc>,
    capacity: u32,
) -> Result<(), Failure> {
    let full_at = find(connection, FIND, [bucket.as_bytes()], |row| Ok(row.get(0)?))?;
    let next = quota.take(full_at, now).map_err(|retry_after| CommitError::RateLimited { retry_after })?;
    let put = if full_at.is_some() {
        UPDATE
    } else {
        let params = named_params! { ":now": now.timestamp_micros(), ":capacity": capacity };
        execute(connection, FORGET, params)?;
        INSERT
    };
    let params = named_params! { ":bucket": bucket.as_bytes(), ":full_at": next };
    execute(connection, put, params).map(|_| ())
}

/// Fills a bucket, which then needs no row.
pub(crate) fn fill(connection: &Connection, bucket: BucketKey) -> Result<(), Failure> {
    execute(connection, FILL, [bucket.as_bytes()]).map(|_| ())
}

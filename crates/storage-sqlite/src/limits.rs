//! The buckets of limits.

use chrono::{DateTime, Utc};
use denizen_services::store::{BucketKey, CommitError, Quota};
use rusqlite::Connection;

use crate::engine::{
    error::Failure,
    sql::{execute, find, params, statements},
};

statements! {
    FIND = "SELECT full_at FROM buckets WHERE key = :bucket";
    /// Two buckets that are full again; if there is no room, the two that are nearest to it.
    FORGET = "DELETE FROM buckets WHERE key IN (SELECT key FROM buckets WHERE full_at <= iif( \
         (SELECT buckets FROM bucket_count WHERE id = 1) >= :capacity, 9223372036854775807, :now) \
         ORDER BY full_at, key LIMIT 2)";
    INSERT = "INSERT INTO buckets (key, full_at) VALUES (:bucket, :full_at)";
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
) -> Result<(), Failure> {
    let full_at = find(connection, FIND, params!(bucket), |row| Ok(row.get(0)?))?;
    let next = quota.take(full_at, now).map_err(|retry_after| CommitError::RateLimited { retry_after })?;
    let put = if full_at.is_some() {
        UPDATE
    } else {
        execute(connection, FORGET, params!(now, capacity))?;
        INSERT
    };
    execute(connection, put, params!(bucket, full_at: next)).map(|_| ())
}

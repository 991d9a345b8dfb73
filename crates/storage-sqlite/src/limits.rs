//! The buckets of limits.

use chrono::{DateTime, Utc};
use denizen_services::store::{BucketKey, Quota};
use rusqlite::{Connection, params};

use crate::engine::{
    error::Failure,
    sql::{execute, find, statements},
};

statements! {
    FIND = "SELECT full_at FROM buckets WHERE key = ?1";
    /// Two buckets that are full again; if there is no room, the two that are nearest to it.
    FORGET = "DELETE FROM buckets WHERE key IN (SELECT key FROM buckets WHERE full_at <= iif( \
         (SELECT buckets FROM bucket_count WHERE id = 1) >= ?2, 9223372036854775807, ?1) \
         ORDER BY full_at, key LIMIT 2)";
    INSERT = "INSERT INTO buckets (key, full_at) VALUES (?1, ?2)";
    UPDATE = "UPDATE buckets SET full_at = ?2 WHERE key = ?1";
    FILL = "DELETE FROM buckets WHERE key = ?1";
}

pub(crate) fn take(
    connection: &Connection,
    bucket: BucketKey,
    quota: Quota,
    now: DateTime<Utc>,
    capacity: u32,
) -> Result<(), Failure> {
    let full_at = find(connection, FIND, [bucket.as_bytes()], |row| Ok(row.get(0)?))?;
    let next = quota.take(full_at, now)?;
    let put = if full_at.is_some() {
        UPDATE
    } else {
        execute(connection, FORGET, params![now.timestamp_micros(), capacity])?;
        INSERT
    };
    execute(connection, put, params![bucket.as_bytes(), next]).map(|_| ())
}

/// Fills a bucket, which then needs no row.
pub(crate) fn fill(connection: &Connection, bucket: BucketKey) -> Result<(), Failure> {
    execute(connection, FILL, [bucket.as_bytes()]).map(|_| ())
}

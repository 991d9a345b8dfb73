//! The buckets of limits.
//!
//! A unit holds an advisory lock on each bucket that it touches (see `store::locks`), so that none changes between its
//! reading and its writing.

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use denizen_services::{
    lock,
    store::{BucketKey, CommitError, Outcome, Quota},
};

use tokio_postgres::Row;

use crate::engine::{
    error::Failure,
    sql::{Session, execute, find, list, params, statements},
};

statements! {
    FIND = "SELECT full_at FROM buckets WHERE key = :bucket";
    COUNT = "SELECT count(*) FROM (SELECT 1 FROM buckets WHERE limit_name = :limit_name LIMIT :capacity) c";
    /// Two buckets that are full again, of any limit. Those that another unit is at are left to it.
    FORGET_FULL = "DELETE FROM buckets WHERE key IN (SELECT key FROM buckets WHERE full_at <= :now \
         ORDER BY full_at LIMIT 2 FOR UPDATE SKIP LOCKED)";
    /// The two of a limit that are nearest to full. Tells of each whether it was not.
    FORGET_NEAREST = "DELETE FROM buckets WHERE key IN (SELECT key FROM buckets WHERE limit_name = :limit_name \
         ORDER BY full_at LIMIT 2 FOR UPDATE SKIP LOCKED) RETURNING full_at > :now";
    INSERT = "INSERT INTO buckets (key, limit_name, full_at) VALUES (:bucket, :limit_name, :full_at)";
    UPDATE = "UPDATE buckets SET full_at = :full_at WHERE key = :bucket";
    /// Fills a bucket, which then needs no row.
    FILL = "DELETE FROM buckets WHERE key = :bucket";
}

/// After this time, and after as many new buckets as a sixteenth of the capacity, a limit is counted anew.
const LONGEST_VALID: Duration = Duration::from_secs(1);

/// How many buckets a limit has. Counted now and then, and not kept in a row: every unit with a new bucket would wait for
/// that row until the one before it has committed. So a capacity is exceeded by a sixteenth for each process at most.
#[derive(Default)]
pub(crate) struct BucketCounts(Mutex<BTreeMap<&'static str, Counted>>);

#[derive(Clone, Copy)]
struct Counted {
    buckets: u32,
    added: u32,
    at: Instant,
}

impl BucketCounts {
    /// Counts one more. Whether the limit had its capacity before.
    async fn is_crowded(
        &self,
        session: &Session,
        limit_name: &'static str,
        capacity: u32,
    ) -> Result<bool, Failure> {
        let known = lock(&self.0).get(limit_name).copied();
        let valid = known.filter(|known| known.added < capacity / 16 && known.at.elapsed() < LONGEST_VALID);
        let counted = match valid {
            Some(known) => known,
            None => {
                let read = |row: &Row| Ok(row.try_get::<_, i64>(0)?);
                let buckets = find(session, COUNT, params!(limit_name, capacity), read).await?;
                let buckets = u32::try_from(buckets.unwrap_or(0)).unwrap_or(u32::MAX);
                Counted { buckets, added: 0, at: Instant::now() }
            }
        };
        let added = counted.added + 1;
        lock(&self.0).insert(limit_name, Counted { added, ..counted });
        Ok(counted.buckets.saturating_add(counted.added) >= capacity)
    }
}

pub(crate) async fn take(
    session: &Session,
    counts: &BucketCounts,
    bucket: BucketKey,
    (quota, now, capacity): (Quota, DateTime<Utc>, u32),
) -> Result<Outcome, Failure> {
    let full_at = find(session, FIND, params!(bucket), |row| Ok(row.try_get(0)?)).await?;
    let next = quota.take(full_at, now).map_err(|retry_after| CommitError::RateLimited { retry_after })?;
    if full_at.is_some() {
        execute(session, UPDATE, params!(bucket, full_at: next)).await?;
        return Ok(Outcome::Done);
    }
    let limit_name = bucket.limit();
    let lost = if counts.is_crowded(session, limit_name, capacity).await? {
        let forgotten: Vec<bool> =
            list(session, FORGET_NEAREST, params!(limit_name, now), |row| Ok(row.try_get(0)?)).await?;
        forgotten.contains(&true)
    } else {
        execute(session, FORGET_FULL, params!(now)).await?;
        false
    };
    execute(session, INSERT, params!(bucket, limit_name, full_at: next)).await?;
    Ok(if lost { Outcome::Crowded } else { Outcome::Done })
}

pub(crate) async fn put_back(
    session: &Session,
    bucket: BucketKey,
    quota: Quota,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let full_at: Option<i64> = find(session, FIND, params!(bucket), |row| Ok(row.try_get(0)?)).await?;
    match full_at.map(|full_at| quota.put_back(full_at, now)) {
        Some(Some(full_at)) => execute(session, UPDATE, params!(bucket, full_at)).await.map(|_| ()),
        Some(None) => execute(session, FILL, params!(bucket)).await.map(|_| ()),
        None => Ok(()),
    }
}

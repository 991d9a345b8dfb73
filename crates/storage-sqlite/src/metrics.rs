//! Counting mail jobs.

use chrono::{DateTime, Utc};
use denizen_services::store::{MailCounts, MailKind, MailPhase};
use rusqlite::Connection;

use crate::engine::{
    error::Failure,
    sql::{Record, at_most, list, params, statements},
};

// Counted here and not by SQLite, which would sort what it groups. The index is named lest SQLite, which counts no rows,
// walk over all the dead to find the living.
statements! {
    JOBS_OF_STATUS = "SELECT id, kind, requested_at, due_at, ifnull(lease_until, 0) AS lease_until \
         FROM mail_jobs INDEXED BY mail_jobs_by_status WHERE dead = :dead ORDER BY id LIMIT :limit";
}

/// Jobs of kinds that only a newer program knows are that program's to count.
pub(crate) fn count_mail_jobs(
    connection: &Connection,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<MailCounts, Failure> {
    let mut counts = MailCounts::default();
    for dead in [false, true] {
        list(connection, JOBS_OF_STATUS, params!(dead, limit: at_most(limit)), |row| {
            let record = Record::new("mail_jobs", row)?;
            if let Some(kind) = MailKind::from_name(&record.get::<String>("kind")?) {
                let phase = MailPhase::at(now, dead, record.get("due_at")?, Some(record.get("lease_until")?));
                counts.add(kind, phase, record.get("requested_at")?);
            }
            Ok(())
        })?;
    }
    Ok(counts)
}

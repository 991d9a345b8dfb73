//! Counting mail jobs.

use chrono::{DateTime, Utc};
use denizen_services::store::{MailCounts, MailKind, MailPhase};
use rusqlite::{Connection, named_params};

use crate::engine::{
    error::Failure,
    sql::{Record, at_most, list, statements},
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
        let params = named_params! { ":dead": dead, ":limit": at_most(limit) };
        list(connection, JOBS_OF_STATUS, params, |row| {
            let record = Record::new("mail_jobs", row)?;
            if let Some(kind) = record.parse("kind", |name| Some(MailKind::from_name(name)))? {
                let phase =
                    MailPhase::at(now, dead, record.time("due_at")?, Some(record.time("lease_until")?));
                counts.add(kind, phase, record.time("requested_at")?);
            }
            Ok(())
        })?;
    }
    Ok(counts)
}

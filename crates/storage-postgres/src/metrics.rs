//! Counting mail jobs.

use chrono::{DateTime, Utc};
use denizen_services::store::{MailCounts, MailKind, MailPhase};

use crate::engine::{
    error::Failure,
    sql::{Record, Session, at_most, list, params, statements},
};

statements! {
    ALIVE = "SELECT id, kind, requested_at, due_at, lease_until FROM mail_jobs WHERE NOT dead ORDER BY id LIMIT :limit";
    DEAD = "SELECT id, kind, requested_at, due_at, lease_until FROM mail_jobs WHERE dead ORDER BY id LIMIT :limit";
}

/// Jobs of kinds that only a newer program knows are that program's to count.
pub(crate) async fn count_mail_jobs(
    session: &Session,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<MailCounts, Failure> {
    let mut counts = MailCounts::default();
    for (sql, dead) in [(ALIVE, false), (DEAD, true)] {
        list(session, sql, params!(limit: at_most(limit)), |row| {
            let record = Record::new("mail_jobs", row)?;
            if let Some(kind) = MailKind::from_name(&record.get::<String>("kind")?) {
                let phase = MailPhase::at(now, dead, record.get("due_at")?, record.get("lease_until")?);
                counts.add(kind, phase, record.get("requested_at")?);
            }
            Ok(())
        })
        .await?;
    }
    Ok(counts)
}

//! Removing what is of no use any more.

use denizen_services::store::Purge;
use rusqlite::Connection;

use crate::engine::{
    error::Failure,
    sql::{execute, params, statements},
};

// The one index is named because SQLite would take that of the status and sort.
statements! {
    TOKENS = "DELETE FROM tokens WHERE hash IN (SELECT hash FROM tokens \
         WHERE expires_at <= :instant ORDER BY expires_at LIMIT :limit)";
    EXPIRED_SESSIONS = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
         WHERE expires_at <= :instant ORDER BY expires_at, id LIMIT :limit)";
    UNSEEN_SESSIONS = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
         WHERE last_seen_at < :instant ORDER BY last_seen_at, id LIMIT :limit)";
    REGISTRATIONS = "DELETE FROM registrations WHERE id IN (SELECT id FROM registrations \
         WHERE expires_at <= :instant ORDER BY expires_at, id LIMIT :limit)";
    DEAD_MAIL = "DELETE FROM mail_jobs WHERE id IN (SELECT id FROM mail_jobs INDEXED BY mail_jobs_dead \
         WHERE dead = 1 AND requested_at < :instant ORDER BY requested_at, id LIMIT :limit)";
    AUDIT = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < :instant ORDER BY at, id LIMIT :limit)";
    /// Mails that a wrong clock has put off too far.
    MAIL_DUE = "UPDATE mail_jobs SET due_at = :now WHERE id IN (SELECT id FROM mail_jobs INDEXED BY mail_jobs_due \
         WHERE dead = 0 AND due_at > :mail_due_by ORDER BY due_at, id LIMIT :limit)";
    /// The hours before the oldest record that is left.
    AUDIT_HOURS = "DELETE FROM audit_hours WHERE hour < (SELECT min(at) FROM audit) / 3600000000";
}

/// How many rows are gone.
pub(crate) fn purge(connection: &Connection, purge: &Purge) -> Result<u64, Failure> {
    let Purge { expired_at, sessions_unseen_since, dead_mail_before, audit_before, mail_due_by, limit } =
        *purge;
    let useless = [
        (TOKENS, Some(expired_at)),
        (EXPIRED_SESSIONS, Some(expired_at)),
        (UNSEEN_SESSIONS, Some(sessions_unseen_since)),
        (REGISTRATIONS, Some(expired_at)),
        (DEAD_MAIL, Some(dead_mail_before)),
        (AUDIT, audit_before),
    ];
    let mut gone = 0;
    for (sql, instant) in useless {
        if let Some(instant) = instant {
            gone += execute(connection, sql, params!(instant, limit))?;
        }
    }
    gone += execute(connection, MAIL_DUE, params!(now: expired_at, mail_due_by, limit))?;
    execute(connection, AUDIT_HOURS, [])?;
    Ok(gone)
}

//! Removing what is of no use any more, and skipping what may have been given already.

use denizen_services::store::{MailKind, Purge};
use rusqlite::Connection;
use serde_json::Value;

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
    FREED_NAMES = "DELETE FROM freed_names WHERE name IN (SELECT name FROM freed_names \
         WHERE freed_at <= :instant ORDER BY freed_at, name LIMIT :limit)";
    AUDIT = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < :instant ORDER BY at, id LIMIT :limit)";
    /// Mails that a wrong clock has put off too far.
    MAIL_DUE = "UPDATE mail_jobs SET due_at = :now WHERE id IN (SELECT mail_jobs.id FROM json_each(:kinds) \
         CROSS JOIN mail_jobs INDEXED BY mail_jobs_due \
         ON mail_jobs.kind = json_each.value AND dead = 0 AND due_at > :mail_due_by LIMIT :limit)";
    /// SQLite has a sequence for tables that have had a row only.
    EVERY_SEQUENCE = "INSERT INTO sqlite_sequence (name, seq) SELECT name, 0 FROM sqlite_schema \
         WHERE type = 'table' AND sql LIKE '% AUTOINCREMENT%' AND name NOT IN (SELECT name FROM sqlite_sequence)";
    SKIP_IDS = "UPDATE sqlite_sequence SET seq = seq + :count";
    /// The hours before the oldest record that is left.
    AUDIT_HOURS = "DELETE FROM audit_hours WHERE hour < (SELECT min(at) FROM audit) / 3600000000";
}

/// How many rows are gone.
pub(crate) fn purge(connection: &Connection, purge: &Purge) -> Result<u64, Failure> {
    let Purge {
        expired_at, sessions_unseen_since, dead_mail_before, audit_before, mail_due_by, limit, ..
    } = *purge;
    let useless = [
        (TOKENS, Some(expired_at)),
        (EXPIRED_SESSIONS, Some(expired_at)),
        (UNSEEN_SESSIONS, Some(sessions_unseen_since)),
        (REGISTRATIONS, Some(expired_at)),
        (DEAD_MAIL, Some(dead_mail_before)),
        (AUDIT, audit_before),
        (FREED_NAMES, Some(purge.usernames_freed_until)),
    ];
    let mut gone = 0;
    for (sql, instant) in useless {
        if let Some(instant) = instant {
            gone += execute(connection, sql, params!(instant, limit))?;
        }
    }
    let kinds = Value::from(MailKind::ALL.map(MailKind::as_str).to_vec()).to_string();
    gone += execute(connection, MAIL_DUE, params!(now: expired_at, kinds, mail_due_by, limit))?;
    execute(connection, AUDIT_HOURS, [])?;
    Ok(gone)
}

/// Moves the ids of every table past `count` more.
pub(crate) fn skip_ids(connection: &Connection, count: u32) -> Result<(), Failure> {
    execute(connection, EVERY_SEQUENCE, [])?;
    execute(connection, SKIP_IDS, params!(count)).map(|_| ())
}

//! The audit trail.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::store::{AuditEvent, AuditId, AuditQuery, AuditRecord};
use rusqlite::{Connection, Row};

use crate::engine::{
    error::Failure,
    sql::{Record, at_most, execute, find, list, named, params, read_columns, statements},
};

// One condition leads through its index, the others are looked at in every row that it finds. The plus sign keeps the
// index of times out of it, which would have to be sorted: times have become the ids `:first` and `:last` before.
macro_rules! newest {
    ($leading:literal) => {
        concat!(
            "SELECT id, kind, at, actor, target, key_id AS key, ip, request_id FROM audit WHERE ",
            $leading,
            " AND id BETWEEN :first AND :last AND (:kind IS NULL OR kind = :kind) \
             AND (:actor IS NULL OR actor = :actor) AND (:target IS NULL OR target = :target) \
             AND +at >= :since AND +at < :until ORDER BY id DESC LIMIT :limit"
        )
    };
}

statements! {
    RECORD = "INSERT INTO audit (kind, at, actor, target, key_id, ip, request_id) \
         VALUES (:kind, :at, :actor, :target, :key, :ip, :request_id)";
    BETWEEN = "SELECT ifnull(min(first_id), 0) AS first, ifnull(max(last_id), 0) AS last FROM audit_hours \
         WHERE hour BETWEEN :since / 3600000000 AND :until / 3600000000";
    EARLIEST = "SELECT id, at FROM audit WHERE at > :after ORDER BY at LIMIT 1";
    ALL_KINDS = newest!("TRUE");
    OF_KIND = newest!("kind = :kind");
    BY_ACTOR = newest!("actor = :actor");
    OF_TARGET = newest!("target = :target");
}

/// Appends an event. `created` is the user that the unit has created.
pub(crate) fn record(
    connection: &Connection,
    event: &AuditEvent,
    created: Option<UserId>,
) -> Result<(), Failure> {
    let target = event.target.map(|target| target.resolve(created)).transpose()?;
    let AuditEvent { kind, at, actor, target: _, key, ip, request_id } = event;
    execute(connection, RECORD, params!(kind, at, actor, target, key, ip, request_id)).map(|_| ())
}

pub(crate) fn earliest(connection: &Connection) -> Result<Option<DateTime<Utc>>, Failure> {
    find(connection, EARLIEST, params!(after: i64::MIN), |row| Record::new("audit", row)?.get("at"))
}

pub(crate) fn newest(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditRecord>, Failure> {
    let AuditQuery { kind, actor, target, since, until, before, limit } = query;
    let micros = |at: DateTime<Utc>| at.timestamp_micros();
    let (from, to) = (since.map_or(i64::MIN, micros), until.map_or(i64::MAX, micros));
    let (first, last) = if since.is_some() || until.is_some() {
        let read = |row: &Row<'_>| Ok((row.get("first")?, row.get("last")?));
        find(connection, BETWEEN, params!(since: from, until: to), read)?.unwrap_or((0, 0))
    } else {
        (0_i64, i64::MAX)
    };
    let last = before.map_or(last, |AuditId(id)| last.min(id.saturating_sub(1)));
    // What is likely to find the fewest leads.
    let sql = match (target, actor, kind) {
        (Some(_), _, _) => OF_TARGET,
        (None, Some(_), _) => BY_ACTOR,
        (None, None, Some(_)) => OF_KIND,
        (None, None, None) => ALL_KINDS,
    };
    let limit = at_most(*limit);
    let params = named!(first, last, limit, kind, actor, target, since: from, until: to);
    list(connection, sql, params.as_slice(), |row| {
        let record = Record::new("audit", row)?;
        let event = read_columns!(record => AuditEvent { kind, at, actor, target, key, ip, request_id });
        Ok(AuditRecord { id: AuditId(record.id), event })
    })
}

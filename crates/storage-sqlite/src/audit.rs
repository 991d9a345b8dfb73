//! The audit trail.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::store::{AuditEvent, AuditId, AuditKind, AuditQuery, AuditRecord};
use rusqlite::{Connection, params};

use crate::engine::{
    error::Failure,
    sql::{Record, at_most, execute, find, list, statements},
};

// One condition leads through its index, the others are looked at in every row that it finds. The plus sign keeps the
// index of times out of it, which would have to be sorted: times have become the ids ?1 and ?2 before.
macro_rules! newest {
    ($leading:literal) => {
        concat!(
            "SELECT id, kind, at, actor, target, ip, request_id FROM audit WHERE ",
            $leading,
            " AND id BETWEEN ?1 AND ?2 AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR actor = ?5) \
             AND (?6 IS NULL OR target = ?6) AND +at >= ?7 AND +at < ?8 ORDER BY id DESC LIMIT ?3"
        )
    };
}

statements! {
    RECORD = "INSERT INTO audit (kind, at, actor, target, ip, request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    BETWEEN = "SELECT ifnull(min(first_id), 0), ifnull(max(last_id), 0) FROM audit_hours \
         WHERE hour BETWEEN ?1 / 3600000000 AND ?2 / 3600000000";
    ALL_KINDS = newest!("TRUE");
    OF_KIND = newest!("kind = ?4");
    BY_ACTOR = newest!("actor = ?5");
    OF_TARGET = newest!("target = ?6");
}

/// Appends what happened to `target`, which takes the place of the event's own.
pub(crate) fn record(
    connection: &Connection,
    event: &AuditEvent,
    target: Option<UserId>,
) -> Result<(), Failure> {
    let params = params![
        event.kind.as_str(),
        event.at.timestamp_micros(),
        event.actor,
        target.map(UserId::get),
        event.ip.map(|ip| ip.to_string()),
        event.request_id,
    ];
    execute(connection, RECORD, params).map(|_| ())
}

pub(crate) fn newest(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditRecord>, Failure> {
    let AuditQuery { kind, actor, target, since, until, before, limit } = query;
    let micros = |at: DateTime<Utc>| at.timestamp_micros();
    let (from, to) = (since.map_or(i64::MIN, micros), until.map_or(i64::MAX, micros));
    let (first, last) = if since.is_some() || until.is_some() {
        find(connection, BETWEEN, [from, to], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or((0, 0))
    } else {
        (0, i64::MAX)
    };
    let last = before.map_or(last, |AuditId(id)| last.min(id.saturating_sub(1)));
    // What is likely to find the fewest leads.
    let sql = match (target, actor, kind) {
        (Some(_), _, _) => OF_TARGET,
        (None, Some(_), _) => BY_ACTOR,
        (None, None, Some(_)) => OF_KIND,
        (None, None, None) => ALL_KINDS,
    };
    let params = params![
        first,
        last,
        at_most(*limit),
        kind.map(AuditKind::as_str),
        actor,
        target.map(UserId::get),
        from,
        to
    ];
    list(connection, sql, params, |row| {
        let record = Record::new("audit", row)?;
        let event = AuditEvent {
            kind: record.parse(1, AuditKind::from_name)?,
            at: record.time(2)?,
            actor: record.get(3)?,
            target: record.get::<Option<i64>>(4)?.map(UserId::new),
            ip: record.parse_optional(5, |text| text.parse().ok())?,
            request_id: record.get(6)?,
        };
        Ok(AuditRecord { id: AuditId(record.id), event })
    })
}

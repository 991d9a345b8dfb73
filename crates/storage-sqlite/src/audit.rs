//! The audit trail.

use denizen_models::UserId;
use denizen_services::store::{AuditEvent, AuditKind};
use rusqlite::{Connection, params};

use crate::{
    error::Failure,
    sql::{Record, at_most, execute, list, statements},
};

statements! {
    RECORD = "INSERT INTO audit (kind, at, actor, target, ip, request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    NEWEST = "SELECT id, kind, at, actor, target, ip, request_id FROM audit ORDER BY id DESC LIMIT ?1";
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

pub(crate) fn newest(connection: &Connection, limit: usize) -> Result<Vec<AuditEvent<UserId>>, Failure> {
    list(connection, NEWEST, [at_most(limit)], |row| {
        let record = Record::new("audit", row)?;
        Ok(AuditEvent {
            kind: record.parse(1, AuditKind::from_name)?,
            at: record.time(2)?,
            actor: record.get(3)?,
            target: record.get::<Option<i64>>(4)?.map(UserId::new),
            ip: record.parse_optional(5, |text| text.parse().ok())?,
            request_id: record.get(6)?,
        })
    })
}

//! The audit trail.

use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::store::{AuditEvent, AuditId, AuditQuery, AuditRecord};

use crate::engine::{
    error::Failure,
    sql::{
        Record, Session, at_most, can_be_stored, execute, find, list, named, params, read_columns, statements,
    },
};

statements! {
    RECORD = "INSERT INTO audit (kind, at, actor, target, key_id, ip, request_id) \
         VALUES (:kind, :at, :actor, :target, :key, :ip, :request_id)";
    EARLIEST = "SELECT id, at FROM audit ORDER BY at LIMIT 1";
    /// Planned for the values at hand: conditions that are not asked for fall away, and the statistics tell what leads.
    NEWEST = "SELECT id, kind, at, actor, target, key_id AS key, ip, request_id FROM audit WHERE id <= :last \
         AND (:kind::text IS NULL OR kind = :kind) AND (:actor::text IS NULL OR actor = :actor) \
         AND (:target::bigint IS NULL OR target = :target) AND (:since::bigint IS NULL OR at >= :since) \
         AND (:until::bigint IS NULL OR at < :until) ORDER BY id DESC LIMIT :limit";
}

/// Appends an event. `created` is the user that the unit has created.
pub(crate) async fn record(
    session: &Session,
    event: &AuditEvent,
    created: Option<UserId>,
) -> Result<(), Failure> {
    let target = event.target.map(|target| target.resolve(created)).transpose()?;
    let AuditEvent { kind, at, actor, target: _, key, ip, request_id } = event;
    execute(session, RECORD, params!(kind, at, actor, target, key, ip, request_id)).await.map(|_| ())
}

pub(crate) async fn earliest(session: &Session) -> Result<Option<DateTime<Utc>>, Failure> {
    find(session, EARLIEST, &[], |row| Record::new("audit", row)?.get("at")).await
}

pub(crate) async fn newest(session: &Session, query: &AuditQuery) -> Result<Vec<AuditRecord>, Failure> {
    let AuditQuery { kind, actor, target, since, until, before, limit } = query;
    if actor.as_ref().is_some_and(|actor| !can_be_stored(actor)) {
        return Ok(Vec::new());
    }
    let last = before.map_or(i64::MAX, |AuditId(id)| id.saturating_sub(1));
    let limit = at_most(*limit);
    let params = named!(last, limit, kind, actor, target, since, until);
    list(session, NEWEST, params.as_slice(), |row| {
        let record = Record::new("audit", row)?;
        let event = read_columns!(record => AuditEvent { kind, at, actor, target, key, ip, request_id });
        Ok(AuditRecord { id: AuditId(record.id), event })
    })
    .await
}

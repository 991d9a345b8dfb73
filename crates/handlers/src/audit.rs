//! The audit trail.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::{AuditListQuery, AuditService, store::AuditKind};

use crate::{
    http::{Admin, ApiError, ApiResult, Query, RequestContext},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![route("/api/audit").get(Admin, "Lists the audit trail.", list)]
}

/// `GET /api/audit`
async fn list(request: RequestContext, audit: Data<dyn AuditService>, query: Query) -> ApiResult {
    let page = audit.list_audit(&request.access, &audit_query(query)?).await?;
    Ok(request.list("Audit trail retrieved successfully", page.events, page.next_cursor))
}

fn audit_query(query: Query) -> Result<AuditListQuery, ApiError> {
    let kinds = AuditKind::ALL.map(AuditKind::as_str).join(", ");
    let time = "a time such as 2026-01-31T12:00:00Z";
    query.read(|query| {
        Ok(AuditListQuery {
            kind: query.take_as("kind", &format!("one of {kinds}"), AuditKind::from_name)?,
            actor: query.take("actor"),
            target: query.take_as("target", "a user ID", UserId::parse)?,
            since: query.take_as("since", time, instant)?,
            until: query.take_as("until", time, instant)?,
            limit: query.take_number("limit")?,
            cursor: query.take("cursor"),
        })
    })
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc())
}

//! The audit trail.

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{Data, ServiceConfig},
};
use chrono::{DateTime, Utc};
use denizen_models::UserId;
use denizen_services::{AuditListQuery, AuditService, store::AuditKind};
use serde_json::json;

use crate::http::{
    endpoint::Endpoint,
    error::ApiError,
    query::Query,
    request::{Request, personal},
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/api/audit").get(list));
}

/// `GET /api/audit`
async fn list(
    request: Request,
    audit: Data<dyn AuditService>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let page = audit.list_audit(&request.access, &audit_query(query)?).await?;
    let metadata = json!({ "count": page.events.len(), "next_cursor": page.next_cursor });
    let message = "Audit trail retrieved successfully";
    Ok(personal(request.answer_with(StatusCode::OK, message, page.events, metadata)))
}

fn audit_query(mut query: Query) -> Result<AuditListQuery, ApiError> {
    let kinds = AuditKind::ALL.map(AuditKind::as_str).join(", ");
    let time = "a time such as 2026-01-31T12:00:00Z";
    let parsed = AuditListQuery {
        kind: query.take_as("kind", &format!("one of {kinds}"), AuditKind::from_name)?,
        actor: query.take("actor"),
        target: query.take_as("target", "a user ID", UserId::parse)?,
        since: query.take_as("since", time, instant)?,
        until: query.take_as("until", time, instant)?,
        limit: query.take_number("limit")?,
        cursor: query.take("cursor"),
    };
    query.finish()?;
    Ok(parsed)
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc())
}

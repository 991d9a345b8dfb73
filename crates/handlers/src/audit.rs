//! The audit trail.

use actix_web::web::Data;
use chrono::{DateTime, Utc};
use denizen_models::{AuditResponse, UserId};
use denizen_services::{AuditListQuery, AuditService, store::AuditKind};

use crate::{
    http::{Admin, ApiError, ApiResult, PAGE, PageMetadata, Query, RequestContext, query, reply},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/audit").get(Admin, "Lists the audit trail.", list).answers(
            reply(200)
                .data_with::<Vec<AuditResponse>, PageMetadata>()
                .query(&[
                    query("kind", "string", "Only what is of this kind, such as `login.failed`."),
                    query(
                        "actor",
                        "string",
                        "Only what this actor did: `anonymous`, `system`, `cli`, or the number of a user.",
                    ),
                    query("target", "integer", "Only what was done to this user."),
                    query("since", "string", "Only from this time on (RFC 3339)."),
                    query("until", "string", "Only before this time (RFC 3339)."),
                ])
                .query(&PAGE)
                .example_with(EXAMPLE, r#"{"count": 1, "next_cursor": null}"#),
        ),
    ]
}

const EXAMPLE: &str = r#"[{"id": 17, "kind": "login.failed", "at": "2026-11-23T06:55:35.149321Z", "actor": "anonymous",
    "target": 4, "ip": "203.0.113.7", "request_id": "req_01a20730d7b27e3f9c1f6c0a4f1f9f5b"}]"#;

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

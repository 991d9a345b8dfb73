//! Exporting users.

use actix_web::http::header::{self, HeaderValue};
use denizen_models::UserExport;

use super::PathId;
use crate::{
    http::{ApiResult, ErrorCode, NoQuery, Owner, RequestContext, personal, reply},
    middleware::{Endpoint, route},
    services::Users,
};

pub(super) fn endpoint() -> Endpoint {
    route("/api/users/{id}/export")
        .get(Owner, "Returns all that is kept about a user, but for hashes.", export)
        .answers(reply(200).data::<UserExport>().refuses(&[ErrorCode::UserNotFound]).example(EXAMPLE))
}

const EXAMPLE: &str = r#"{"user": {"id": 6, "username": "ada", "first_name": "Ada", "last_name": "Lovelace"},
    "has_password": true, "failed_attempts": 0, "sessions": [], "tokens": [],
    "mails": [{"kind": "password_changed", "state": "waiting", "requested_at": "2026-11-23T06:55:35.149321Z"}],
    "audit": []}"#;

/// `GET /api/users/{id}/export`. Browsers save it as a file.
async fn export(request: RequestContext, PathId(id): PathId, users: Users, _: NoQuery) -> ApiResult {
    let export = users.export_user(&request.access, id).await?;
    let mut response = request.answer("User exported successfully", export);
    let name = format!("attachment; filename=\"user-{id}.json\"");
    if let Ok(name) = HeaderValue::try_from(name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(personal(response))
}

//! Exporting users.

use actix_web::http::header::{self, HeaderValue};

use super::PathId;
use crate::{
    http::{ApiResult, NoQuery, Owner, RequestContext, personal},
    middleware::{Endpoint, route},
    services::Users,
};

pub(super) fn route_of_export() -> Endpoint {
    route("/api/users/{id}/export").get(
        Owner,
        "Returns all that is kept about a user, but for hashes.",
        export,
    )
}

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

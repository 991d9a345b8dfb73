//! Whether the service is there, and whether it can work.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use denizen_services::HealthService;
use serde_json::json;

use crate::{
    http::{ApiError, ApiResult, ErrorCode, NoQuery, Public, RequestContext},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/health")
            .get(Public, "Returns that the service is healthy, and its version.", health)
            .unlimited(),
        route("/livez").get(Public, "Returns that the process is up.", livez).unlimited(),
        route("/readyz").get(Public, "Checks the store and the mail worker.", readyz).unlimited(),
    ]
}

/// `GET /health`: for people and for clients of the original.
async fn health(request: RequestContext, _: NoQuery) -> HttpResponse {
    let data = json!({
        "service": "denizen",
        "status": "healthy",
        "timestamp": request.timestamp(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    // Also to HEAD, whose answer must have the length of that to GET (RFC 9110, section 8.6).
    let metadata = json!({ "endpoint": "/health", "method": "GET" });
    request.answer_with(StatusCode::OK, "Server is healthy and running", data, metadata)
}

/// `GET /livez`: the process answers. Looks at nothing, so that a slow store does not get the process killed.
async fn livez(request: RequestContext, _: NoQuery) -> HttpResponse {
    request.answer("Process is up", json!({ "status": "alive" }))
}

/// `GET /readyz`: store and mail worker work, as far as was known a second ago; 503 otherwise.
async fn readyz(request: RequestContext, health: Data<dyn HealthService>, _: NoQuery) -> ApiResult {
    let readiness = health.readiness().await;
    let parts = json!({ "store": readiness.store, "mail_worker": readiness.mail_worker });
    if readiness.is_ready() {
        return Ok(request.answer("Service is ready", parts));
    }
    Err(ApiError {
        details: Some(parts),
        retry_after: Some(1),
        ..ApiError::new(ErrorCode::ServiceUnavailable, "Service is not ready")
    })
}

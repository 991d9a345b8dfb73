//! Whether the service is there, and whether it can work.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use denizen_services::HealthService;
use serde::Serialize;
use serde_json::json;

use crate::{
    http::{ApiError, ApiResult, ErrorCode, NoQuery, Public, RequestContext, reply},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/health")
            .get(Public, "Returns that the service is healthy, and its version.", health)
            .answers(reply(200).data_with::<Health, Endpoints>().example_with(
                r#"{"service": "denizen", "status": "healthy", "timestamp": 1795416971, "version": "0.1.0"}"#,
                r#"{"endpoint": "/health", "method": "GET"}"#,
            ))
            .unlimited(),
        route("/livez")
            .get(Public, "Returns that the process is up.", livez)
            .answers(reply(200).data::<Alive>().example(r#"{"status": "alive"}"#))
            .unlimited(),
        route("/readyz")
            .get(Public, "Checks the store and the mail worker.", readyz)
            .answers(reply(200).data::<Parts>().example(r#"{"store": true, "mail_worker": true}"#))
            .unlimited(),
    ]
}

/// What runs.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Health {
    /// `denizen`.
    service: &'static str,
    /// `healthy`.
    status: &'static str,
    /// When the request arrived, in Unix seconds.
    timestamp: i64,
    /// The version of denizen.
    version: &'static str,
}

/// What was asked for.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Endpoints {
    /// The path.
    endpoint: &'static str,
    /// The method.
    method: &'static str,
}

/// That the process is up.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Alive {
    /// `alive`.
    status: &'static str,
}

/// What works.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Parts {
    /// Whether the store can be read and written.
    store: bool,
    /// Whether the mail worker runs.
    mail_worker: bool,
}

/// `GET /health`: for people and for clients of the original.
async fn health(request: RequestContext, _: NoQuery) -> HttpResponse {
    let version = env!("CARGO_PKG_VERSION");
    let data = Health { service: "denizen", status: "healthy", timestamp: request.timestamp(), version };
    // Also to HEAD, whose answer must have the length of that to GET (RFC 9110, section 8.6).
    let metadata = Endpoints { endpoint: "/health", method: "GET" };
    request.answer_with(StatusCode::OK, "Server is healthy and running", data, metadata)
}

/// `GET /livez`: the process answers. Looks at nothing, so that a slow store does not get the process killed.
async fn livez(request: RequestContext, _: NoQuery) -> HttpResponse {
    request.answer("Process is up", Alive { status: "alive" })
}

/// `GET /readyz`: store and mail worker work, as far as was known a second ago; 503 otherwise.
async fn readyz(request: RequestContext, health: Data<dyn HealthService>, _: NoQuery) -> ApiResult {
    let readiness = health.readiness().await;
    let parts = Parts { store: readiness.store, mail_worker: readiness.mail_worker };
    if readiness.is_ready() {
        return Ok(request.answer("Service is ready", parts));
    }
    Err(ApiError {
        details: Some(json!(parts)),
        retry_after: Some(1),
        ..ApiError::new(ErrorCode::ServiceUnavailable, "Service is not ready")
    })
}

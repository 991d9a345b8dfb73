//! Demonstrations of concurrency.

use actix_web::{http::StatusCode, web::Data};
use denizen_models::TaskRequest;
use denizen_services::{Failure, TaskError, TaskService};
use serde_json::json;

use crate::{
    http::{ApiResult, Demo, ErrorCode, Json, RequestContext, map_error},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/tasks").post(Demo, "Runs concurrent tasks.", run),
        // The name in the original.
        route("/api/goroutines").post(Demo, "Runs concurrent tasks.", run),
    ]
}

/// `POST /api/tasks`. The tasks end with this future, which the server drops when the client hangs up.
async fn run(
    request: RequestContext,
    tasks: Data<dyn TaskService>,
    Json(body): Json<TaskRequest>,
) -> ApiResult {
    let metadata = json!({
        "description": body.description,
        "task_count": body.task_count,
        "task_type": body.task_type,
    });
    let report = tasks.run(&request.access, body).await?;
    let message = "Goroutine demonstration completed successfully";
    Ok(request.answer_with(StatusCode::OK, message, report, metadata))
}

map_error! { error: TaskError {
    // The original does not introduce these messages with "Validation failed".
    Failure(Failure::Invalid(errors)) =>
        Self { message: errors.to_string().into(), ..Self::validation(&errors) },
    UnknownKind(_) => Self::new(ErrorCode::InvalidTaskType, error.to_string()),
} }

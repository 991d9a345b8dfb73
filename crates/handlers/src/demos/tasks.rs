//! Demonstrations of concurrency.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use denizen_models::TaskRequest;
use denizen_services::{Failure, TaskError, TaskService};
use serde_json::json;

use crate::{
    http::{ApiError, Demo, ErrorCode, Json, NoQuery, RequestContext},
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
    _: NoQuery,
    Json(body): Json<TaskRequest>,
) -> Result<HttpResponse, ApiError> {
    let metadata = json!({
        "description": body.description,
        "task_count": body.task_count,
        "task_type": body.task_type,
    });
    let report = tasks.run(&request.access, body).await?;
    let message = "Goroutine demonstration completed successfully";
    Ok(request.answer_with(StatusCode::OK, message, report, metadata))
}

impl From<TaskError> for ApiError {
    fn from(error: TaskError) -> Self {
        match error {
            // The original does not introduce these messages with "Validation failed".
            TaskError::Failure(Failure::Invalid(errors)) => {
                Self { message: errors.to_string().into(), ..Self::validation(&errors) }
            }
            TaskError::UnknownKind(_) => Self::new(ErrorCode::InvalidTaskType, error.to_string()),
            TaskError::Failure(failure) => failure.into(),
        }
    }
}

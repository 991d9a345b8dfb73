//! Demonstrations of concurrency.

use actix_web::{http::StatusCode, web::Data};
use denizen_models::{TaskReport, TaskRequest};
use denizen_services::{Failure, TaskError, TaskService};
use serde::Serialize;

use crate::{
    http::{ApiResult, Demo, ErrorCode, Json, Reply, RequestContext, map_error, reply},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/tasks").post(Demo, "Runs concurrent tasks.", run).answers(ran()),
        // The name in the original.
        route("/api/goroutines").post(Demo, "Runs concurrent tasks.", run).answers(ran()),
    ]
}

fn ran() -> Reply {
    reply(200)
        .data_with::<TaskReport, Tasks>()
        .refuses(&[ErrorCode::InvalidTaskType])
        .example(r#"{"task_type": "basic", "task_count": 3, "delay_ms": 10}"#)
}

/// What was asked for.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Tasks {
    /// For people.
    description: String,
    /// How many tasks.
    task_count: i64,
    /// How they were spread.
    task_type: String,
}

/// `POST /api/tasks`. The tasks end with this future, which the server drops when the client hangs up.
async fn run(
    request: RequestContext,
    tasks: Data<dyn TaskService>,
    Json(body): Json<TaskRequest>,
) -> ApiResult {
    let metadata = Tasks {
        description: body.description.clone(),
        task_count: body.task_count,
        task_type: body.task_type.clone(),
    };
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

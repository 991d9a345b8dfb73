//! Tasks over HTTP, under both of their names.

use std::sync::Arc;

use denizen_models::{TaskRequest, ValidationErrors};
use denizen_services::{Failure, RandomnessError, TaskError};
use futures_util::FutureExt as _;
use log::Level;
use serde_json::{Value, json};

use crate::support::{
    Api,
    answer::Answer,
    demonstrations::{Asked, FakeDemonstrations},
    log::{access_line, causes},
    requests::send_json,
};

async fn send(fake: FakeDemonstrations, path: &str, body: &Value) -> (Answer, Arc<FakeDemonstrations>) {
    let fake = Arc::new(fake);
    let api = Api::start_with(|setup| setup.demonstrations = Some(fake.clone())).await;
    (api.send(send_json("POST", path, body)).await, fake)
}

async fn fail(error: TaskError) -> Answer {
    let fake = FakeDemonstrations { run: Err(error), ..Default::default() };
    send(fake, "/api/tasks", &json!({})).await.0
}

#[actix_web::test]
async fn a_request_is_passed_on_and_its_report_returned_under_both_names() {
    for path in ["/api/tasks", "/api/goroutines"] {
        let body = json!({ "task_type": "x", "task_count": 2, "delay_ms": 10, "description": "<b>" });
        let (answer, fake) = send(FakeDemonstrations::default(), path, &body).await;
        let (data, metadata) = answer.expect_success(200, "Goroutine demonstration completed successfully");
        let expected = json!({
            "task_id": "goroutine_task_7", "status": "completed", "results": ["one", "two"],
            "start_time": 1_767_225_600, "end_time": 1_767_225_601, "total_tasks": 2, "completed_tasks": 2,
        });
        assert_eq!(data, expected, "{path}");
        assert_eq!(metadata, json!({ "description": "<b>", "task_count": 2, "task_type": "x" }), "{path}");
        let (context, asked) = fake.last_call();
        assert_eq!(context.request_id, answer.request_id());
        let request = TaskRequest {
            task_type: "x".to_owned(),
            task_count: 2,
            delay_ms: Some(10),
            description: "<b>".to_owned(),
        };
        assert_eq!(asked, Asked::Run(request), "{path}");
    }
}

#[actix_web::test]
async fn what_is_left_out_is_left_to_the_service() {
    for body in [json!({}), json!({ "delay_ms": null })] {
        let (answer, fake) = send(FakeDemonstrations::default(), "/api/tasks", &body).await;
        let (_, metadata) = answer.expect_success(200, "Goroutine demonstration completed successfully");
        assert_eq!(metadata, json!({ "description": "", "task_count": 0, "task_type": "" }));
        assert_eq!(fake.last_call().1, Asked::Run(TaskRequest::default()));
    }
}

#[actix_web::test]
async fn members_that_fail_are_named_without_an_introduction() {
    let mut errors = ValidationErrors::of("task_count", "Task count must be positive");
    errors.add("delay_ms", "too slow");
    let details = fail(TaskError::Failure(Failure::Invalid(errors))).await.expect_error(
        400,
        "VALIDATION_ERROR",
        "Task count must be positive",
    );
    let fields = json!({ "task_count": ["Task count must be positive"], "delay_ms": ["too slow"] });
    assert_eq!(details, json!({ "fields": fields }));
}

#[actix_web::test]
async fn an_unknown_kind_is_told_apart() {
    let answer = fail(TaskError::UnknownKind("nope".to_owned())).await;
    assert_eq!(answer.expect_error(400, "INVALID_TASK_TYPE", "Unknown task type: nope"), Value::Null);
}

#[actix_web::test]
async fn too_many_requests_at_once_are_asked_to_come_back() {
    let answer =
        fail(TaskError::Failure(Failure::Overloaded("too many task requests are running".into()))).await;
    answer.expect_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[actix_web::test]
async fn lost_tasks_are_a_failure_of_ours() {
    for error in [
        TaskError::Failure(Failure::Internal("tasks were lost: 1 of 2 came back".into())),
        RandomnessError("broken".into()).into(),
    ] {
        let cause = error.to_string();
        let answer = fail(error).await;
        assert_eq!(answer.expect_error(500, "INTERNAL_ERROR", "Internal server error"), Value::Null);
        let id = answer.request_id();
        assert_eq!(causes(id), [(Level::Error, format!("{id} INTERNAL_ERROR: {cause}"))]);
    }
}

#[actix_web::test]
async fn a_request_whose_client_hangs_up_has_its_line_in_the_log() {
    let fake = Arc::new(FakeDemonstrations { endless: true, ..Default::default() });
    let api = Api::start_with(|setup| setup.demonstrations = Some(fake.clone())).await;
    // One look, and then the future is dropped: this is what the server does.
    assert!(api.send(send_json("POST", "/api/tasks", &json!({}))).now_or_never().is_none());
    let id = fake.last_call().0.request_id;
    let line = access_line(&id);
    assert!(line.starts_with("POST /api/tasks 499 0B ") && line.ends_with(&id), "{line}");
}

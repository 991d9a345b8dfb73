//! The mail queue over HTTP.

use std::sync::Arc;

use denizen_models::{MailJobState, ValidationErrors};
use denizen_services::{
    Failure, MailJobError, MailJobListQuery,
    store::{MailJobId, StoreFailure},
};
use serde_json::{Value, json};

use crate::support::{
    Api,
    answer::Answer,
    operations::{Asked, FakeOperations},
    requests::request,
};

const JOB: &str = "/api/mail/jobs/8";
const RETRY: &str = "/api/mail/jobs/8/retry";

async fn send(fake: FakeOperations, method: &str, target: &str) -> (Answer, Arc<FakeOperations>) {
    let fake = Arc::new(fake);
    let api = Api::start_with(|setup| setup.operations = fake.clone()).await;
    (api.send(request(method, target)).await, fake)
}

#[actix_web::test]
async fn jobs_are_shown_with_what_an_operator_needs() {
    let (answer, fake) = send(FakeOperations::default(), "GET", "/api/mail/jobs").await;
    let (data, metadata) = answer.expect_success(200, "Mail jobs retrieved successfully");
    let expected = json!([{
        "id": 8, "kind": "password_reset", "address": "a***@example.com", "state": "waiting", "attempts": 2,
        "requested_at": "2026-01-01T00:00:00Z", "due_at": "2026-01-01T00:00:00Z", "reason": "no connection",
        "request_id": "req_2",
    }]);
    assert_eq!((data, metadata), (expected, json!({ "count": 1, "next_cursor": null })));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let (context, asked) = fake.last_call();
    assert!(context.is_admin() && context.request_id == answer.request_id());
    assert_eq!(asked, Asked::ListJobs(MailJobListQuery::default()));
}

#[actix_web::test]
async fn every_parameter_arrives_as_sent() {
    for state in MailJobState::ALL {
        let target = format!("/api/mail/jobs?state={}&limit=0&cursor=cafe", state.as_str());
        let (answer, fake) = send(FakeOperations::default(), "GET", &target).await;
        answer.expect_success(200, "Mail jobs retrieved successfully");
        let cursor = Some("cafe".to_owned());
        let expected = MailJobListQuery { state: Some(state), limit: Some(0), cursor };
        assert_eq!(fake.last_call().1, Asked::ListJobs(expected));
    }
}

#[actix_web::test]
async fn parameters_that_make_no_sense_are_refused() {
    for (method, target, name, reason) in [
        ("GET", "/api/mail/jobs?state=DEAD", "state", "expected waiting or dead"),
        ("GET", "/api/mail/jobs?limit=x", "limit", "expected a number"),
        ("GET", "/api/mail/jobs?dead=true", "dead", "unknown parameter"),
        ("DELETE", "/api/mail/jobs/8?force=1", "force", "unknown parameter"),
        ("POST", "/api/mail/jobs/8/retry?now=1", "now", "unknown parameter"),
    ] {
        let (answer, fake) = send(FakeOperations::default(), method, target).await;
        let message = format!("Invalid query parameter: {name}");
        let details = answer.expect_error(400, "INVALID_QUERY", &message);
        assert_eq!(details, json!({ "fields": { name: [reason] } }), "{target}");
        assert!(fake.is_untouched(), "{target}");
    }
}

#[actix_web::test]
async fn a_job_is_retried_and_dropped_by_its_number() {
    for (method, target, message, asked) in [
        ("POST", RETRY, "Mail job is due again", Asked::Retry(MailJobId(8))),
        ("DELETE", JOB, "Mail job dropped successfully", Asked::Drop(MailJobId(8))),
    ] {
        let (answer, fake) = send(FakeOperations::default(), method, target).await;
        assert_eq!(answer.expect_success(200, message), (Value::Null, Value::Null));
        let (context, called) = fake.last_call();
        assert_eq!((context.request_id.as_str(), called), (answer.request_id(), asked));
    }
}

#[actix_web::test]
async fn what_can_be_no_number_of_a_job_names_none() {
    for id in ["0", "08", "-8", "x", "9223372036854775808"] {
        for (method, target) in
            [("DELETE", format!("/api/mail/jobs/{id}")), ("POST", format!("/api/mail/jobs/{id}/retry"))]
        {
            let (answer, fake) = send(FakeOperations::default(), method, &target).await;
            answer.expect_error(404, "MAIL_JOB_NOT_FOUND", "Mail job not found");
            assert!(fake.is_untouched(), "{target}");
        }
    }
}

#[actix_web::test]
async fn every_refusal_of_a_change_has_its_answer() {
    let busy = StoreFailure::Busy("locked".into());
    for (error, status, code, message) in [
        (MailJobError::NotFound, 404, "MAIL_JOB_NOT_FOUND", "Mail job not found"),
        (
            MailJobError::Failure(Failure::Forbidden("only administrators can change mail jobs".into())),
            403,
            "FORBIDDEN",
            "Forbidden: only administrators can change mail jobs",
        ),
        (MailJobError::from(busy), 503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable"),
    ] {
        for (method, target) in [("POST", RETRY), ("DELETE", JOB)] {
            let fake = FakeOperations { change: Err(error.clone()), ..FakeOperations::default() };
            send(fake, method, target).await.0.expect_error(status, code, message);
        }
    }
}

#[actix_web::test]
async fn every_refusal_of_the_list_has_its_answer() {
    let busy = StoreFailure::Busy("locked".into());
    let query = ValidationErrors::of("limit", "limit must be between 1 and 200");
    for (error, status, code, message) in [
        (Failure::InvalidQuery(query), 400, "INVALID_QUERY", "Invalid query parameter: limit"),
        (
            Failure::Forbidden("only administrators can see mail jobs".into()),
            403,
            "FORBIDDEN",
            "Forbidden: only administrators can see mail jobs",
        ),
        (Failure::from(busy), 503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable"),
    ] {
        let fake = FakeOperations { jobs: Err(error), ..FakeOperations::default() };
        send(fake, "GET", "/api/mail/jobs").await.0.expect_error(status, code, message);
    }
}

//! What the services' own limits look like from outside.

use actix_web::test::TestRequest;
use chrono::Duration;
use denizen_services::{
    RequestPasswordResetError, ResetPasswordError, ValidateResetTokenError, store::StoreError,
};
use serde_json::Value;

use crate::support::{
    Api,
    answer::Answer,
    fakes::Answers,
    log::causes,
    requests::{get, request, request_password_reset, reset_password, validate_reset_token},
};

/// The answers of services that let nobody in before this time is over.
fn limit(answers: &mut Answers, wait: Duration) {
    answers.request_reset = Err(RequestPasswordResetError::RateLimited(wait));
    answers.reset = Err(ResetPasswordError::RateLimited(wait));
    answers.validate = Err(ValidateResetTokenError::RateLimited(wait));
}

async fn send(request: TestRequest, wait: Duration) -> Answer {
    Api::start_with(|setup| limit(&mut setup.answers, wait)).await.send(request).await
}

#[actix_web::test]
async fn who_does_it_too_often_is_told_when_to_come_back() {
    for request in [request_password_reset, reset_password, validate_reset_token] {
        let answer = send(request(), Duration::minutes(20)).await;
        let details = answer.expect_error(429, "RATE_LIMITED", "Too many requests");
        assert_eq!((details, answer.header("retry-after")), (Value::Null, Some("1200")));
        assert_eq!(causes(answer.request_id()), [], "nothing is wrong with the service");
    }
}

#[actix_web::test]
async fn a_time_to_wait_is_rounded_up_to_whole_seconds() {
    for (wait, seconds) in [
        (Duration::zero(), "1"),
        (Duration::microseconds(1), "1"),
        (Duration::seconds(1), "1"),
        (Duration::microseconds(1_000_001), "2"),
        (Duration::seconds(60), "60"),
        (Duration::MAX, "4294967295"),
    ] {
        let answer = send(request_password_reset(), wait).await;
        assert_eq!(answer.header("retry-after"), Some(seconds), "{wait}");
    }
}

#[actix_web::test]
async fn a_limit_that_a_service_passes_on_from_its_store_is_no_fault() {
    let error = StoreError::RateLimited { retry_after: Duration::seconds(5) };
    let change = |answers: &mut Answers| answers.reset = Err(ResetPasswordError::Store(error));
    let answer = Api::start_with(|setup| change(&mut setup.answers)).await.send(reset_password()).await;
    answer.expect_error(429, "RATE_LIMITED", "Too many requests");
    assert_eq!(answer.header("retry-after"), Some("5"));
}

#[actix_web::test]
async fn people_are_told_in_words() {
    let form = |target: &str, fields: &'static str| {
        request("POST", target)
            .insert_header(("content-type", "application/x-www-form-urlencoded"))
            .set_payload(fields)
    };
    for (request, wait, words) in [
        (form("/reset-password", "email=alice%40example.com"), 1050, "18 minutes"),
        (form("/reset-password?token=abc", "new_password=correct+horse"), 2, "2 seconds"),
        (get("/reset-password?token=abc"), 1, "a second"),
    ] {
        let answer = send(request, Duration::seconds(wait)).await;
        let page = answer.expect_page(429);
        assert!(page.contains(&format!("<p>Too many requests. Please try again in {words}.</p>")), "{page}");
        assert_eq!(answer.header("retry-after"), Some(wait.to_string().as_str()));
    }
}

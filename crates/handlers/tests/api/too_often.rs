//! What the services' own limits look like from outside.

use actix_web::test::TestRequest;
use chrono::Duration;
use denizen_services::{
    AcceptInvitationError, ChangeEmailError, ChangePasswordError, ConfirmEmailChangeError,
    DeleteAccountError, Failure, LoginError, SignUpError, VerifyEmailError,
};
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    answer::Answer,
    auth::MEMBER,
    log::causes,
    requests::{anonymous, request, request_of, verify_email},
};

/// The answers of services that let nobody in before this time is over.
fn limit(setup: &mut Setup, wait: Duration) {
    let Setup { answers, auth, .. } = setup;
    answers.sign_up = Err(SignUpError::Failure(Failure::RateLimited(wait)));
    answers.request_verification = Err(Failure::RateLimited(wait));
    answers.verify = Err(VerifyEmailError::Failure(Failure::RateLimited(wait)));
    answers.accept = Err(AcceptInvitationError::Failure(Failure::RateLimited(wait)));
    answers.confirm_change = Err(ConfirmEmailChangeError::Failure(Failure::RateLimited(wait)));
    auth.login = Err(LoginError::Failure(Failure::RateLimited(wait)));
    auth.change_password = Err(ChangePasswordError::Failure(Failure::RateLimited(wait)));
    answers.change_email = Err(ChangeEmailError::Failure(Failure::RateLimited(wait)));
    answers.delete_account = Err(DeleteAccountError::Failure(Failure::RateLimited(wait)));
}

async fn send(request: TestRequest, wait: Duration) -> Answer {
    Api::start_with(|setup| limit(setup, wait)).await.send(request).await
}

#[actix_web::test]
async fn who_does_it_too_often_is_told_when_to_come_back() {
    for target in [
        "/api/users/request-email-verification",
        "/api/users/verify-email",
        "/api/users/accept-invitation",
        "/api/users/confirm-email-change",
        "/api/auth/login",
        "/api/auth/change-password",
        "/api/auth/change-email",
        "/api/auth/delete-account",
        "/api/users",
    ] {
        let request = if target.starts_with("/api/auth/") {
            request_of(MEMBER, "POST", target)
        } else {
            anonymous("POST", target)
        };
        assert_says_in_twenty_minutes(&send(request.set_json(json!({})), Duration::minutes(20)).await);
    }
}

/// A program is told when to come back, and the log is told of no fault.
#[track_caller]
pub fn assert_says_in_twenty_minutes(answer: &Answer) {
    let details = answer.expect_error(429, "RATE_LIMITED", "Too many requests");
    assert_eq!((details, answer.header("retry-after")), (Value::Null, Some("1200")), "{answer:?}");
    assert_eq!(causes(answer.request_id()), [], "nothing is wrong with the service");
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
        let answer = send(verify_email(), wait).await;
        assert_eq!(answer.header("retry-after"), Some(seconds), "{wait}");
    }
}

#[actix_web::test]
async fn a_limit_that_a_service_passes_on_from_its_store_is_no_fault() {
    let limited = Failure::RateLimited(Duration::seconds(5));
    let change = |setup: &mut Setup| setup.answers.verify = Err(limited.into());
    let answer = Api::start_with(change).await.send(verify_email()).await;
    answer.expect_error(429, "RATE_LIMITED", "Too many requests");
    assert_eq!(answer.header("retry-after"), Some("5"));
}

#[actix_web::test]
async fn people_are_told_in_words() {
    for (request, wait, words) in [
        (form("/verify-email?token=abc", ""), 1050, "18 minutes"),
        (form("/verify-email?token=abc", ""), 2, "2 seconds"),
        (form("/verify-email?token=abc", ""), 1, "a second"),
        (form("/verify-email?token=abc", ""), 60, "60 seconds"),
        (form("/accept-invitation?token=abc", "password=correct+horse"), 120, "2 minutes"),
        (form("/confirm-email-change?token=abc", ""), 3600, "60 minutes"),
    ] {
        assert_tells_people(&send(request, Duration::seconds(wait)).await, wait, words);
    }
}

pub fn form(target: &str, fields: &'static str) -> TestRequest {
    request("POST", target)
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(fields)
}

/// The page says in words what the header says in seconds.
#[track_caller]
pub fn assert_tells_people(answer: &Answer, wait: i64, words: &str) {
    let page = answer.expect_page(429);
    assert!(page.contains(&format!("<p>Too many requests. Please try again in {words}.</p>")), "{page}");
    assert_eq!(answer.header("retry-after"), Some(wait.to_string().as_str()));
}

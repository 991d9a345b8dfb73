//! What the limits of the service look like from outside.

use actix_web::test::TestRequest;
use chrono::Duration;
use denizen_services::{Failure, RequestPasswordResetError, ResetPasswordError};
use serde_json::json;

use crate::{
    support::{
        Api, Setup,
        answer::Answer,
        requests::{anonymous, get},
    },
    too_often::{assert_says_in_twenty_minutes, assert_tells_people, form},
};

/// The answers of a service that lets nobody in before this time is over.
fn limit(setup: &mut Setup, wait: Duration) {
    let Setup { answers, .. } = setup;
    answers.password_reset.request = Err(RequestPasswordResetError::Failure(Failure::RateLimited(wait)));
    answers.password_reset.reset = Err(ResetPasswordError::Failure(Failure::RateLimited(wait)));
    answers.password_reset.validate = Err(Failure::RateLimited(wait));
}

async fn send(request: TestRequest, wait: Duration) -> Answer {
    Api::start_with(|setup| limit(setup, wait)).await.send(request).await
}

#[actix_web::test]
async fn who_does_it_too_often_is_told_when_to_come_back() {
    for name in ["request-password-reset", "reset-password", "validate-reset-token"] {
        let request = anonymous("POST", &format!("/api/users/{name}")).set_json(json!({}));
        assert_says_in_twenty_minutes(&send(request, Duration::minutes(20)).await);
    }
}

#[actix_web::test]
async fn people_are_told_in_words() {
    for (request, wait, words) in [
        (form("/reset-password", "email=alice%40example.com"), 1050, "18 minutes"),
        (form("/reset-password?token=abc", "new_password=correct+horse"), 2, "2 seconds"),
        (get("/reset-password?token=abc"), 1, "a second"),
    ] {
        assert_tells_people(&send(request, Duration::seconds(wait)).await, wait, words);
    }
}

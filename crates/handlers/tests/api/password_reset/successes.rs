//! What each route answers when all goes well, what arrived at the service, and what every answer is like.

use chrono::Duration;
use denizen_models::{ResetTokenStatus, Secret, UserId};
use denizen_services::Actor;
use denizen_testkit::FixedClock;
use serde_json::{Value, json};

use super::{fakes::ResetAsked, request_password_reset, reset_password, validate_reset_token};
use crate::{
    bodies::assert_is_given_at_most_once,
    support::{
        Api,
        fakes::{Answers, Asked},
        requests::{get, send_json},
    },
};

#[actix_web::test]
async fn a_requested_reset_repeats_the_address_as_typed_without_blanks() {
    let api = Api::start().await;
    let body = json!({ "email": " Eve@Example.com " });
    let answer = api.send(send_json("POST", "/api/users/request-password-reset", &body)).await;
    let message = "Password reset token generated. Check your email for instructions.";
    let sentence =
        "If your email address is in our database, you will receive a password reset link shortly.";
    let data = json!({ "message": sentence, "email": "Eve@Example.com" });
    assert_eq!(answer.expect_success(200, message), (data, Value::Null));
    let Asked::PasswordReset(ResetAsked::Request(request)) = api.users.last_asked() else {
        panic!("another call")
    };
    assert_eq!(request.email, " Eve@Example.com ");
}

#[actix_web::test]
async fn a_reset_password_is_confirmed_and_not_repeated() {
    let api = Api::start().await;
    let body = json!({ "token": "cafe", "new_password": "newsecurepassword" });
    let answer = api.send(send_json("POST", "/api/users/reset-password", &body)).await;
    let sentence = "Your password has been reset successfully. You can now log in with your new password.";
    let data = json!({ "message": sentence, "success": true });
    let parts = answer.expect_success(200, "Password has been reset successfully.");
    assert_eq!(parts, (data, Value::Null));
    let Asked::PasswordReset(ResetAsked::Reset(request)) = api.users.last_asked() else {
        panic!("another call")
    };
    assert_eq!((request.token.expose(), request.new_password.expose()), ("cafe", "newsecurepassword"));
}

/// Security checklist: 66.
#[actix_web::test]
async fn a_device_that_is_known_from_now_on_is_told_what_to_present() {
    let reset = |answers: &mut Answers| answers.password_reset.reset = Ok(Some(Secret::from("cafe")));
    let api = Api::start_with(|setup| reset(&mut setup.answers)).await;
    let body = json!({ "token": "cafe", "new_password": "newsecurepassword" });
    let answer = api.send(send_json("POST", "/api/users/reset-password", &body)).await;
    assert_eq!(answer.expect_success(200, "Password has been reset successfully.").0["device"], "cafe");
}

#[actix_web::test]
async fn a_token_is_valid_until_it_expires_or_it_is_not() {
    let expires_at = FixedClock::start() + Duration::minutes(30);
    for (status, message, expected) in [
        (
            ResetTokenStatus { valid: true, expires_at: Some(expires_at) },
            "Reset token is valid",
            json!({ "valid": true, "expires_at": "2026-01-01T00:30:00Z" }),
        ),
        (
            ResetTokenStatus { valid: false, expires_at: None },
            "Reset token is not valid",
            json!({ "valid": false, "expires_at": null }),
        ),
    ] {
        let api = Api::start_with(|setup| setup.answers.password_reset.validate = Ok(status)).await;
        let body = json!({ "token": "cafe" });
        let answer = api.send(send_json("POST", "/api/users/validate-reset-token", &body)).await;
        assert_eq!(answer.expect_success(200, message), (expected, Value::Null));
        let Asked::PasswordReset(ResetAsked::Validate(request)) = api.users.last_asked() else {
            panic!("another call")
        };
        assert_eq!(request.token.expose(), "cafe");
    }
}

/// Security checklist: 27.
#[actix_web::test]
async fn an_administrator_sends_a_way_in_and_sees_none() {
    let api = Api::start().await;
    for (body, discard) in [(json!({}), false), (json!({ "discard_password": true }), true)] {
        let answer = api.send(send_json("POST", "/api/users/7/send-password-reset", &body)).await;
        let (data, _) = answer.expect_success(202, "The user will receive a link shortly.");
        assert!(data.is_null());
        let Asked::PasswordReset(ResetAsked::Send(user, discarded)) = api.users.last_asked() else {
            panic!("another call")
        };
        assert_eq!((user, discarded), (UserId::new(7), discard));
    }
}

#[actix_web::test]
async fn no_answer_is_kept_by_anybody() {
    let api = Api::start().await;
    for request in [request_password_reset(), reset_password(), validate_reset_token()] {
        let answer = api.send(request).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert!(answer.vary().is_empty() && answer.header("etag").is_none(), "{answer:?}");
    }
}

#[actix_web::test]
async fn whoever_forgot_a_password_is_anonymous() {
    let api = Api::start().await;
    for request in [request_password_reset(), reset_password(), validate_reset_token()] {
        let answer = api.send(request).await;
        assert!(answer.status < 300, "{answer:?}");
        assert_eq!(api.users.last_call().0.actor, Actor::Anonymous, "{answer:?}");
    }
    assert!(api.auth.asked().is_empty());
}

#[actix_web::test]
async fn the_mark_to_discard_a_password_is_given_at_most_once() {
    assert_is_given_at_most_once("/api/users/7/send-password-reset", "discard_password", "true").await;
}

#[actix_web::test]
async fn what_may_hold_a_token_is_never_packed() {
    let api = Api::start().await;
    for target in ["/reset-password", "/reset-password?token=abc"] {
        let plain = api.send(get(target)).await;
        let answer = api.send(get(target).insert_header(("accept-encoding", "br, gzip, deflate"))).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (plain.status, None), "{target}");
        assert_eq!(answer.body.len(), plain.body.len(), "{target}");
    }
}

#[actix_web::test]
async fn the_start_page_leads_to_the_form() {
    let text = Api::start().await.send(get("/")).await.text();
    assert!(text.contains(" href=\"/reset-password\""), "{text}");
}

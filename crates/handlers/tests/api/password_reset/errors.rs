//! What the caller has done wrong: each refusal of the service has its status, code and sentence.

use denizen_handlers::ErrorCode;
use denizen_models::{EmailAddress, UserId};
use denizen_services::{Failure, RequestPasswordResetError, ResetPasswordError, SendPasswordResetError};
use serde_json::Value;

use super::{request_password_reset, reset_password, validate_reset_token};
use crate::{
    errors::{assert_names_both, refusal, two_failures},
    support::{Setup, requests::acceptable},
};

#[actix_web::test]
async fn members_that_break_rules_are_all_named_and_the_first_is_the_message() {
    let code = ErrorCode::ValidationError;
    let message = "Validation failed: profile validation failed: bio cannot exceed 1000 characters";

    let change = |setup: &mut Setup| {
        setup.answers.password_reset.request =
            Err(RequestPasswordResetError::Failure(Failure::Invalid(two_failures())));
    };
    assert_names_both(&refusal(request_password_reset(), change, 400, code, message).await);

    let change = |setup: &mut Setup| {
        setup.answers.password_reset.reset =
            Err(ResetPasswordError::Failure(Failure::Invalid(two_failures())));
    };
    assert_names_both(&refusal(reset_password(), change, 400, code, message).await);

    let change = |setup: &mut Setup| {
        setup.answers.password_reset.validate = Err(Failure::Invalid(two_failures()));
    };
    assert_names_both(&refusal(validate_reset_token(), change, 400, code, message).await);
}

#[actix_web::test]
async fn an_address_that_nobody_has_is_named_where_the_service_says_so() {
    let email = EmailAddress::parse("nobody@example.com").expect("an address");
    let change = |setup: &mut Setup| {
        setup.answers.password_reset.request = Err(RequestPasswordResetError::UnknownAddress(email));
    };
    let message = "Failed to request password reset: user with email 'nobody@example.com' not found";
    let code = ErrorCode::PasswordResetRequestFailed;
    assert_eq!(refusal(request_password_reset(), change, 404, code, message).await, Value::Null);
}

#[actix_web::test]
async fn a_token_that_does_not_work_is_refused_in_the_words_of_the_service() {
    for (error, message) in [
        (ResetPasswordError::InvalidToken, "Failed to reset password: invalid reset token"),
        (ResetPasswordError::ExpiredToken, "Failed to reset password: reset token has expired"),
        (ResetPasswordError::InvalidOrExpired, "Failed to reset password: invalid or expired reset token"),
    ] {
        let change = |setup: &mut Setup| setup.answers.password_reset.reset = Err(error);
        let code = ErrorCode::PasswordResetFailed;
        assert_eq!(refusal(reset_password(), change, 400, code, message).await, Value::Null);
    }
}

#[actix_web::test]
async fn whoever_cannot_be_sent_a_way_in_is_named() {
    for (error, status, code, message) in [
        (
            SendPasswordResetError::NotFound(UserId::new(7)),
            404,
            ErrorCode::UserNotFound,
            "User not found: user with ID 7 not found",
        ),
        (
            SendPasswordResetError::Failure(Failure::Forbidden(
                "only administrators can send this mail".into(),
            )),
            403,
            ErrorCode::Forbidden,
            "Forbidden: only administrators can send this mail",
        ),
        (SendPasswordResetError::Inactive, 403, ErrorCode::Forbidden, "Forbidden: the user is not active"),
    ] {
        let change = |setup: &mut Setup| setup.answers.password_reset.send = Err(error);
        let request = acceptable("POST", "/api/users/7/send-password-reset");
        assert_eq!(refusal(request, change, status, code, message).await, Value::Null);
    }
}

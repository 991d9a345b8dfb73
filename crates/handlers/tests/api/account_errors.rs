//! What is refused around accounts: sign-up, mailed tokens, passwords, sessions, the last administrator.

use actix_web::test::TestRequest;
use denizen_models::{UserId, ValidationErrors};
use denizen_services::{
    AcceptInvitationError, ChangeEmailError, ChangePasswordError, ConfirmEmailChangeError,
    DeleteAccountError, DeleteUserError, Failure, LoginError, SessionError, SignUpError, UpdateUserError,
    VerifyEmailError,
};
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    auth::MEMBER,
    requests::{acceptable, anonymous, delete_user, patch_user, request, request_of, update_user},
};

/// Lets a service complain of members.
type Complaint = fn(&mut Setup, ValidationErrors);

/// Sends `request` to services changed by `change`, and returns the details of the refusal.
async fn refusal(
    request: TestRequest,
    change: impl FnOnce(&mut Setup),
    status: u16,
    code: &str,
    message: &str,
) -> Value {
    let answer = Api::start_with(change).await.send(request).await;
    assert_eq!(answer.header("www-authenticate").is_some(), status == 401, "{answer:?}");
    answer.expect_error(status, code, message)
}

fn sign_up() -> TestRequest {
    anonymous("POST", "/api/users").set_json(json!({}))
}

fn post(target: &str) -> TestRequest {
    acceptable("POST", target)
}

#[actix_web::test]
async fn a_stranger_who_may_not_or_cannot_sign_up_is_told_why() {
    for (error, status, code, message) in [
        (
            SignUpError::Failure(Failure::Forbidden("registration is not open".into())),
            403,
            "FORBIDDEN",
            "Forbidden: registration is not open",
        ),
        (
            SignUpError::Failure(Failure::Forbidden("only administrators can choose roles".into())),
            403,
            "FORBIDDEN",
            "Forbidden: only administrators can choose roles",
        ),
        (
            SignUpError::UsernameTaken("alice_dev".to_owned()),
            409,
            "USER_CREATION_ERROR",
            "Failed to create user: username 'alice_dev' already exists",
        ),
        (
            SignUpError::EmailTaken("alice@example.com".to_owned()),
            409,
            "USER_CREATION_ERROR",
            "Failed to create user: email 'alice@example.com' already exists",
        ),
    ] {
        let change = |setup: &mut Setup| setup.answers.sign_up = Err(error);
        assert_eq!(refusal(sign_up(), change, status, code, message).await, Value::Null);
    }
}

#[actix_web::test]
async fn members_that_break_rules_are_all_named() {
    let changes: [(TestRequest, Complaint); 9] = [
        (sign_up(), |setup, errors| {
            setup.answers.sign_up = Err(SignUpError::Failure(Failure::Invalid(errors)))
        }),
        (post("/api/users/request-email-verification"), |setup, errors| {
            setup.answers.request_verification = Err(Failure::Invalid(errors));
        }),
        (post("/api/users/verify-email"), |setup, errors| {
            setup.answers.verify = Err(VerifyEmailError::Failure(Failure::Invalid(errors)));
        }),
        (post("/api/users/accept-invitation"), |setup, errors| {
            setup.answers.accept = Err(AcceptInvitationError::Failure(Failure::Invalid(errors)));
        }),
        (post("/api/users/confirm-email-change"), |setup, errors| {
            setup.answers.confirm_change = Err(ConfirmEmailChangeError::Failure(Failure::Invalid(errors)));
        }),
        (post("/api/auth/change-password"), |setup, errors| {
            setup.auth.change_password = Err(ChangePasswordError::Failure(Failure::Invalid(errors)));
        }),
        (post("/api/auth/change-email"), |setup, errors| {
            setup.answers.change_email = Err(ChangeEmailError::Failure(Failure::Invalid(errors)));
        }),
        (post("/api/auth/delete-account"), |setup, errors| {
            setup.answers.delete_account = Err(DeleteAccountError::Failure(Failure::Invalid(errors)));
        }),
        (post("/api/auth/login"), |setup, errors| {
            setup.auth.login = Err(LoginError::Failure(Failure::Invalid(errors)));
        }),
    ];
    for (request, change) in changes {
        let mut errors = ValidationErrors::of("one", "one is wrong");
        errors.add("two", "two is wrong");
        let message = "Validation failed: one is wrong";
        let details = refusal(request, |setup| change(setup, errors), 400, "VALIDATION_ERROR", message).await;
        assert_eq!(details, json!({ "fields": { "one": ["one is wrong"], "two": ["two is wrong"] } }));
    }
}

#[actix_web::test]
async fn names_and_addresses_that_were_taken_meanwhile_conflict() {
    let change = |setup: &mut Setup| {
        setup.answers.verify = Err(VerifyEmailError::UsernameTaken("ada".to_owned()));
    };
    let message = "Failed to create user: username 'ada' already exists";
    let details = refusal(post("/api/users/verify-email"), change, 409, "USER_CREATION_ERROR", message);
    assert_eq!(details.await, Value::Null);

    let change = |setup: &mut Setup| {
        setup.answers.verify = Err(VerifyEmailError::LastUsernameTaken("ada".to_owned()));
    };
    let message = "Failed to create user: username 'ada' already exists, and the token is used up; sign up again to \
                   get a new one";
    let details = refusal(post("/api/users/verify-email"), change, 409, "USER_CREATION_ERROR", message);
    assert_eq!(details.await, Value::Null);

    let change = |setup: &mut Setup| {
        setup.answers.confirm_change = Err(ConfirmEmailChangeError::EmailTaken("ada@example.com".to_owned()));
    };
    let message = "Failed to change email: email 'ada@example.com' already exists";
    let details = refusal(post("/api/users/confirm-email-change"), change, 409, "USER_UPDATE_ERROR", message);
    assert_eq!(details.await, Value::Null);
}

/// The session ended between the door and the service.
#[actix_web::test]
async fn who_is_signed_in_no_longer_is_asked_to_sign_in() {
    let change = |setup: &mut Setup| {
        setup.auth.change_password = Err(ChangePasswordError::Failure(Failure::Unauthenticated));
        setup.answers.change_email = Err(ChangeEmailError::Failure(Failure::Unauthenticated));
        setup.answers.delete_account = Err(DeleteAccountError::Failure(Failure::Unauthenticated));
    };
    for target in ["/api/auth/change-password", "/api/auth/change-email", "/api/auth/delete-account"] {
        let request = request_of(MEMBER, "POST", target).set_json(json!({}));
        let message = "The session has ended or never existed";
        assert_eq!(refusal(request, change, 401, "UNAUTHENTICATED", message).await, Value::Null);
    }
}

#[actix_web::test]
async fn sessions_that_are_not_there_or_not_theirs_are_not_found() {
    let change = |setup: &mut Setup| {
        setup.auth.list = Err(SessionError::UserNotFound(UserId::new(7)));
        setup.auth.revoke_all = Err(SessionError::UserNotFound(UserId::new(7)));
        setup.auth.revoke = Err(SessionError::NotFound);
    };
    let message = "User not found: user with ID 7 not found";
    for method in ["GET", "DELETE"] {
        let details =
            refusal(request(method, "/api/users/7/sessions"), change, 404, "USER_NOT_FOUND", message);
        assert_eq!(details.await, Value::Null);
    }
    for target in ["/api/auth/sessions/8", "/api/users/7/sessions/8"] {
        let details =
            refusal(request("DELETE", target), change, 404, "SESSION_NOT_FOUND", "Session not found");
        assert_eq!(details.await, Value::Null);
    }
}

#[actix_web::test]
async fn the_last_administrator_stays() {
    let change = |setup: &mut Setup| {
        setup.answers.update = Err(UpdateUserError::LastAdministrator);
        setup.answers.delete = Err(DeleteUserError::LastAdministrator);
        setup.answers.delete_account = Err(DeleteAccountError::LastAdministrator);
    };
    for request in [update_user(), patch_user(), delete_user(), post("/api/auth/delete-account")] {
        let message = "Forbidden: there would be no administrator left";
        assert_eq!(refusal(request, change, 403, "FORBIDDEN", message).await, Value::Null);
    }
}

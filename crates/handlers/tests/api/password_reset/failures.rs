//! What goes wrong on our side: the client learns that it did and when to come back, the log learns why.

use denizen_services::{Failure, RequestPasswordResetError, ResetPasswordError, SendPasswordResetError};

use super::{request_password_reset, reset_password, validate_reset_token};
use crate::failures::{
    HashingUseCase, UseCase, assert_internal_with_the_hasher, assert_internal_with_the_store,
    assert_unavailable, assert_unavailable_with_the_hasher, assert_unavailable_with_the_store, post, send,
};

/// Every method that a route reaches, each with the way to let its store fail.
const USE_CASES: [UseCase; 4] = [
    (request_password_reset, |setup, error| {
        setup.answers.password_reset.request = Err(RequestPasswordResetError::from(error));
    }),
    (reset_password, |setup, error| {
        setup.answers.password_reset.reset = Err(ResetPasswordError::from(error))
    }),
    (validate_reset_token, |setup, error| setup.answers.password_reset.validate = Err(Failure::from(error))),
    (
        || post("/api/users/7/send-password-reset"),
        |setup, error| {
            setup.answers.password_reset.send = Err(SendPasswordResetError::from(error));
        },
    ),
];

/// Every method that hashes, each with the way to let that fail.
const HASHING: [HashingUseCase; 2] = [
    (reset_password, |setup, error| {
        setup.answers.password_reset.reset = Err(ResetPasswordError::from(error))
    }),
    (
        || post("/api/users/7/send-password-reset"),
        |setup, error| {
            setup.answers.password_reset.send = Err(SendPasswordResetError::from(error));
        },
    ),
];

#[actix_web::test]
async fn a_store_that_fails_is_told_in_every_use_case_as_it_is_told_elsewhere() {
    assert_unavailable_with_the_store(&USE_CASES).await;
    assert_internal_with_the_store(&USE_CASES).await;
}

#[actix_web::test]
async fn a_hasher_that_fails_is_told_in_every_use_case_as_it_is_told_elsewhere() {
    assert_unavailable_with_the_hasher(&HASHING).await;
    assert_internal_with_the_hasher(&HASHING).await;
}

#[actix_web::test]
async fn a_full_mail_queue_is_unavailable_to_everybody() {
    let answer = send(request_password_reset(), |setup| {
        setup.answers.password_reset.request = Err(RequestPasswordResetError::Failure(Failure::Overloaded(
            "too many requests are waiting".into(),
        )));
    });
    assert_unavailable(&answer.await, "too many requests are waiting");
}

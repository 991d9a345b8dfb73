//! What is never logged of a reset.

use denizen_models::ValidationErrors;
use denizen_services::{
    Failure, HashError, RequestPasswordResetError, ResetPasswordError, store::StoreFailure,
};

use super::fakes::ResetAnswers;
use crate::{
    logs::{assert_libraries_log_no_secrets, assert_logs_no_bodies},
    support::{
        Api, Setup,
        log::{access_line, lines_with},
        requests::get,
    },
};

const TARGETS: [&str; 3] =
    ["/api/users/request-password-reset", "/api/users/reset-password", "/api/users/validate-reset-token"];

/// Services that refuse or fail in every way in which they see what a client sent.
fn failing_setups() -> Vec<Setup> {
    let errors = ValidationErrors::of("password", "password is too short");
    let refusals = [
        ResetPasswordError::from(HashError::Busy),
        ResetPasswordError::from(StoreFailure::Unavailable("disk".into())),
        ResetPasswordError::Failure(Failure::Invalid(errors)),
    ];
    let full =
        Err(RequestPasswordResetError::Failure(Failure::Overloaded("too many requests are waiting".into())));
    let mut answers =
        vec![ResetAnswers::default(), ResetAnswers { request: full, ..ResetAnswers::default() }];
    answers.extend(refusals.map(|error| ResetAnswers { reset: Err(error), ..ResetAnswers::default() }));
    let setup = |password_reset| {
        let mut setup = Setup::default();
        setup.answers.password_reset = password_reset;
        setup
    };
    answers.into_iter().map(setup).collect()
}

/// Bodies that hold a secret, acceptable ones and broken ones.
fn secret_bodies(secret: &str) -> [String; 6] {
    [
        format!(r#"{{"token": "{secret}"}}"#),
        format!(r#"{{"token": "{secret}", "new_password": "{secret}"}}"#),
        format!(r#"{{"email": "{secret}"}}"#),
        format!(r#"{{"{secret}": 1}}"#),
        format!(r#"["{secret}"]"#),
        format!(r#"{{"new_password": "{secret}"#),
    ]
}

#[actix_web::test]
async fn neither_tokens_nor_passwords_nor_addresses_are_logged_by_anybody() {
    assert_logs_no_bodies(failing_setups(), &TARGETS, secret_bodies, "rsecret1").await;
    assert_libraries_log_no_secrets(failing_setups(), &TARGETS, secret_bodies, "rsecret2").await;
}

#[actix_web::test]
async fn the_token_of_a_link_is_never_logged() {
    let answer = Api::start().await.send(get("/reset-password?token=rsecret3")).await;
    let line = access_line(answer.request_id());
    assert!(!line.contains('?') && lines_with("rsecret3").is_empty(), "{line}");
}

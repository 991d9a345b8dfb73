//! Resetting a forgotten password.

mod errors;
mod failures;
pub mod fakes;
mod logs;
mod page;
mod paths;
mod successes;
mod too_often;

use actix_web::test::TestRequest;

use crate::support::requests::acceptable;

fn request_password_reset() -> TestRequest {
    acceptable("POST", "/api/users/request-password-reset")
}

fn reset_password() -> TestRequest {
    acceptable("POST", "/api/users/reset-password")
}

fn validate_reset_token() -> TestRequest {
    acceptable("POST", "/api/users/validate-reset-token")
}

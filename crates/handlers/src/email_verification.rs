//! Showing that an address is one's own.

mod page;

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig},
};
use denizen_models::{EmailVerificationRequest, VerifyEmailRequest};
use denizen_services::{UserService, VerifyEmailError};

use crate::http::{
    endpoint::Endpoint,
    error::{ApiError, ErrorCode},
    json::Json,
    query::NoQuery,
    request::Request,
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/api/users/request-email-verification").post(request_verification));
    config.service(Endpoint::at("/api/users/verify-email").post(verify));
    config.service(Endpoint::at("/verify-email").get(page::show).post(page::submit));
}

/// `POST /api/users/request-email-verification`
async fn request_verification(
    request: Request,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<EmailVerificationRequest>,
) -> Result<HttpResponse, ApiError> {
    users.request_email_verification(&request.access, body).await?;
    let message = "If your email address waits for verification, you will receive a link shortly.";
    Ok(request.pending(message))
}

/// `POST /api/users/verify-email`
async fn verify(
    request: Request,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<VerifyEmailRequest>,
) -> Result<HttpResponse, ApiError> {
    users.verify_email(&request.access, body).await?;
    Ok(request.done("Email address verified successfully"))
}

impl From<VerifyEmailError> for ApiError {
    fn from(error: VerifyEmailError) -> Self {
        match error {
            VerifyEmailError::InvalidOrExpired => {
                Self::because(ErrorCode::EmailVerificationFailed, "Failed to verify email", error)
            }
            VerifyEmailError::UsernameTaken(_) => {
                Self::because(ErrorCode::UserCreationError, "Failed to create user", error)
            }
            VerifyEmailError::Failure(failure) => failure.into(),
        }
    }
}

//! Showing that an address is one's own.

mod page;

use actix_web::{HttpResponse, http::Method, web::Data};
use denizen_models::{EmailVerificationRequest, VerifyEmailRequest};
use denizen_services::{UserService, VerifyEmailError};

use crate::{
    http::{
        error::{ApiError, ErrorCode},
        json::Json,
        query::NoQuery,
        request::RequestContext,
        route::Access,
    },
    middleware::endpoint::Endpoint,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        Endpoint::at("/api/users/request-email-verification").on(
            Method::POST,
            Access::Public,
            "Mails a new verification token.",
            request_verification,
        ),
        Endpoint::at("/api/users/verify-email").on(
            Method::POST,
            Access::Public,
            "Verifies an e-mail address.",
            verify,
        ),
        Endpoint::at("/verify-email")
            .on(Method::GET, Access::Public, "Shows the page behind the mailed link.", page::show)
            .on(Method::POST, Access::Public, "Takes the form of that page.", page::submit),
    ]
}

/// `POST /api/users/request-email-verification`
async fn request_verification(
    request: RequestContext,
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
    request: RequestContext,
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

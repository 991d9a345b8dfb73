//! Showing that an address is one's own.

mod page;

use actix_web::{HttpResponse, web::Data};
use denizen_models::{EmailVerificationRequest, VerifyEmailRequest};
use denizen_services::{UserService, VerifyEmailError};

use crate::{
    http::{ApiError, ErrorCode, Json, NoQuery, Public, RequestContext},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/users/request-email-verification").post(
            Public,
            "Mails a new verification token.",
            request_verification,
        ),
        route("/api/users/verify-email").post(Public, "Verifies an e-mail address.", verify),
        route("/verify-email")
            .get(Public, "Shows the form that verifies the e-mail address of the link.", page::show)
            .post(Public, "Verifies the e-mail address.", page::submit),
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

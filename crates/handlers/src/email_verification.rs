//! Showing that an address is one's own.

mod page;

use denizen_models::{EmailVerificationRequest, VerifyEmailRequest};
use denizen_services::VerifyEmailError;

use crate::{
    http::{ApiResult, ErrorCode, Json, Public, RequestContext, map_error, reply},
    middleware::{Endpoint, route},
    services::Users,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/users/request-email-verification")
            .post(Public, "Mails a new token to verify an e-mail address with.", request_verification)
            .answers(reply(202).example(r#"{"email": "ada@example.com"}"#)),
        route("/api/users/verify-email")
            .post(Public, "Verifies an e-mail address, or completes a sign-up.", verify)
            .answers(
                reply(200)
                    .refuses(&[ErrorCode::EmailVerificationFailed, ErrorCode::UserCreationError])
                    .example(
                        r#"{"token": "4ad46d582dc3ee06…", "username": "ada", "password": "correct horse battery",
                            "first_name": "Ada", "last_name": "Lovelace"}"#,
                    ),
            ),
        route("/verify-email")
            .get(
                Public,
                "Shows the form that verifies the e-mail address of the link, or signs up.",
                page::show,
            )
            .post(Public, "Verifies the e-mail address, or signs up.", page::submit),
    ]
}

/// `POST /api/users/request-email-verification`
async fn request_verification(
    request: RequestContext,
    users: Users,
    Json(body): Json<EmailVerificationRequest>,
) -> ApiResult {
    users.request_email_verification(&request.access, body).await?;
    let message = "If your email address waits for verification, you will receive a link shortly.";
    Ok(request.pending(message))
}

/// `POST /api/users/verify-email`
async fn verify(request: RequestContext, users: Users, Json(body): Json<VerifyEmailRequest>) -> ApiResult {
    users.verify_email(&request.access, body).await?;
    Ok(request.done("Email address verified successfully"))
}

map_error! { error: VerifyEmailError {
    InvalidOrExpired => Self::because(ErrorCode::EmailVerificationFailed, "Failed to verify email", error),
    UsernameTaken(_) | LastUsernameTaken(_) => Self::because(ErrorCode::UserCreationError, "Failed to create user", error),
} }

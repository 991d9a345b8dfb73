//! Resetting a forgotten password.

mod page;

use actix_web::{HttpResponse, web::Data};
use denizen_models::{
    PasswordResetConfirmation, PasswordResetConfirmationResponse, PasswordResetRequest,
    PasswordResetResponse, SendPasswordResetRequest, TokenRequest,
};
use denizen_services::{RequestPasswordResetError, ResetPasswordError, SendPasswordResetError, UserService};

use crate::{
    http::{Admin, ApiError, ErrorCode, Json, NoQuery, Public, RequestContext},
    middleware::{Endpoint, route},
    users::PathId,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/users/request-password-reset").post(Public, "Mails a token.", request_password_reset),
        route("/api/users/reset-password").post(Public, "Sets a new password.", reset_password),
        route("/api/users/validate-reset-token").post(Public, "Checks a token.", validate_reset_token),
        route("/api/users/{id}/send-password-reset").post(Admin, "Mails a user a link.", send_password_reset),
        route("/reset-password")
            .get(Public, "Shows the form for a new password or, without a token, for a link.", page::show)
            .post(Public, "Sets the new password, or mails a token.", page::submit),
    ]
}

/// `POST /api/users/request-password-reset`
async fn request_password_reset(
    request: RequestContext,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<PasswordResetRequest>,
) -> Result<HttpResponse, ApiError> {
    let email = body.email.trim().to_owned();
    users.request_password_reset(&request.access, body).await?;
    let message = "If your email address is in our database, you will receive a password reset link shortly."
        .to_owned();
    let answer = PasswordResetResponse { message, email };
    Ok(request.answer("Password reset token generated. Check your email for instructions.", answer))
}

/// `POST /api/users/reset-password`
async fn reset_password(
    request: RequestContext,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<PasswordResetConfirmation>,
) -> Result<HttpResponse, ApiError> {
    let device = users.reset_password(&request.access, body).await?;
    let device = device.map(|device| device.expose().to_owned());
    let message =
        "Your password has been reset successfully. You can now log in with your new password.".to_owned();
    let answer = PasswordResetConfirmationResponse { message, success: true, device };
    Ok(request.answer("Password has been reset successfully.", answer))
}

/// `POST /api/users/validate-reset-token`
async fn validate_reset_token(
    request: RequestContext,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<TokenRequest>,
) -> Result<HttpResponse, ApiError> {
    let status = users.validate_reset_token(&request.access, body).await?;
    let message = if status.valid { "Reset token is valid" } else { "Reset token is not valid" };
    Ok(request.answer(message, status))
}

/// `POST /api/users/{id}/send-password-reset`
async fn send_password_reset(
    request: RequestContext,
    PathId(id): PathId,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<SendPasswordResetRequest>,
) -> Result<HttpResponse, ApiError> {
    users.send_password_reset(&request.access, id, body.discard_password.unwrap_or(false)).await?;
    Ok(request.pending("The user will receive a link shortly."))
}

impl From<RequestPasswordResetError> for ApiError {
    fn from(error: RequestPasswordResetError) -> Self {
        match error {
            RequestPasswordResetError::UnknownAddress(_) => Self::because(
                ErrorCode::PasswordResetRequestFailed,
                "Failed to request password reset",
                error,
            ),
            RequestPasswordResetError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ResetPasswordError> for ApiError {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::InvalidToken
            | ResetPasswordError::ExpiredToken
            | ResetPasswordError::InvalidOrExpired => {
                Self::because(ErrorCode::PasswordResetFailed, "Failed to reset password", error)
            }
            ResetPasswordError::Failure(failure) => failure.into(),
        }
    }
}

impl From<SendPasswordResetError> for ApiError {
    fn from(error: SendPasswordResetError) -> Self {
        match error {
            SendPasswordResetError::NotFound(_) => {
                Self::because(ErrorCode::UserNotFound, "User not found", error)
            }
            SendPasswordResetError::Inactive => Self::forbidden(error),
            SendPasswordResetError::Failure(failure) => failure.into(),
        }
    }
}

//! Resetting a forgotten password.

mod page;

use denizen_models::{
    PasswordResetConfirmation, PasswordResetConfirmationResponse, PasswordResetRequest,
    PasswordResetResponse, ResetTokenStatus, SendPasswordResetRequest, TokenRequest,
};
use denizen_services::{RequestPasswordResetError, ResetPasswordError, SendPasswordResetError};

use crate::{
    http::{Admin, ApiResult, ErrorCode, Json, Public, RequestContext, map_error, reply},
    middleware::{Endpoint, route},
    services::Users,
    users::PathId,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    use ErrorCode::{PasswordResetFailed, PasswordResetRequestFailed, UserNotFound};
    vec![
        route("/api/users/request-password-reset")
            .post(Public, "Mails a token to set a new password with.", request_password_reset)
            .answers(
                reply(200)
                    .data::<PasswordResetResponse>()
                    .refuses(&[PasswordResetRequestFailed])
                    .example(r#"{"email": "diana@example.com"}"#),
            ),
        route("/api/users/reset-password")
            .post(Public, "Sets a new password with a mailed token.", reset_password)
            .answers(
                reply(200)
                    .data::<PasswordResetConfirmationResponse>()
                    .refuses(&[PasswordResetFailed])
                    .example(r#"{"token": "4ad46d582dc3ee06…", "new_password": "newsecurepassword"}"#),
            ),
        route("/api/users/validate-reset-token")
            .post(Public, "Says whether a mailed token still works, without using it.", validate_reset_token)
            .answers(reply(200).data::<ResetTokenStatus>().example(r#"{"token": "4ad46d582dc3ee06…"}"#)),
        route("/api/users/{id}/send-password-reset")
            .post(Admin, "Mails a user a link to set a new password with.", send_password_reset)
            .answers(reply(202).refuses(&[UserNotFound]).example(r#"{"discard_password": true}"#)),
        route("/reset-password")
            .get(Public, "Shows the form for a new password or, without a token, for a link.", page::show)
            .post(Public, "Sets the new password, or mails a token.", page::submit),
    ]
}

/// `POST /api/users/request-password-reset`
async fn request_password_reset(
    request: RequestContext,
    users: Users,
    Json(body): Json<PasswordResetRequest>,
) -> ApiResult {
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
    users: Users,
    Json(body): Json<PasswordResetConfirmation>,
) -> ApiResult {
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
    users: Users,
    Json(body): Json<TokenRequest>,
) -> ApiResult {
    let status = users.validate_reset_token(&request.access, body).await?;
    let message = if status.valid { "Reset token is valid" } else { "Reset token is not valid" };
    Ok(request.answer(message, status))
}

/// `POST /api/users/{id}/send-password-reset`
async fn send_password_reset(
    request: RequestContext,
    PathId(id): PathId,
    users: Users,
    Json(body): Json<SendPasswordResetRequest>,
) -> ApiResult {
    users.send_password_reset(&request.access, id, body.discard_password.unwrap_or(false)).await?;
    Ok(request.pending("The user will receive a link shortly."))
}

map_error! { error: RequestPasswordResetError {
    UnknownAddress(_) => {
        Self::because(ErrorCode::PasswordResetRequestFailed, "Failed to request password reset", error)
    },
} }

map_error! { error: ResetPasswordError {
    InvalidToken | ExpiredToken | InvalidOrExpired => {
        Self::because(ErrorCode::PasswordResetFailed, "Failed to reset password", error)
    },
} }

map_error! { error: SendPasswordResetError {
    NotFound(_) => Self::because(ErrorCode::UserNotFound, "User not found", error),
    Inactive => Self::forbidden(error),
} }

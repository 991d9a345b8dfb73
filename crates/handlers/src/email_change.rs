//! Changing the address of an account.

mod page;

use actix_web::{HttpResponse, web::Data};
use denizen_models::{ChangeEmailRequest, TokenRequest};
use denizen_services::{ChangeEmailError, ConfirmEmailChangeError, UserService};

use crate::{
    http::{ApiError, ErrorCode, Json, Member, NoQuery, Public, RequestContext},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/auth/change-email").post(Member, "Asks to change the caller's e-mail address.", change),
        route("/api/users/confirm-email-change").post(Public, "Confirms a new e-mail address.", confirm),
        route("/confirm-email-change")
            .get(Public, "Shows the form that confirms the new e-mail address of an account.", page::show)
            .post(Public, "Confirms the new e-mail address.", page::submit),
    ]
}

/// `POST /api/auth/change-email`
async fn change(
    request: RequestContext,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<ChangeEmailRequest>,
) -> Result<HttpResponse, ApiError> {
    users.change_email(&request.access, body).await?;
    Ok(request.pending("Check the new email address to complete the change."))
}

/// `POST /api/users/confirm-email-change`
async fn confirm(
    request: RequestContext,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<TokenRequest>,
) -> Result<HttpResponse, ApiError> {
    users.confirm_email_change(&request.access, body).await?;
    Ok(request.done("Email address changed successfully"))
}

impl From<ChangeEmailError> for ApiError {
    fn from(error: ChangeEmailError) -> Self {
        match error {
            ChangeEmailError::Forbidden => Self::unauthenticated(),
            ChangeEmailError::WrongPassword => {
                Self::because(ErrorCode::WrongPassword, "Failed to change email", error)
            }
            ChangeEmailError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ConfirmEmailChangeError> for ApiError {
    fn from(error: ConfirmEmailChangeError) -> Self {
        match error {
            ConfirmEmailChangeError::InvalidOrExpired => {
                Self::because(ErrorCode::EmailChangeFailed, "Failed to change email", error)
            }
            ConfirmEmailChangeError::EmailTaken(_) => {
                Self::because(ErrorCode::UserUpdateError, "Failed to change email", error)
            }
            ConfirmEmailChangeError::Failure(failure) => failure.into(),
        }
    }
}

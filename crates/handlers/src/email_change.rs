//! Changing the address of an account.

mod page;

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig},
};
use denizen_models::{ChangeEmailRequest, ConfirmEmailChangeRequest};
use denizen_services::{ChangeEmailError, ConfirmEmailChangeError, UserService};

use crate::http::{
    endpoint::Endpoint,
    error::{ApiError, ErrorCode},
    json::Json,
    query::NoQuery,
    request::Request,
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/api/auth/change-email").post(change));
    config.service(Endpoint::at("/api/users/confirm-email-change").post(confirm));
    config.service(Endpoint::at("/confirm-email-change").get(page::show).post(page::submit));
}

/// `POST /api/auth/change-email`
async fn change(
    request: Request,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<ChangeEmailRequest>,
) -> Result<HttpResponse, ApiError> {
    users.change_email(&request.access, body).await?;
    Ok(request.pending("Check the new email address to complete the change."))
}

/// `POST /api/users/confirm-email-change`
async fn confirm(
    request: Request,
    users: Data<dyn UserService>,
    _: NoQuery,
    Json(body): Json<ConfirmEmailChangeRequest>,
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

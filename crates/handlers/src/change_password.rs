//! Replacing a password that is known.

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig},
};
use denizen_models::ChangePasswordRequest;
use denizen_services::{AuthService, ChangePasswordError};

use crate::{
    http::{
        endpoint::Endpoint,
        error::{ApiError, ErrorCode},
        json::Json,
        query::NoQuery,
        request::{AppState, Request},
    },
    login::signed_in_answer,
    middleware::credentials::came_by_cookie,
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/api/auth/change-password").post(change));
}

/// `POST /api/auth/change-password`: answers like a sign-in, because the session is a new one.
async fn change(
    request: Request,
    http: actix_web::HttpRequest,
    auth: Data<dyn AuthService>,
    state: Data<AppState>,
    _: NoQuery,
    Json(body): Json<ChangePasswordRequest>,
) -> Result<HttpResponse, ApiError> {
    let signed_in = auth.change_password(&request.access, body).await?;
    let by_cookie = came_by_cookie(http.headers());
    let message = "Password changed successfully";
    signed_in_answer(&request, &state.settings, message, signed_in, by_cookie)
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::Forbidden => Self::unauthenticated(),
            ChangePasswordError::WrongPassword => {
                Self::because(ErrorCode::WrongPassword, "Failed to change password", error)
            }
            ChangePasswordError::Failure(failure) => failure.into(),
        }
    }
}

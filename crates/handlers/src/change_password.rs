//! Replacing a password that is known.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use denizen_models::ChangePasswordRequest;
use denizen_services::{AuthService, ChangePasswordError};

use crate::{
    http::{ApiError, ErrorCode, Json, Member, NoQuery, RequestContext},
    login::signed_in_answer,
    middleware::credentials::came_by_cookie,
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![route("/api/auth/change-password").post(Member, "Changes the caller's password.", change)]
}

/// `POST /api/auth/change-password`: answers like a sign-in, because the session is a new one.
async fn change(
    request: RequestContext,
    http: HttpRequest,
    auth: Data<dyn AuthService>,
    _: NoQuery,
    Json(body): Json<ChangePasswordRequest>,
) -> Result<HttpResponse, ApiError> {
    let signed_in = auth.change_password(&request.access, body).await?;
    let by_cookie = came_by_cookie(http.headers());
    signed_in_answer(&request, "Password changed successfully", signed_in, by_cookie)
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

//! Replacing a password that is known.

mod page;

use actix_web::HttpRequest;
use denizen_models::{ChangePasswordRequest, LoginResponse};
use denizen_services::ChangePasswordError;

use crate::{
    http::{ApiResult, ErrorCode, Json, Member, Public, RequestContext, map_error, reply},
    login::{CookieLifetime, signed_in_answer},
    middleware::credentials::came_by_cookie,
    middleware::{Endpoint, route},
    services::Auth,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/auth/change-password")
            .post(Member, "Changes the caller's password, and ends all sessions but a new one.", change)
            .answers(reply(200).data::<LoginResponse>().refuses(&[ErrorCode::WrongPassword]).example(
                r#"{"current_password": "tutorial-password", "new_password": "correct horse battery"}"#,
            )),
        route(page::PATH).get(Member, "Shows the form for a new password.", page::show).post(
            Member,
            "Changes the caller's password.",
            page::submit,
        ),
        route("/.well-known/change-password").get(
            Public,
            "Leads password managers to the form for a new password.",
            page::well_known,
        ),
    ]
}

/// `POST /api/auth/change-password`: answers like a sign-in, because the session is a new one.
async fn change(
    request: RequestContext,
    http: HttpRequest,
    auth: Auth,
    Json(body): Json<ChangePasswordRequest>,
) -> ApiResult {
    let signed_in = auth.change_password(&request.access, body).await?;
    let by_cookie = came_by_cookie(http.headers()).then_some(CookieLifetime::Browser);
    signed_in_answer(&request, "Password changed successfully", signed_in, by_cookie)
}

map_error! { error: ChangePasswordError {
    WrongPassword => Self::because(ErrorCode::WrongPassword, "Failed to change password", error),
} }

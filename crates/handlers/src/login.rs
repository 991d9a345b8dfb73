//! Signing in and out.

use actix_web::{
    HttpRequest,
    cookie::{
        Cookie,
        time::{Duration, OffsetDateTime},
    },
};
use denizen_models::{LoginRequest, LoginResponse, SessionResponse, UserResponse};
use denizen_services::{LoginError, SignedIn};
use serde::Serialize;

use crate::{
    HandlerSettings,
    http::{
        ApiError, ApiResult, ErrorCode, Json, Member, NoQuery, Public, RequestContext, map_error, personal,
    },
    middleware::credentials::{cookie_name, device, device_cookie, forward_cookie, own_cookie},
    middleware::{Endpoint, route},
    services::Auth,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/auth/login").post(Public, "Signs in.", login),
        route("/api/auth/logout").post(Member, "Signs out.", logout),
        route("/api/auth/session").get(Member, "Returns the caller's user and session.", session),
    ]
}

/// `POST /api/auth/login`
async fn login(
    request: RequestContext,
    http: HttpRequest,
    auth: Auth,
    Json(mut body): Json<LoginRequest>,
) -> ApiResult {
    let lifetime = match (body.cookie, body.remember) {
        (Some(true), Some(true)) => Some(CookieLifetime::Session),
        (Some(true), _) => Some(CookieLifetime::Browser),
        _ => None,
    };
    body.device = body.device.or_else(|| device(&http, &request.state.settings));
    let signed_in = auth.login(&request.access, body).await?;
    signed_in_answer(&request, "Signed in successfully", signed_in, lifetime)
}

/// How long a browser keeps the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CookieLifetime {
    /// Until the browser is closed.
    Browser,
    /// As long as the session can live: "stay signed in".
    Session,
}

/// The token and what the device presents at the next sign-in, both in the answer or in cookies.
pub(crate) fn signed_in_answer(
    request: &RequestContext,
    message: &str,
    signed_in: SignedIn,
    by_cookie: Option<CookieLifetime>,
) -> ApiResult {
    let forward = signed_in.forward_token();
    let SignedIn { token, session: _, expires_at, user, device } = signed_in;
    let answer = LoginResponse {
        token: by_cookie.is_none().then(|| token.expose().to_owned()),
        device: by_cookie.is_none().then(|| device.expose().to_owned()),
        token_type: if by_cookie.is_some() { "Cookie" } else { "Bearer" },
        expires_at,
        user: UserResponse::full(user),
    };
    let mut response = request.answer(message, answer);
    if let Some(lifetime) = by_cookie {
        let settings = &request.state.settings;
        let cookies =
            [Some(session_cookie(settings, token.expose())), forward_cookie(settings, forward.expose())];
        for mut cookie in cookies.into_iter().flatten() {
            if lifetime == CookieLifetime::Session {
                let left = expires_at - request.state.clock.now();
                cookie.set_max_age(Duration::seconds(left.num_seconds()));
            }
            response.add_cookie(&cookie).map_err(ApiError::internal)?;
        }
        let cookie = device_cookie(&request.state.settings, device.expose());
        response.add_cookie(&cookie).map_err(ApiError::internal)?;
    }
    Ok(response)
}

fn session_cookie<'a>(settings: &HandlerSettings, token: &'a str) -> Cookie<'a> {
    own_cookie(settings, cookie_name(settings), token).finish()
}

/// `POST /api/auth/logout`
async fn logout(request: RequestContext, auth: Auth, _: NoQuery) -> ApiResult {
    auth.logout(&request.access).await?;
    signed_out_answer(&request, "Signed out successfully")
}

/// Says what was done, and lets a browser forget the cookie.
pub(crate) fn signed_out_answer(request: &RequestContext, message: &str) -> ApiResult {
    let mut response = request.done(message);
    let settings = &request.state.settings;
    for mut gone in [Some(session_cookie(settings, "")), forward_cookie(settings, "")].into_iter().flatten() {
        gone.set_expires(OffsetDateTime::UNIX_EPOCH);
        response.add_cookie(&gone).map_err(ApiError::internal)?;
    }
    Ok(response)
}

/// Who has signed in, and by what.
#[derive(Serialize)]
struct Current {
    session: SessionResponse,
    user: UserResponse,
}

/// `GET /api/auth/session`: who the caller is.
async fn session(request: RequestContext, _: NoQuery) -> ApiResult {
    let known = request.caller.as_ref().ok_or_else(ApiError::unauthenticated)?;
    let current = Current {
        session: request.access.view_session(known.session.clone()),
        user: UserResponse::full(known.user.clone()),
    };
    Ok(personal(request.answer("Signed in", current)))
}

map_error! { error: LoginError {
    Rejected => Self::sign_in(ErrorCode::InvalidCredentials, "Login failed: wrong login or password"),
} }

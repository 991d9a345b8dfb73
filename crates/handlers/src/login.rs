//! Signing in and out.

mod page;

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
        Anyone, ApiError, ApiResult, ErrorCode, Json, Member, NoQuery, Public, RequestContext, map_error,
        personal, reply,
    },
    middleware::credentials::{
        cookie_name, device, device_cookie, expired_cookie, forward_cookie, own_cookie,
    },
    middleware::{Endpoint, route},
    pages::{SIGN_IN, SIGN_OUT},
    services::Auth,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/auth/login").post(Public, "Signs in.", login).answers(
            reply(200)
                .data::<LoginResponse>()
                .refuses(&[ErrorCode::InvalidCredentials])
                .example(r#"{"login": "diana_admin", "password": "tutorial-password"}"#),
        ),
        route("/api/auth/logout")
            .post(Member, "Signs out.", logout)
            .answers(reply(200).refuses(&[ErrorCode::SessionNotFound])),
        route("/api/auth/session")
            .get(Member, "Returns the caller's user and session.", session)
            .answers(reply(200).data::<Current>().example(EXAMPLE)),
        route(SIGN_IN)
            .get(Anyone, "Shows the form to sign in, and what has just been done.", page::show)
            .post(Public, "Signs in, and leads back to the application.", page::submit),
        route(SIGN_OUT).get(Anyone, "Shows the button to sign out.", page::show_sign_out).post(
            Member,
            "Signs out.",
            page::sign_out,
        ),
    ]
}

const EXAMPLE: &str = r#"{"session": {"id": 12, "current": true, "created_at": "2026-11-23T06:56:11.275606Z",
    "last_seen_at": "2026-11-23T07:01:00Z", "expires_at": "2026-12-23T06:56:11.275606Z", "ip": "203.0.113.7",
    "user_agent": "curl/8.14.1"},
    "user": {"id": 6, "username": "ada", "first_name": "Ada", "last_name": "Lovelace"}}"#;

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
    let cookies = by_cookie.map(|lifetime| session_cookies(request, &signed_in, lifetime));
    let SignedIn { token, session: _, expires_at, user, device } = signed_in;
    let answer = LoginResponse {
        token: by_cookie.is_none().then(|| token.expose().to_owned()),
        device: by_cookie.is_none().then(|| device.expose().to_owned()),
        token_type: if by_cookie.is_some() { "Cookie" } else { "Bearer" },
        expires_at,
        user: UserResponse::full(user),
    };
    let mut response = request.answer(message, answer);
    for cookie in cookies.into_iter().flatten() {
        response.add_cookie(&cookie).map_err(ApiError::internal)?;
    }
    Ok(response)
}

/// What a browser gets that signs in: the cookies of its session, and that of the device.
pub(crate) fn session_cookies(
    request: &RequestContext,
    signed_in: &SignedIn,
    lifetime: CookieLifetime,
) -> Vec<Cookie<'static>> {
    let settings = &request.state.settings;
    let forward = signed_in.forward_token();
    let session = own_cookie(settings, cookie_name(settings), signed_in.token.expose()).finish();
    let mut cookies = vec![session];
    cookies.extend(forward_cookie(settings, forward.expose()));
    if lifetime == CookieLifetime::Session {
        let left = signed_in.expires_at - request.state.clock.now();
        cookies.iter_mut().for_each(|cookie| cookie.set_max_age(Duration::seconds(left.num_seconds())));
    }
    cookies.push(device_cookie(settings, signed_in.device.expose()));
    cookies.into_iter().map(Cookie::into_owned).collect()
}

/// Lets a browser forget the cookies of its session.
pub(crate) fn ended_cookies(settings: &HandlerSettings) -> Vec<Cookie<'static>> {
    let mut cookies = vec![expired_cookie(settings, cookie_name(settings))];
    cookies.extend(forward_cookie(settings, "").map(|cookie| {
        let mut gone = cookie.into_owned();
        gone.set_expires(OffsetDateTime::UNIX_EPOCH);
        gone
    }));
    cookies
}

/// `POST /api/auth/logout`
async fn logout(request: RequestContext, auth: Auth, _: NoQuery) -> ApiResult {
    auth.logout(&request.access).await?;
    signed_out_answer(&request, "Signed out successfully")
}

/// Says what was done, and lets a browser forget the cookie.
pub(crate) fn signed_out_answer(request: &RequestContext, message: &str) -> ApiResult {
    let mut response = request.done(message);
    for gone in ended_cookies(&request.state.settings) {
        response.add_cookie(&gone).map_err(ApiError::internal)?;
    }
    Ok(response)
}

/// Who has signed in, and by what.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Current {
    /// The session of the request.
    session: SessionResponse,
    /// The user as stored now.
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

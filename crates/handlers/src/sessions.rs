//! Listing and ending sessions.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::StatusCode, web::Data};
use denizen_models::{SessionResponse, UserId};
use denizen_services::{AuthService, SessionError, store::SessionId};
use serde_json::json;

use crate::{
    http::{Admin, ApiError, ErrorCode, Member, NoQuery, RequestContext, number_in, personal},
    login::session_response,
    middleware::{Endpoint, route},
    users::PathId,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/auth/sessions")
            .get(Member, "Lists the caller's sessions, with IP address and user agent of each.", list)
            .delete(Member, "Ends the caller's other sessions.", end_all),
        route("/api/auth/sessions/{session}").delete(Member, "Ends one of the caller's sessions.", end),
        route("/api/users/{id}/sessions")
            .get(Admin, "Lists the sessions of a user, with the IP address and user agent of each.", list)
            .delete(Admin, "Ends all sessions of a user.", end_all),
        route("/api/users/{id}/sessions/{session}").delete(Admin, "Ends a session of a user.", end),
    ]
}

/// `GET /api/auth/sessions`, `GET /api/users/{id}/sessions`
async fn list(
    request: RequestContext,
    SessionsOf(user): SessionsOf,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let sessions = auth.list_sessions(&request.access, user).await?;
    let shown: Vec<SessionResponse> =
        sessions.into_iter().map(|session| session_response(session, &request)).collect();
    let metadata = json!({ "count": shown.len() });
    Ok(personal(request.answer_with(StatusCode::OK, "Sessions retrieved successfully", shown, metadata)))
}

/// `DELETE /api/auth/sessions`, `DELETE /api/users/{id}/sessions`: all but the session of the request itself.
async fn end_all(
    request: RequestContext,
    SessionsOf(user): SessionsOf,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let ended = auth.revoke_sessions(&request.access, user).await?;
    Ok(request.answer("Sessions ended successfully", json!({ "ended": ended })))
}

/// `DELETE /api/auth/sessions/{session}`, `DELETE /api/users/{id}/sessions/{session}`
async fn end(
    request: RequestContext,
    SessionsOf(user): SessionsOf,
    PathSession(session): PathSession,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    auth.revoke_session(&request.access, user, session).await?;
    Ok(request.done("Session ended successfully"))
}

/// The user that the path names, else the caller.
struct SessionsOf(UserId);

impl FromRequest for SessionsOf {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if request.match_info().get("id").is_some() {
            return ready(PathId::from_request(request, payload).into_inner().map(|PathId(id)| Self(id)));
        }
        let context = RequestContext::from_request(request, payload).into_inner();
        let known = context.and_then(|context| context.caller.ok_or_else(ApiError::unauthenticated));
        ready(known.map(|known| Self(known.user.id)))
    }
}

/// The session that the path names. Anything but a number is a session that does not exist.
struct PathSession(SessionId);

impl FromRequest for PathSession {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = number_in(request, "session").map(|number| Self(SessionId(number)));
        ready(session.ok_or_else(|| SessionError::NotFound.into()))
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotFound => Self::new(ErrorCode::SessionNotFound, "Session not found"),
            SessionError::UserNotFound(_) => Self::because(ErrorCode::UserNotFound, "User not found", error),
            SessionError::Failure(failure) => failure.into(),
        }
    }
}

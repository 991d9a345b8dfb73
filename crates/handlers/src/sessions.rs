//! Listing and ending sessions.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::StatusCode, web::Data};
use denizen_models::{SessionResponse, UserId};
use denizen_services::{
    AuthService, SessionError,
    store::{Session, SessionId},
};
use serde_json::json;

use crate::{
    http::{Admin, ApiError, ErrorCode, Member, NoQuery, RequestContext, number_in, personal},
    login::session_response,
    middleware::{Endpoint, route},
    users::PathId,
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/auth/sessions").get(Member, "Lists the caller's sessions.", list_own).delete(
            Member,
            "Ends the caller's other sessions.",
            end_others,
        ),
        route("/api/auth/sessions/{session}").delete(Member, "Ends one of the caller's sessions.", end_own),
        route("/api/users/{id}/sessions").get(Admin, "Lists a user's sessions.", list_of).delete(
            Admin,
            "Ends all sessions of a user.",
            end_all_of,
        ),
        route("/api/users/{id}/sessions/{session}").delete(Admin, "Ends a session of a user.", end_of),
    ]
}

/// `GET /api/auth/sessions`
async fn list_own(
    request: RequestContext,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let user = own_id(&request)?;
    let sessions = auth.list_sessions(&request.access, user).await?;
    Ok(listed(&request, sessions))
}

/// `DELETE /api/auth/sessions`: all but the one that asks.
async fn end_others(
    request: RequestContext,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let user = own_id(&request)?;
    let ended = auth.revoke_sessions(&request.access, user).await?;
    Ok(request.answer("Sessions ended successfully", json!({ "ended": ended })))
}

/// `DELETE /api/auth/sessions/{session}`
async fn end_own(
    request: RequestContext,
    PathSession(session): PathSession,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let user = own_id(&request)?;
    auth.revoke_session(&request.access, user, session).await?;
    Ok(request.done("Session ended successfully"))
}

/// `GET /api/users/{id}/sessions`
async fn list_of(
    request: RequestContext,
    PathId(user): PathId,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let sessions = auth.list_sessions(&request.access, user).await?;
    Ok(listed(&request, sessions))
}

/// `DELETE /api/users/{id}/sessions`
async fn end_all_of(
    request: RequestContext,
    PathId(user): PathId,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let ended = auth.revoke_sessions(&request.access, user).await?;
    Ok(request.answer("Sessions ended successfully", json!({ "ended": ended })))
}

/// `DELETE /api/users/{id}/sessions/{session}`
async fn end_of(
    request: RequestContext,
    PathId(user): PathId,
    PathSession(session): PathSession,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    auth.revoke_session(&request.access, user, session).await?;
    Ok(request.done("Session ended successfully"))
}

fn own_id(request: &RequestContext) -> Result<UserId, ApiError> {
    request.caller.as_ref().map(|known| known.user.id).ok_or_else(ApiError::unauthenticated)
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

fn listed(request: &RequestContext, sessions: Vec<Session>) -> HttpResponse {
    let shown: Vec<SessionResponse> =
        sessions.into_iter().map(|session| session_response(session, request)).collect();
    let metadata = json!({ "count": shown.len() });
    personal(request.answer_with(StatusCode::OK, "Sessions retrieved successfully", shown, metadata))
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

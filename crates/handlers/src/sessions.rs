//! Sessions: list them, end them.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, ServiceConfig},
};
use denizen_models::{SessionResponse, UserId};
use denizen_services::{
    AuthService, SessionError,
    store::{Session, SessionId},
};
use serde_json::json;

use crate::{
    auth::session_response,
    endpoint::Endpoint,
    error::{ApiError, ErrorCode},
    query::NoQuery,
    request::{Request, personal},
    users::id_in,
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/api/auth/sessions").get(list_own).delete(end_others));
    config.service(Endpoint::at("/api/auth/sessions/{session}").delete(end_own));
    config.service(Endpoint::at("/api/users/{id}/sessions").get(list_of).delete(end_all_of));
    config.service(Endpoint::at("/api/users/{id}/sessions/{session}").delete(end_of));
}

/// `GET /api/auth/sessions`
async fn list_own(
    request: Request,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let user = own_id(&request)?;
    let sessions = auth.list_sessions(&request.access, user).await?;
    Ok(listed(&request, sessions))
}

/// `DELETE /api/auth/sessions`: all but the one that asks.
async fn end_others(
    request: Request,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let user = own_id(&request)?;
    let ended = auth.revoke_sessions(&request.access, user).await?;
    Ok(request.answer("Sessions ended successfully", json!({ "ended": ended })))
}

/// `DELETE /api/auth/sessions/{session}`
async fn end_own(
    request: Request,
    http: HttpRequest,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let user = own_id(&request)?;
    auth.revoke_session(&request.access, user, session_in(&http)?).await?;
    Ok(request.done("Session ended successfully"))
}

/// `GET /api/users/{id}/sessions`
async fn list_of(
    request: Request,
    http: HttpRequest,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let sessions = auth.list_sessions(&request.access, user_in(&http)?).await?;
    Ok(listed(&request, sessions))
}

/// `DELETE /api/users/{id}/sessions`
async fn end_all_of(
    request: Request,
    http: HttpRequest,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let ended = auth.revoke_sessions(&request.access, user_in(&http)?).await?;
    Ok(request.answer("Sessions ended successfully", json!({ "ended": ended })))
}

/// `DELETE /api/users/{id}/sessions/{session}`
async fn end_of(
    request: Request,
    http: HttpRequest,
    auth: Data<dyn AuthService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    auth.revoke_session(&request.access, user_in(&http)?, session_in(&http)?).await?;
    Ok(request.done("Session ended successfully"))
}

fn own_id(request: &Request) -> Result<UserId, ApiError> {
    request.caller.as_ref().map(|known| known.user.id).ok_or_else(ApiError::unauthenticated)
}

fn user_in(request: &HttpRequest) -> Result<UserId, ApiError> {
    id_in(request, "id")
}

/// The session in the path. What cannot be a number of one names none.
fn session_in(request: &HttpRequest) -> Result<SessionId, ApiError> {
    let text = request.match_info().get("session").unwrap_or("");
    let id = UserId::parse(text).map(|number| SessionId(number.get()));
    id.ok_or_else(|| SessionError::NotFound.into())
}

fn listed(request: &Request, sessions: Vec<Session>) -> HttpResponse {
    let shown: Vec<SessionResponse> =
        sessions.into_iter().map(|session| session_response(session, request)).collect();
    let metadata = json!({ "count": shown.len() });
    personal(request.answer_with(StatusCode::OK, "Sessions retrieved successfully", shown, metadata))
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotFound => Self::new(ErrorCode::SessionNotFound, "Session not found"),
            SessionError::UserNotFound(_) => {
                Self::new(ErrorCode::UserNotFound, format!("User not found: {error}"))
            }
            SessionError::Store(error) => error.into(),
        }
    }
}

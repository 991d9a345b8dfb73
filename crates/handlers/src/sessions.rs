//! Listing and ending sessions.

mod page;

use actix_web::{HttpRequest, http::StatusCode};
use denizen_models::{SessionResponse, UserId};
use denizen_services::{SessionError, store::SessionId};
use serde::Serialize;

use crate::{
    http::{
        Admin, ApiError, ApiResult, Count, ErrorCode, Member, NoQuery, Reply, RequestContext, extract,
        map_error, number_in, personal, reply,
    },
    middleware::{Endpoint, route},
    services::Auth,
    users::{PathId, id_in},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    use ErrorCode::{SessionNotFound, UserNotFound};
    vec![
        route("/api/auth/sessions")
            .get(Member, "Lists the caller's sessions, with IP address and user agent of each.", list)
            .answers(listed())
            .delete(Member, "Ends the caller's other sessions.", end_all)
            .answers(ended()),
        route("/api/auth/sessions/{session}")
            .delete(Member, "Ends one of the caller's sessions.", end)
            .answers(reply(200).refuses(&[SessionNotFound])),
        route("/api/users/{id}/sessions")
            .get(Admin, "Lists the sessions of a user, with the IP address and user agent of each.", list)
            .answers(listed().refuses(&[UserNotFound]))
            .delete(Admin, "Ends all sessions of a user.", end_all)
            .answers(ended().refuses(&[UserNotFound])),
        route("/api/users/{id}/sessions/{session}")
            .delete(Admin, "Ends a session of a user.", end)
            .answers(reply(200).refuses(&[SessionNotFound, UserNotFound])),
        route("/account/sessions").get(Member, "Shows the caller's sessions.", page::show).post(
            Member,
            "Ends one of the caller's sessions, or all.",
            page::submit,
        ),
    ]
}

fn listed() -> Reply {
    reply(200).data_with::<Vec<SessionResponse>, Count>().example_with(EXAMPLE, r#"{"count": 1}"#)
}

fn ended() -> Reply {
    reply(200).data::<Ended>().example(r#"{"ended": 2}"#)
}

const EXAMPLE: &str = r#"[{"id": 12, "current": true, "created_at": "2026-11-23T06:56:11.275606Z",
    "last_seen_at": "2026-11-23T07:01:00Z", "expires_at": "2026-12-23T06:56:11.275606Z", "ip": "203.0.113.7",
    "user_agent": "curl/8.14.1"}]"#;

/// How many sessions were ended.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct Ended {
    /// The sessions.
    ended: u64,
}

/// `GET /api/auth/sessions`, `GET /api/users/{id}/sessions`
async fn list(request: RequestContext, SessionsOf(user): SessionsOf, auth: Auth, _: NoQuery) -> ApiResult {
    let sessions = auth.list_sessions(&request.access, user).await?;
    let shown: Vec<SessionResponse> =
        sessions.into_iter().map(|session| request.access.view_session(session)).collect();
    let metadata = Count { count: shown.len() };
    Ok(personal(request.answer_with(StatusCode::OK, "Sessions retrieved successfully", shown, metadata)))
}

/// `DELETE /api/auth/sessions`, `DELETE /api/users/{id}/sessions`: all but the session of the request itself.
async fn end_all(request: RequestContext, SessionsOf(user): SessionsOf, auth: Auth, _: NoQuery) -> ApiResult {
    let ended = auth.revoke_sessions(&request.access, user).await?;
    Ok(request.answer("Sessions ended successfully", Ended { ended }))
}

/// `DELETE /api/auth/sessions/{session}`, `DELETE /api/users/{id}/sessions/{session}`
async fn end(
    request: RequestContext,
    SessionsOf(user): SessionsOf,
    PathSession(session): PathSession,
    auth: Auth,
    _: NoQuery,
) -> ApiResult {
    auth.revoke_session(&request.access, user, session).await?;
    Ok(request.done("Session ended successfully"))
}

/// The user that the path names, else the caller.
struct SessionsOf(UserId);

impl SessionsOf {
    fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        if request.match_info().get("id").is_some() {
            return id_in(request).map(Self);
        }
        let known = RequestContext::of(request)?.caller.ok_or_else(ApiError::unauthenticated)?;
        Ok(Self(known.user.id))
    }
}

extract! { SessionsOf, request => Self::of(request), for takes { PathId::describe(takes); } }

/// The session that the path names. Anything but a number is a session that does not exist.
struct PathSession(SessionId);

extract! {
    PathSession,
    request => number_in(request, "session").map(|id| Self(SessionId(id))).ok_or(SessionError::NotFound.into()),
    for takes { takes.parameter("path", "session", "The number of the session."); }
}

map_error! { error: SessionError {
    NotFound => Self::new(ErrorCode::SessionNotFound, "Session not found"),
    UserNotFound(_) => Self::because(ErrorCode::UserNotFound, "User not found", error),
} }

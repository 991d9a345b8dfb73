//! Errors as OAuth speaks of them.

use actix_web::{
    HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use serde_json::json;

use crate::http::{error::ApiError, request::to_json};

/// Both ways in which a client may present its key (RFC 6749, section 2.3.1; RFC 6750).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"denizen\", Bearer realm=\"denizen\"");

/// Renders an error as RFC 6749, section 5.2, describes it, with the codes of section 4.1.2.1 for failures of the server
/// and of RFC 6750, section 3.1, for a scope that is missing.
pub(crate) fn render(error: &ApiError) -> HttpResponse {
    let status = error.code.status();
    let code = match status {
        StatusCode::UNAUTHORIZED => "invalid_client",
        StatusCode::FORBIDDEN => "insufficient_scope",
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request",
    };
    let mut response = to_json(status, &json!({ "error": code, "error_description": error.message }));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, CHALLENGE);
    }
    response
}

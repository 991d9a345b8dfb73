//! Cross-origin requests from browsers (Fetch standard, section 3.3).
//!
//! Not a library: the usual ones answer a preflight before routing, and so allow paths and methods that do not exist.

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
};

use crate::{
    HandlerSettings,
    http::{error::ApiError, request::AppState},
};

const ALLOWED_HEADERS: &str = "Authorization, Content-Type, If-Match, If-None-Match, X-Request-ID";

/// The CORS headers of a response: which origin may read it. None by default.
#[derive(Default)]
pub(crate) struct CorsGrant {
    any_configured: bool,
    origin: Option<HeaderValue>,
}

impl CorsGrant {
    pub(crate) fn of(settings: &HandlerSettings, headers: &HeaderMap) -> Self {
        let allowed = &settings.cors_origins;
        let origin = headers.get(header::ORIGIN);
        let origin =
            origin.filter(|origin| allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()));
        Self { any_configured: !allowed.is_empty(), origin: origin.cloned() }
    }

    /// Inserts the headers. Into every response, errors included: otherwise a script could not read what went wrong.
    pub(crate) fn insert_into(self, headers: &mut HeaderMap) {
        if let Some(origin) = self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            // Browsers add the cookie to requests from origins of the same site only (`SameSite=Strict`).
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            let names = HeaderValue::from_static("ETag, X-Request-ID");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, names);
        }
        if self.any_configured {
            // Also without an origin: a cache must not reuse this response for requests that have one.
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
    }
}

/// Answers preflights of the allowed origins.
pub(crate) async fn preflight(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let asks = *request.method() == Method::OPTIONS
        && CorsGrant::of(&AppState::of(request.request())?.settings, request.headers()).origin.is_some();
    let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD).filter(|_| asks).cloned();
    let response = next.call(request).await?.map_into_boxed_body();
    let Some(methods) = wanted.and_then(|wanted| allowed_methods(&response, &wanted)) else {
        return Ok(response);
    };
    let answer = HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "3600"))
        .finish();
    Ok(response.into_response(answer))
}

/// Returns the methods of the path if the preflight asks for one of them. No route answers OPTIONS, so every preflight
/// has become a 405 with the methods, or a 404.
fn allowed_methods(response: &ServiceResponse<BoxBody>, wanted: &HeaderValue) -> Option<HeaderValue> {
    let error = response.response().error()?.as_error::<ApiError>()?;
    let (_, methods) = error.header.as_deref().filter(|(name, _)| name == header::ALLOW)?;
    let exists = methods.to_str().ok()?.split(", ").any(|method| method.as_bytes() == wanted.as_bytes());
    exists.then(|| methods.clone())
}

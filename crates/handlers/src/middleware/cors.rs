//! Cross-origin requests from browsers (Fetch standard, section 3.3).
//!
//! Our own rather than a library's: the usual ones answer a preflight before the router has seen it, and so bless
//! paths and methods that do not exist. Here the router speaks first.

use actix_web::{
    Error, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Data,
};

use crate::{
    HandlerSettings,
    http::{error::ApiError, request::AppState},
};

const ALLOWED_HEADERS: &str = "Authorization, Content-Type, If-Match, If-None-Match, X-Request-ID";

/// Who may read the answer to a request, beside pages of ours and programs that are no browsers. Nobody by default.
#[derive(Default)]
pub(crate) struct Readers {
    any_configured: bool,
    origin: Option<HeaderValue>,
}

impl Readers {
    pub(crate) fn of(settings: &HandlerSettings, headers: &HeaderMap) -> Self {
        let allowed = &settings.cors_origins;
        let origin = headers.get(header::ORIGIN);
        let origin =
            origin.filter(|origin| allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()));
        Self { any_configured: !allowed.is_empty(), origin: origin.cloned() }
    }

    /// For every answer, refusals and failures too: a script that cannot read them does not know what went wrong.
    pub(crate) fn name_in(self, headers: &mut HeaderMap) {
        if let Some(origin) = self.origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            // Browsers add the cookie to requests from origins of the same site only (`SameSite=Strict`).
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            let names = HeaderValue::from_static("ETag, X-Request-ID");
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, names);
        }
        if self.any_configured {
            // Also without an origin: a cache must not hand this answer to somebody who sends one.
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
    }
}

/// Whether a page of this origin is one of ours, as far as we can know it. The scheme is left out: behind a proxy
/// that ends TLS our own is unknown.
pub(crate) fn is_own_origin(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

/// Answers preflights of the origins that are allowed.
pub(crate) async fn preflight(
    state: Data<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let asks = *request.method() == Method::OPTIONS
        && Readers::of(&state.settings, request.headers()).origin.is_some();
    let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD).filter(|_| asks).cloned();
    let response = next.call(request).await?;
    let Some(methods) = wanted.and_then(|wanted| blessed(&response, &wanted)) else { return Ok(response) };
    let answer = HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, methods))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "3600"))
        .finish();
    Ok(response.into_response(answer))
}

/// The methods of the path, if the preflight asks for one of them. No route answers OPTIONS, so that every preflight
/// has become a 405 which knows them, or a 404.
fn blessed(response: &ServiceResponse<BoxBody>, wanted: &HeaderValue) -> Option<HeaderValue> {
    let error = response.response().error()?.as_error::<ApiError>()?;
    let methods = error.allow.as_deref()?;
    let exists = methods.split(", ").any(|method| method.as_bytes() == wanted.as_bytes());
    HeaderValue::from_str(methods).ok().filter(|_| exists)
}

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

use crate::{error::ApiError, request::Surroundings};

pub(crate) async fn answer(
    surroundings: Data<Surroundings>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let allowed = &surroundings.settings.cors_origins;
    if allowed.is_empty() {
        return next.call(request).await;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let origin =
        origin.filter(|origin| allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()));
    let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_METHOD).cloned();
    let preflight = wanted.filter(|_| *request.method() == Method::OPTIONS);

    let mut response = next.call(request).await?;
    if let Some(origin) = origin {
        if let Some(methods) = preflight.and_then(|wanted| blessed(&response, &wanted)) {
            response = response.into_response(HttpResponse::NoContent().finish());
            let headers = response.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
            let names = HeaderValue::from_static("Authorization, Content-Type, X-Request-ID");
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        }
        allow(response.headers_mut(), origin);
    }
    // Also without an origin: a cache must not hand this answer to somebody who sends one.
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    Ok(response)
}

/// The methods of the path, if the preflight asks for one of them. No route answers OPTIONS, so that every preflight
/// has become a 405 which knows them, or a 404.
fn blessed(response: &ServiceResponse<BoxBody>, wanted: &HeaderValue) -> Option<HeaderValue> {
    let error = response.response().error()?.as_error::<ApiError>()?;
    let methods = error.allow.as_deref()?;
    let exists = methods.split(", ").any(|method| method.as_bytes() == wanted.as_bytes());
    HeaderValue::from_str(methods).ok().filter(|_| exists)
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("X-Request-ID"));
}

//! Around every request: its id, its line in the log, its headers, and an answer even if its handler panics.

use std::{net::IpAddr, panic::AssertUnwindSafe};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use denizen_models::{ErrorResponse, text::printable};
use futures_util::FutureExt as _;

use crate::{
    http::{
        endpoint::speaks_json,
        error::{ApiError, ErrorCode},
        json::ACCEPT_PATCH,
        request::{self, AppState, RequestMeta},
    },
    middleware::{
        access_log::{LogLine, X_REQUEST_ID},
        client_ip::is_proxied,
        cors::Readers,
    },
    pages,
};

pub(crate) async fn observe(
    state: Data<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let settings = &state.settings;
    let stamp = RequestMeta::of(request.request(), &state);
    request.extensions_mut().insert(stamp.clone());
    let line = LogLine::of(&request, &stamp, settings.slow_request);
    let json = speaks_json(request.path());
    let readers = Readers::of(settings, request.headers());
    let finish = |response| {
        let response = dress(response, &stamp, readers, settings.secure_cookies);
        line.write(&response);
        if let Some(counts) = &settings.metrics {
            counts.add(response.status());
        }
        response
    };

    if let Err(refusal) = authorize(&state, &request, stamp.ip) {
        return Ok(request.into_response(finish(render(&refusal, &stamp, json))));
    }
    // A panic must not take the worker's other connections along, nor leave this client without an answer.
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let (request, response) = response.into_parts();
            Ok(ServiceResponse::new(request, finish(enveloped(response, &stamp, json))))
        }
        Ok(Err(error)) => {
            let response = finish(render(&ApiError::internal(&error), &stamp, json));
            Err(InternalError::from_response(error, response).into())
        }
        Err(_panic) => {
            // The panic hook has written message and place already; here is the request that they belong to.
            let what = "a handler panicked";
            let response = finish(render(&ApiError::internal(what), &stamp, json));
            Err(InternalError::from_response(what, response).into())
        }
    }
}

/// Whether the request is let in at all.
fn authorize(state: &AppState, request: &ServiceRequest, ip: Option<IpAddr>) -> Result<(), ApiError> {
    let settings = &state.settings;
    if settings.local_only && !is_local(request) {
        return Err(not_local());
    }
    match (&settings.rate_limit, ip) {
        (Some(limit), Some(ip)) => limit.check(ip).map_err(ApiError::rate_limited),
        _ => Ok(()),
    }
}

/// An error on a route that is not ours.
pub(crate) fn elsewhere(error: &ApiError, stamp: &RequestMeta) -> HttpResponse {
    dress(render(error, stamp, true), stamp, Readers::default(), false)
}

/// The answer as it is, or the error in its envelope.
fn enveloped(response: HttpResponse, stamp: &RequestMeta, json: bool) -> HttpResponse {
    let error = match response.error() {
        None => return response,
        Some(error) => match error.as_error::<ApiError>() {
            Some(error) => error.clone(),
            // Not one of ours: an extractor of actix, say. Its text was not written for clients.
            None if response.status().is_server_error() => ApiError::internal(error),
            None => return response,
        },
    };
    let mut rendered = render(&error, stamp, json);
    for (name, value) in response.headers() {
        if !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    rendered
}

/// An error as JSON or as a page. Logs the cause of a failure of ours: this is the one place that does.
fn render(error: &ApiError, stamp: &RequestMeta, json: bool) -> HttpResponse {
    let code = error.code.as_str();
    if let Some(cause) = &error.cause {
        if error.code == ErrorCode::ServiceUnavailable {
            log::warn!("{} {code}: {}", stamp.id, printable(cause, 1000));
        } else {
            log::error!("{} {code}: {}", stamp.id, printable(cause, 1000));
        }
    }
    let mut response = if json { envelope(error, stamp) } else { pages::error(error) };
    let headers = response.headers_mut();
    if let Some(allow) = error.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
        headers.insert(header::ALLOW, allow);
    }
    if let Some(challenge) = error.challenge {
        headers.insert(header::WWW_AUTHENTICATE, challenge.header());
    }
    if error.accept_patch {
        let (name, media_types) = ACCEPT_PATCH;
        headers.insert(name, media_types);
    }
    if let Some(seconds) = error.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn envelope(error: &ApiError, stamp: &RequestMeta) -> HttpResponse {
    let body = ErrorResponse {
        error: error.message.clone().into_owned(),
        code: error.code.as_str(),
        details: error.details.clone(),
        timestamp: stamp.timestamp,
        request_id: stamp.id.clone(),
    };
    request::json(error.code.status(), &body)
}

/// What every answer carries (OWASP, HTTP Headers cheat sheet). A handler that knows better has set it already.
fn dress(mut response: HttpResponse, stamp: &RequestMeta, readers: Readers, tls_only: bool) -> HttpResponse {
    let defaults: [(HeaderName, &'static str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let headers = response.headers_mut();
    for (name, value) in defaults {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if tls_only {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    if let Ok(id) = HeaderValue::from_str(&stamp.id) {
        headers.insert(X_REQUEST_ID, id);
    }
    readers.name_in(headers);
    response
}

/// Whether the request comes from a program on this machine that means this machine.
///
/// A page on the web can make a developer's browser send requests to 127.0.0.1, under a name of its own that it has
/// pointed there (DNS rebinding); and a proxy in front would make a whole network local.
fn is_local(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    let named = |authority: &str| {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| host.eq_ignore_ascii_case(local))
    };
    let mut hosts = headers.get_all(header::HOST).map(|host| host.to_str().unwrap_or(""));
    let target = request.uri().authority().map(|authority| authority.as_str());
    !is_proxied(headers) && hosts.next().is_some_and(named) && hosts.all(named) && target.is_none_or(named)
}

fn not_local() -> ApiError {
    let reason = "the development profile answers only requests that come straight from this machine and \
                   name it localhost, 127.0.0.1 or [::1]";
    ApiError::forbidden(reason)
}

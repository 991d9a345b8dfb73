//! The middleware around every request: its id, its line in the log, its headers, and a response even if its handler
//! panics.

use std::{net::IpAddr, panic::AssertUnwindSafe, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        ConnectionType, StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use denizen_models::{ErrorResponse, text::printable};
use futures_util::FutureExt as _;

use crate::{
    http::{
        client_ip::is_proxied,
        error::{ApiError, ErrorCode},
        fallback::{accepts_html, speaks_json},
        network_share::{FREE, HeldBody},
        oauth,
        request::{self, AppState, RequestMeta},
        route::RouteLimits,
    },
    middleware::{
        access_log::{LogLine, X_REQUEST_ID},
        cors::CorsGrant,
        credentials::{has_credentials, limit_stranger},
        service_keys::limit_key,
    },
};

/// The longest answer, in bytes, to a request that changed something and whose network has no memory left: longer than
/// that of any user.
const MAX_UNCOUNTED: usize = 128 * 1024;

/// Marks requests that are inside the middleware.
struct Wrapped;

/// Gives routes of the application around the handlers what every route of theirs has: a request id, a line in the log,
/// security headers, CORS headers, the rate limit, the check for local clients, and a response if the handler panics.
///
/// For [`actix_web::middleware::from_fn`], around the whole application or a part of it:
///
/// ```
/// use actix_web::{App, middleware::from_fn, web};
///
/// let notes = web::resource("/notes").get(async || "notes").wrap(from_fn(denizen_handlers::middleware));
/// # let _ = App::new().service(notes);
/// ```
///
/// Errors of this crate's extractors are pages for clients that accept HTML, else JSON.
///
/// # Errors
/// Returns an error if [`crate::mount`] was not called on the application, or if the handler or service inside returns
/// one or panics.
pub async fn middleware<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = AppState::of(request.request())?.clone();
    let path = request.path();
    let json = !accepts_html(request.headers())
        || path.starts_with(&*state.prefix) && speaks_json(&state.prefix, path);
    respond(state, json, request, next).await
}

/// The same around routes of ours, whose paths decide between JSON and pages.
pub(crate) async fn mounted<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = AppState::of(request.request())?.clone();
    let json = speaks_json(&state.prefix, request.path());
    respond(state, json, request, next).await
}

async fn respond<B: MessageBody + 'static>(
    state: Data<AppState>,
    json: bool,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.extensions_mut().insert(Wrapped).is_some() {
        // The application has wrapped itself as a whole.
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let settings = &state.settings;
    let meta = RequestMeta::of(request.request());
    let mut line = LogLine::of(&request, &meta, settings.slow_request);
    let grant = CorsGrant::of(settings, request.headers());
    let place = request.path().to_owned();
    let format = Format::of(&request, json, &state, &place);
    let render = |error: &ApiError| render(error, &meta, format);
    let is_limited = RouteLimits::is_limited(request.request(), &settings.trusted_proxies);
    let refusal = authorize(&state, &request, meta.ip, is_limited).await.err();
    let too_many = refusal.as_ref().is_some_and(|refusal| refusal.code == ErrorCode::RateLimited);
    if (too_many || !is_limited) && !state.summary.admits(meta.ip) {
        line.leave_out();
    }
    let (wants_upgrade, is_safe) =
        (request.headers().contains_key(header::UPGRADE), request.method().is_safe());
    let finish = |response| {
        let response = hold(response, &state, &meta, is_safe, render);
        let mut response = default_headers(response, &meta, grant, settings.secure_cookies);
        if wants_upgrade && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            // Else actix would promise the upgrade that it does not make.
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
        line.write(&response);
        if let Some(counts) = &state.counts {
            counts.add(response.status());
        }
        response
    };

    if let Some(refusal) = refusal {
        return Ok(request.into_response(finish(render(&refusal))));
    }
    // A panic must not take the worker's other connections along, nor leave this client without a response.
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(Ok(response)) => {
            let (request, response) = response.map_into_boxed_body().into_parts();
            Ok(ServiceResponse::new(request, finish(into_envelope(response, render))))
        }
        Ok(Err(error)) => {
            let response = finish(render(&ApiError::internal(&error)));
            Err(InternalError::from_response(error, response).into())
        }
        Err(_panic) => {
            // The panic hook has written message and place; here is the request that they belong to.
            let what = "a handler panicked";
            let response = finish(render(&ApiError::internal(what)));
            Err(InternalError::from_response(what, response).into())
        }
    }
}

/// Checks what holds for all requests.
async fn authorize(
    state: &AppState,
    request: &ServiceRequest,
    ip: Option<IpAddr>,
    is_limited: bool,
) -> Result<(), ApiError> {
    let settings = &state.settings;
    if settings.local_only && !is_local(request) {
        return Err(not_local());
    }
    if !is_limited {
        return Ok(());
    }
    if limit_key(state, request.request()).await? {
        return Ok(());
    }
    if let (Some(limit), Some(ip)) = (&settings.rate_limit, ip) {
        limit.check(ip).map_err(ApiError::rate_limited)?;
    }
    // With credentials, it depends on what they are worth.
    if has_credentials(request.headers(), settings) { Ok(()) } else { limit_stranger(settings, ip) }
}

/// Counts a long answer for the share of the client's network until it is sent. Without room for it, and if the request
/// can be repeated, the client is told to come back; what has changed something is answered in any case.
fn hold(
    response: HttpResponse,
    state: &AppState,
    meta: &RequestMeta,
    is_safe: bool,
    render: impl Fn(&ApiError) -> HttpResponse,
) -> HttpResponse {
    let length = match response.body().size() {
        BodySize::Sized(length) => usize::try_from(length).unwrap_or(usize::MAX),
        BodySize::None | BodySize::Stream => 0,
    };
    let share = (length > FREE).then(|| state.share_of(meta.ip)).flatten();
    let Some(mut share) = share else { return response };
    if !share.hold(length) && (is_safe || length > MAX_UNCOUNTED) {
        return render(&ApiError::rate_limited(Duration::ZERO));
    }
    response.map_body(|_, body| match body.try_into_bytes() {
        Ok(rest) => HeldBody { rest, _share: share }.boxed(),
        Err(body) => body,
    })
}

/// An error on a route that is not ours.
pub(crate) fn elsewhere(error: &ApiError, meta: &RequestMeta) -> HttpResponse {
    default_headers(render(error, meta, Format::Envelope), meta, CorsGrant::default(), false)
}

/// Returns the response as it is, or the error that it holds in its envelope.
fn into_envelope(response: HttpResponse, render: impl Fn(&ApiError) -> HttpResponse) -> HttpResponse {
    let error = match response.error() {
        None => return response,
        Some(error) => match error.as_error::<ApiError>() {
            Some(error) => error.clone(),
            // Rendered by `elsewhere`.
            None if response.headers().contains_key(X_REQUEST_ID) => return response,
            // Not one of ours: an extractor of actix, say. Its text was not written for clients.
            None if response.status().is_server_error() => ApiError::internal(error),
            None => return response,
        },
    };
    let mut rendered = render(&error);
    for (name, value) in response.headers() {
        if !rendered.headers().contains_key(name) {
            rendered.headers_mut().append(name.clone(), value.clone());
        }
    }
    rendered
}

/// How errors are told.
#[derive(Clone, Copy)]
enum Format<'a> {
    /// As JSON.
    Envelope,
    /// As a page of this application, in place of the one at this path.
    Page(&'a AppState, &'a str),
    /// As RFC 6749, section 5.2, describes it.
    OAuth,
}

impl<'a> Format<'a> {
    fn of(request: &ServiceRequest, json: bool, state: &'a AppState, path: &'a str) -> Self {
        let limits = request.app_data::<RouteLimits>();
        match limits {
            Some(limits) if limits.oauth_errors => Self::OAuth,
            _ if json => Self::Envelope,
            _ => Self::Page(state, path),
        }
    }
}

/// Renders an error. Logs the cause of a failure of ours: this is the one place
/// that does.
fn render(error: &ApiError, meta: &RequestMeta, format: Format<'_>) -> HttpResponse {
    let code = error.code.as_str();
    if let Some(cause) = &error.cause {
        let level =
            if error.code == ErrorCode::ServiceUnavailable { log::Level::Warn } else { log::Level::Error };
        log::log!(level, "{} {code}: {}", meta.id, printable(cause, 1000));
    }
    let mut response = match format {
        Format::Page(state, path) => (state.error_page)(state, path, error),
        Format::Envelope => envelope(error, meta),
        Format::OAuth => oauth::render(error),
    };
    let headers = response.headers_mut();
    if let Some((name, value)) = error.header.as_deref()
        && !headers.contains_key(name)
    {
        headers.insert(name.clone(), value.clone());
    }
    if let Some(seconds) = error.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn envelope(error: &ApiError, meta: &RequestMeta) -> HttpResponse {
    let body = ErrorResponse {
        error: error.message.clone().into_owned(),
        code: error.code.as_str(),
        details: error.details.clone(),
        timestamp: meta.timestamp,
        request_id: meta.id.clone(),
    };
    request::to_json(error.code.status(), &body)
}

/// Inserts the headers of every response (OWASP, HTTP Headers cheat sheet). A handler that knows better has set them
/// already.
fn default_headers(
    mut response: HttpResponse,
    meta: &RequestMeta,
    grant: CorsGrant,
    tls_only: bool,
) -> HttpResponse {
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
    if let Ok(id) = HeaderValue::from_str(&meta.id) {
        headers.insert(X_REQUEST_ID, id);
    }
    grant.insert_into(headers);
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

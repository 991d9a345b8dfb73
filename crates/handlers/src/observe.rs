//! Around every request: its id, its line in the log, its headers, and an answer even if its handler panics.

use std::{
    fmt,
    net::IpAddr,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BodySize, BoxBody, MessageBody as _},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use denizen_models::ErrorResponse;
use futures_util::FutureExt as _;

use crate::{
    client_ip::client_ip,
    cors::Readers,
    endpoint::speaks_json,
    error::{ApiError, ErrorCode},
    log_line::printable,
    pages,
    request::{self, RequestStamp, Surroundings},
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) async fn observe(
    surroundings: Data<Surroundings>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let stamp = stamp(&surroundings);
    request.extensions_mut().insert(stamp.clone());
    let settings = &surroundings.settings;
    let ip = client_ip(request.request(), &settings.trusted_proxies);
    let line = LogLine::of(&request, ip, settings.slow_request);
    let json = speaks_json(request.path());
    let readers = Readers::of(settings, request.headers());

    if let Err(refusal) = admit(&surroundings, &request, ip) {
        let response = dress(render(&refusal, &stamp, json), &stamp, readers);
        line.write(&response, &stamp, started);
        return Ok(request.into_response(response));
    }
    let mut hang_up = HangUp { line: &line, stamp: &stamp, started, happened: true };
    // A panic must not take the worker's other connections along, nor leave this client without an answer.
    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    hang_up.happened = false;
    match outcome {
        Ok(Ok(response)) => {
            let (request, response) = response.into_parts();
            let response = dress(enveloped(response, &stamp, json), &stamp, readers);
            line.write(&response, &stamp, started);
            Ok(ServiceResponse::new(request, response))
        }
        Ok(Err(error)) => {
            let response = dress(render(&ApiError::internal(&error), &stamp, json), &stamp, readers);
            line.write(&response, &stamp, started);
            Err(InternalError::from_response(error, response).into())
        }
        Err(_panic) => {
            // The panic hook has written message and place already; here is the request that they belong to.
            let error = ApiError::internal("a handler panicked");
            let response = dress(render(&error, &stamp, json), &stamp, readers);
            line.write(&response, &stamp, started);
            Err(InternalError::from_response("a handler panicked", response).into())
        }
    }
}

/// Whether the request is let in at all.
fn admit(surroundings: &Surroundings, request: &ServiceRequest, ip: Option<IpAddr>) -> Result<(), ApiError> {
    let settings = &surroundings.settings;
    if settings.local_only && !is_local(request) {
        return Err(not_local());
    }
    match (&settings.rate_limit, ip) {
        (Some(limit), Some(ip)) => limit.check(ip).map_err(ApiError::rate_limited),
        _ => Ok(()),
    }
}

/// `req_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
fn stamp(surroundings: &Surroundings) -> RequestStamp {
    let now = surroundings.clock.now();
    let mut random = [0; 10];
    // An id without randomness is still an id: it need not be secret, and a broken generator shows elsewhere.
    let _still_an_id = surroundings.tokens.fill(&mut random);
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
    RequestStamp { id: format!("req_{}", uuid.simple()), timestamp: now.timestamp() }
}

/// The answer as it is, or the error in its envelope.
fn enveloped(response: HttpResponse, stamp: &RequestStamp, json: bool) -> HttpResponse {
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
fn render(error: &ApiError, stamp: &RequestStamp, json: bool) -> HttpResponse {
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
    if let Some(seconds) = error.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn envelope(error: &ApiError, stamp: &RequestStamp) -> HttpResponse {
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
fn dress(mut response: HttpResponse, stamp: &RequestStamp, readers: Readers) -> HttpResponse {
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
    let proxied =
        headers.keys().any(|name| *name == header::FORWARDED || name.as_str().starts_with("x-forwarded-"));
    let named = |authority: &str| {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        ["localhost", "127.0.0.1", "[::1]"].iter().any(|local| host.eq_ignore_ascii_case(local))
    };
    let mut hosts = headers.get_all(header::HOST).map(|host| host.to_str().unwrap_or(""));
    let target = request.uri().authority().map(|authority| authority.as_str());
    !proxied && hosts.next().is_some_and(named) && hosts.all(named) && target.is_none_or(named)
}

fn not_local() -> ApiError {
    let message = "Forbidden: the development profile answers only requests that come straight from this machine and \
                   name it localhost, 127.0.0.1 or [::1]";
    ApiError::new(ErrorCode::Forbidden, message)
}

/// What the log says of a request. The query is left out: it may hold what people type.
struct LogLine {
    method: String,
    path: String,
    ip: String,
    /// From this on it is a warning.
    slow: Option<Duration>,
    /// What the caller calls this request, if that is fit to be printed.
    caller_id: Option<String>,
}

impl LogLine {
    fn of(request: &ServiceRequest, ip: Option<IpAddr>, slow: Option<Duration>) -> Self {
        let caller_id = caller_id(request.headers());
        Self {
            method: printable(request.method().as_str(), 20),
            path: printable(request.uri().path(), 200),
            ip: ip.map_or_else(|| "-".to_owned(), |ip| ip.to_string()),
            slow,
            caller_id,
        }
    }

    fn write(&self, response: &HttpResponse, stamp: &RequestStamp, started: Instant) {
        let bytes = match response.body().size() {
            BodySize::Sized(bytes) => bytes,
            BodySize::None | BodySize::Stream => 0,
        };
        let status: StatusCode = response.status();
        self.put(format_args!("{} {bytes}B", status.as_u16()), stamp, started);
    }

    fn put(&self, answer: fmt::Arguments<'_>, stamp: &RequestStamp, started: Instant) {
        let Self { method, path, ip, slow, caller_id } = self;
        let elapsed = started.elapsed();
        let millis = elapsed.as_secs_f64() * 1000.0;
        let (level, note) = match slow {
            Some(limit) if elapsed >= *limit => (log::Level::Warn, " slow"),
            _ => (log::Level::Info, ""),
        };
        let caller = caller_id.as_deref().map(|id| format!(" caller={id}")).unwrap_or_default();
        log::log!(
            target: "denizen::access", level,
            "{method} {path} {answer} {millis:.1}ms {ip} {}{caller}{note}", stamp.id
        );
    }
}

/// Writes the line of a request whose client has hung up: the server drops its future, and nothing else is left to.
struct HangUp<'a> {
    line: &'a LogLine,
    stamp: &'a RequestStamp,
    started: Instant,
    /// Until there is an answer.
    happened: bool,
}

impl Drop for HangUp<'_> {
    fn drop(&mut self) {
        if self.happened {
            // The number that nginx has for this, so that what reads logs need not learn a word.
            self.line.put(format_args!("499 0B"), self.stamp, self.started);
        }
    }
}

/// A caller's own `X-Request-ID`, if it is 1 to 64 harmless characters.
fn caller_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(harmless)).then(|| id.to_owned())
}

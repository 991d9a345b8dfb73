//! The line that a request leaves in the log.

use std::{
    fmt, mem,
    time::{Duration, Instant},
};

use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody as _},
    dev::ServiceRequest,
    http::header::{HeaderMap, HeaderName},
};
use denizen_models::text::printable;

use crate::http::{log_line::without_tokens, request::RequestMeta};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the log says of a request. The query is left out: it may hold what people type. So is what could be a token in the
/// path, where clients put one that take it for the number of a session.
///
/// If its client has hung up, the server drops the request's future and this with it, and nothing else is left to
/// write the line.
pub(crate) struct LogLine {
    method: String,
    path: String,
    ip: String,
    request_id: String,
    /// What the caller calls this request, if that is fit to be printed.
    caller_id: Option<String>,
    started: Instant,
    /// From this on it is a warning.
    slow: Option<Duration>,
    /// Whether nothing is to be written, or has been.
    done: bool,
}

impl LogLine {
    pub(crate) fn of(request: &ServiceRequest, meta: &RequestMeta, slow: Option<Duration>) -> Self {
        Self {
            method: printable(request.method().as_str(), 20),
            path: printable(&without_tokens(request.uri().path()), 200),
            ip: meta.ip.map_or_else(|| "-".to_owned(), |ip| ip.to_string()),
            request_id: meta.id.clone(),
            caller_id: caller_id(request.headers()),
            started: Instant::now(),
            slow,
            done: false,
        }
    }

    /// Leaves the line out: a summary counts it.
    pub(crate) fn leave_out(&mut self) {
        self.done = true;
    }

    pub(crate) fn write(mut self, response: &HttpResponse) {
        let bytes = match response.body().size() {
            BodySize::Sized(bytes) => bytes,
            BodySize::None | BodySize::Stream => 0,
        };
        if mem::replace(&mut self.done, true) {
            return;
        }
        self.put(format_args!("{} {bytes}B", response.status().as_u16()));
    }

    fn put(&self, answer: fmt::Arguments<'_>) {
        let Self { method, path, ip, request_id, caller_id, started, slow, done: _ } = self;
        let elapsed = started.elapsed();
        let millis = elapsed.as_secs_f64() * 1000.0;
        let (level, note) = match slow {
            Some(limit) if elapsed >= *limit => (log::Level::Warn, " slow"),
            _ => (log::Level::Info, ""),
        };
        let caller = caller_id.as_deref().map(|id| format!(" caller={id}")).unwrap_or_default();
        log::log!(
            target: "denizen::access", level,
            "{method} {path} {answer} {millis:.1}ms {ip} {request_id}{caller}{note}"
        );
    }
}

impl Drop for LogLine {
    fn drop(&mut self) {
        if !self.done {
            // The number that nginx has for a client that hangs up, so that what reads logs need not learn a word.
            self.put(format_args!("499 0B"));
        }
    }
}

/// A caller's own `X-Request-ID`, if it is 1 to 64 harmless characters.
fn caller_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(harmless)).then(|| id.to_owned())
}

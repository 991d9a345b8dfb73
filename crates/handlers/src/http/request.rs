//! The request as handlers see it, and the success responses.

use std::{net::IpAddr, pin::Pin, sync::Arc};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Data,
};
use denizen_models::{SuccessResponse, UserId, text::printable};
use denizen_services::{AccessContext, Actor, Authentication, Clock, TokenSource, store::ServiceKey};
use serde::Serialize;

use crate::{
    HandlerSettings,
    http::{
        client_ip::client_ip, error::ApiError, extract::extract, log_summary::LogSummary,
        network_share::NetworkShare, request_counts::RequestCounts, route::Rule,
    },
};

/// What a page of a list says about itself.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct PageMetadata {
    /// The items on this page.
    pub(crate) count: usize,
    /// Where the next page begins; null if this is the last.
    pub(crate) next_cursor: Option<String>,
}

/// What a whole list says about itself.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct Count {
    /// The items.
    pub(crate) count: usize,
}

/// What all handlers share.
pub(crate) struct AppState {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tokens: Arc<dyn TokenSource>,
    pub(crate) settings: HandlerSettings,
    /// The path below which the handlers are mounted: empty, or with a slash at its start and none at its end.
    pub(crate) prefix: String,
    /// The path that links on pages begin with: the prefix as browsers see it.
    pub(crate) links: String,
    /// The paths that are mounted, relative to the prefix.
    pub(crate) paths: Vec<&'static str>,
    /// Absent without `/metrics`.
    pub(crate) counts: Option<RequestCounts>,
    pub(crate) summary: LogSummary,
    /// Renders an error as a page, for a request to this path.
    pub(crate) error_page: fn(state: &Self, path: &str, error: &ApiError) -> HttpResponse,
}

impl AppState {
    /// Returns the state of the application.
    ///
    /// # Errors
    /// Returns an error if the handlers are not mounted.
    pub(crate) fn of(request: &HttpRequest) -> Result<&Data<Self>, ApiError> {
        request
            .app_data::<Data<Self>>()
            .ok_or_else(|| ApiError::internal("the handlers are not mounted on the App itself"))
    }

    /// Returns the share of memory of this client's network; `None` without a limit, and for trusted proxies, behind which
    /// are many clients.
    pub(crate) fn share_of(&self, ip: Option<IpAddr>) -> Option<NetworkShare> {
        let HandlerSettings { memory, trusted_proxies, .. } = &self.settings;
        let ip = ip.filter(|ip| !trusted_proxies.iter().any(|net| net.contains(ip)))?;
        memory.as_ref().map(|memory| memory.share_of(ip))
    }
}

/// What is known of a request before it is handled; the middleware puts it on every one.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestMeta {
    pub(crate) id: String,
    /// The time of arrival, in Unix seconds.
    pub(crate) timestamp: i64,
    /// The client's IP address, as far as proxies are trusted.
    pub(crate) ip: Option<IpAddr>,
}

impl RequestMeta {
    /// Returns what is known of the request, the same for as long as it lasts.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let known = request.extensions().get::<Self>().cloned();
        known.unwrap_or_else(|| {
            let meta = AppState::of(request).map(|state| Self::read(request, state)).unwrap_or_default();
            request.extensions_mut().insert(meta.clone());
            meta
        })
    }

    /// The id is `req_` and a UUID of version 7 (RFC 9562), so that ids sort by time.
    fn read(request: &HttpRequest, state: &AppState) -> Self {
        let now = state.clock.now();
        let mut random = [0; 10];
        // An id without randomness is still an id: it need not be secret, and a broken generator shows elsewhere.
        let _still_an_id = state.tokens.fill(&mut random);
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let ip = client_ip(request, &state.settings.trusted_proxies);
        Self { id: format!("req_{}", uuid.simple()), timestamp: now.timestamp(), ip }
    }
}

/// Who sends a request; the access guard puts it on every one that it lets pass.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// The user, on routes that ask for one.
    pub(crate) caller: Option<Authentication>,
    /// The service key, on routes that take one.
    pub(crate) key: Option<ServiceKey>,
}

/// The rule of the route and how to check it again, for extractors that wait for a body; the access guard puts it on every
/// request that it lets pass.
#[derive(Clone, Copy)]
pub(crate) struct Recheck(pub(crate) Rule, pub(crate) Check);

type Check = fn(Rule, HttpRequest) -> Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

impl Recheck {
    /// Checks that the client may still use the route. A body may arrive long after its head, and not all routes write
    /// something that would check it.
    ///
    /// # Errors
    /// Returns the refusal of the access guard.
    pub(crate) async fn run(request: HttpRequest) -> Result<(), ApiError> {
        let recheck = request.extensions().get::<Self>().copied();
        match recheck {
            Some(Self(rule, check)) => check(rule, request).await,
            None => Ok(()),
        }
    }
}

/// The request as the handlers see it: on whose behalf, and how to answer.
pub(crate) struct RequestContext {
    pub(crate) access: AccessContext,
    /// Who has signed in, on routes that ask for it.
    pub(crate) caller: Option<Authentication>,
    pub(crate) state: Data<AppState>,
    meta: RequestMeta,
}

impl RequestContext {
    /// Returns what the middleware and the access guard found out.
    ///
    /// # Errors
    /// Returns an error if the request did not pass them.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let unwrapped = || ApiError::internal("the request did not pass the middleware");
        let meta = request.extensions().get::<RequestMeta>().cloned().ok_or_else(unwrapped)?;
        let identity = request.extensions().get::<Identity>().cloned().ok_or_else(unwrapped)?;
        let Identity { caller, key } = identity;
        let user = caller.as_ref().map(Authentication::actor);
        let actor = user.or(key.as_ref().map(ServiceKey::actor)).unwrap_or(Actor::Anonymous);
        let access = context(request, actor, &meta);
        Ok(Self { access, caller, state: AppState::of(request)?.clone(), meta })
    }

    /// A success with data.
    pub(crate) fn answer<T: Serialize>(&self, message: &str, data: T) -> HttpResponse {
        self.respond(StatusCode::OK, message, Some(data), None::<()>)
    }

    /// A success that consists of its message.
    pub(crate) fn done(&self, message: &str) -> HttpResponse {
        self.respond(StatusCode::OK, message, None::<()>, None::<()>)
    }

    /// A request that takes effect later, for example when a mailed link is used.
    pub(crate) fn pending(&self, message: &str) -> HttpResponse {
        self.respond(StatusCode::ACCEPTED, message, None::<()>, None::<()>)
    }

    /// A success with data and facts about it.
    pub(crate) fn answer_with<T: Serialize, M: Serialize>(
        &self,
        status: StatusCode,
        message: &str,
        data: T,
        metadata: M,
    ) -> HttpResponse {
        self.respond(status, message, Some(data), Some(metadata))
    }

    /// A page of a list that holds personal data, and the cursor of the next one.
    pub(crate) fn list<T: Serialize>(
        &self,
        message: &str,
        items: Vec<T>,
        next_cursor: Option<String>,
    ) -> HttpResponse {
        let metadata = PageMetadata { count: items.len(), next_cursor };
        personal(self.answer_with(StatusCode::OK, message, items, metadata))
    }

    /// The time of arrival in Unix seconds, as every response states it.
    pub(crate) const fn timestamp(&self) -> i64 {
        self.meta.timestamp
    }

    fn respond<T: Serialize, M: Serialize>(
        &self,
        status: StatusCode,
        message: &str,
        data: Option<T>,
        metadata: Option<M>,
    ) -> HttpResponse {
        let RequestMeta { id, timestamp, ip: _ } = &self.meta;
        let message = message.to_owned();
        let envelope =
            SuccessResponse { message, data, metadata, timestamp: *timestamp, request_id: id.clone() };
        to_json(status, &envelope)
    }
}

/// A JSON response with a newline at its end, for terminals.
pub(crate) fn to_json<T: Serialize>(status: StatusCode, body: &T) -> HttpResponse {
    match serde_json::to_vec(body) {
        Ok(mut bytes) => {
            bytes.push(b'\n');
            HttpResponse::build(status).insert_header((header::CONTENT_TYPE, "application/json")).body(bytes)
        }
        Err(error) => HttpResponse::from_error(ApiError::internal(error)),
    }
}

extract! { RequestContext, request => Self::of(request) }

/// Returns the positive number at this place of the path if it is in its canonical form: each thing has one URL.
pub(crate) fn number_in(request: &HttpRequest, place: &str) -> Option<i64> {
    // The router has decoded `%31` to `1` already; the path itself still tells them apart.
    let verbatim = !request.uri().path().contains('%');
    let number = request.match_info().get(place).and_then(UserId::parse);
    number.filter(|_| verbatim).map(UserId::get)
}

/// Returns the context for calls of services.
pub(crate) fn context(request: &HttpRequest, actor: Actor, meta: &RequestMeta) -> AccessContext {
    let user_agent = request.headers().get(header::USER_AGENT);
    AccessContext {
        actor,
        ip: meta.ip,
        user_agent: user_agent.map(|agent| printable(&String::from_utf8_lossy(agent.as_bytes()), 200)),
        request_id: meta.id.clone(),
    }
}

/// Marks personal data: only the client itself may store it, and must revalidate it before use.
pub(crate) fn personal(mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, header::HeaderValue::from_static("Authorization, Cookie"));
    response
}

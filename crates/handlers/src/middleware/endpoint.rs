//! Route declarations: path, method, access rule, summary and handler in one place.

use std::future::ready;

use actix_web::{
    Error, FromRequest, Handler, HttpMessage as _, HttpRequest, HttpResponse, Resource, Responder,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, AcceptEncoding, Encoding, HeaderValue},
    },
    middleware::{Compress, Next, from_fn},
    web,
};

use crate::{
    http::{
        describe::{Describe, Reply, Takes},
        error::{ApiError, ErrorCode},
        route::{Access, Operation, Route, RouteLimits, Rule},
    },
    middleware::{access_guard::authorize, cors::preflight, wrap::mounted},
};

type Check = fn(&HttpRequest) -> Result<(), ApiError>;

macro_rules! methods {
    ($($name:ident = $method:ident),+) => {
        $(pub(crate) fn $name<F, Args>(mut self, rule: impl Into<Rule>, summary: &'static str, handler: F) -> Self
        where
            F: Handler<Args>,
            Args: FromRequest + Describe + 'static,
            F::Output: Responder + 'static,
        {
            let rule = rule.into();
            let mut add = |method: Method, handler: F| {
                let guard = from_fn(move |request, next| authorize(rule, request, next));
                self.routes.push(web::method(method).to(handler).wrap(guard));
            };
            let method = Method::$method;
            if method == Method::GET {
                // actix omits the body and keeps its length.
                add(Method::HEAD, handler.clone());
            }
            add(method.clone(), handler);
            let Rule { access, scopes } = rule;
            let takes = Takes::of::<Args>(self.route.path);
            self.route.operations.push(Operation { method, access, scopes, summary, takes, reply: None });
            self
        })+
    };
}

/// One path with its methods. GET brings HEAD with it. Every other method is a 405 with `Allow`.
pub(crate) struct Endpoint {
    pub(crate) route: Route,
    routes: Vec<actix_web::Route>,
    check: Option<Check>,
    compressed: bool,
    max_body: Option<usize>,
    limits: RouteLimits,
}

/// The longest body, in bytes, of a route that strangers may use: credentials, tokens and e-mail addresses are short.
const STRANGERS_BODY: usize = 16 * 1024;
/// The longest body of the other routes.
const MEMBERS_BODY: usize = 1024 * 1024;

/// Begins the declaration of a path.
pub(crate) const fn route(path: &'static str) -> Endpoint {
    let route = Route { path, operations: Vec::new() };
    let limits =
        RouteLimits { max_body: 0, unlimited: false, unlimited_for_proxies: false, oauth_errors: false };
    Endpoint { route, routes: Vec::new(), check: None, compressed: false, max_body: None, limits }
}

impl Endpoint {
    methods! { get = GET, post = POST, put = PUT, patch = PATCH, delete = DELETE }

    /// Says what the last method answers. Every route but pages says so.
    pub(crate) fn answers(mut self, reply: Reply) -> Self {
        if let Some(operation) = self.route.operations.last_mut() {
            operation.reply = Some(reply);
        }
        self
    }

    /// Sets a check that comes before a method is refused: an invalid path is reported whatever the method.
    pub(crate) fn checked(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    /// Compresses responses for clients that accept it. Only for content that is the same for every client: the length of
    /// a compressed secret can reveal it (BREACH).
    pub(crate) fn compressed(self) -> Self {
        Self { compressed: true, ..self }
    }

    /// Sets the longest body in bytes, instead of 16 KiB on a path that strangers may use, and 1 MiB on the others.
    pub(crate) fn max_body(self, bytes: usize) -> Self {
        Self { max_body: Some(bytes), ..self }
    }

    /// Puts the path outside the rate limit per IP address.
    pub(crate) fn unlimited(mut self) -> Self {
        self.limits.unlimited = true;
        self
    }

    /// Puts the path outside that limit for trusted proxies, behind which are many clients.
    pub(crate) fn unlimited_for_proxies(mut self) -> Self {
        self.limits.unlimited_for_proxies = true;
        self
    }

    /// Lets the path speak of errors as OAuth does (RFC 6749, section 5.2).
    pub(crate) fn oauth_errors(mut self) -> Self {
        self.limits.oauth_errors = true;
        self
    }

    /// Adds the methods that another feature declares for the same path.
    pub(crate) fn join(&mut self, other: Self) {
        self.route.operations.extend(other.route.operations);
        self.routes.extend(other.routes);
        self.check = self.check.or(other.check);
        self.max_body = self.max_body.or(other.max_body);
    }

    /// Registers the path with its middleware.
    pub(crate) fn register(self, config: &mut web::ServiceConfig) {
        let Self { route: Route { path, operations }, routes, check, compressed, max_body, limits } = self;
        let for_strangers = |operation: &Operation| {
            matches!(operation.access, Access::Public | Access::Anyone | Access::Proxy)
        };
        let usual = if operations.iter().all(for_strangers) { STRANGERS_BODY } else { MEMBERS_BODY };
        let mut names: Vec<&str> = operations.iter().map(|operation| operation.method.as_str()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        let mut not_allowed = ApiError::new(ErrorCode::MethodNotAllowed, "Method not allowed");
        if let Ok(allow) = names.join(", ").try_into() {
            not_allowed = not_allowed.with(header::ALLOW, allow);
        }
        let refuse = move |request: HttpRequest| {
            let checked = check.map_or(Ok(()), |check| check(&request));
            ready(checked.and_then(|()| Err::<HttpResponse, _>(not_allowed.clone())))
        };
        let limits = RouteLimits { max_body: max_body.unwrap_or(usual), ..limits };
        let resource = web::resource(path).app_data(limits).default_service(web::to(refuse));
        let resource = routes.into_iter().fold(resource, Resource::route);
        if compressed {
            let resource = resource.wrap(Compress::default()).wrap(from_fn(negotiate));
            config.service(resource.wrap(from_fn(preflight)).wrap(from_fn(mounted)));
        } else {
            config.service(resource.wrap(from_fn(preflight)).wrap(from_fn(mounted)));
        }
    }
}

/// Around `Compress`, which would refuse clients that accept none of its encodings, and sets `Vary` only on compressed
/// responses (RFC 9110, sections 12.5.3 and 12.5.5).
async fn negotiate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let known = [Encoding::identity(), Encoding::brotli(), Encoding::gzip(), Encoding::deflate()];
    let accepted = request.get_header::<AcceptEncoding>();
    if accepted.is_none_or(|accepted| accepted.negotiate(known.iter()).is_none()) {
        request.headers_mut().remove(header::ACCEPT_ENCODING);
    }
    let mut response = next.call(request).await?;
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    Ok(response)
}

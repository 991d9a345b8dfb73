//! # denizen over HTTP
//!
//! Routes, extractors, middleware and the mapping of errors to responses. This crate depends on the service *traits*
//! only: [`mount`] it with any implementation of them in any actix-web application.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use actix_web::{App, HttpServer};
//! use denizen_handlers::{HandlerSettings, Services};
//! # use denizen_services::{AuthService, UserService};
//! # async fn run(users: Arc<dyn UserService>, auth: Arc<dyn AuthService>) -> std::io::Result<()> {
//! let services = Services::new(users, auth);
//! HttpServer::new(move || {
//!     let accounts = denizen_handlers::mount("/accounts", services.clone(), HandlerSettings::default());
//!     App::new().configure(accounts)
//! })
//! .bind(("127.0.0.1", 8080))?
//! .run()
//! .await
//! # }
//! ```
//!
//! # The rules of this crate
//!
//! 1. A handler reads a request, calls one method of one service, and writes the response. It decides nothing.
//! 2. Each error enum of a service is mapped exhaustively, without a `_` arm: a new variant does not compile until its
//!    status is chosen.
//! 3. A 5xx says nothing about its cause; the log does, once, with the request id.
//! 4. A feature declares its routes in one list: one `Endpoint` per path, and for each method its access rule, its handler
//!    and what it answers. GET brings HEAD with it, and 405 names the allowed methods. OpenAPI, the reference and the page
//!    of error codes are made from these lists.

#![deny(missing_docs, clippy::wildcard_enum_match_arm)]

#[cfg(feature = "openapi")]
mod api_docs;
mod assets;
mod audit;
mod change_password;
#[cfg(feature = "demos")]
mod demos;
mod email_change;
mod email_verification;
mod forward_auth;
mod health;
mod http;
mod introspection;
mod invitation;
mod keys;
mod login;
mod mail_jobs;
#[cfg(feature = "messages")]
mod messages;
mod metrics;
mod middleware;
mod pages;
mod password_reset;
mod services;
mod sessions;
mod sign_up;
mod users;

use std::{future::ready, sync::LazyLock, time::Duration};

use actix_web::{
    middleware::from_fn,
    web::{self, Data, ServiceConfig},
};
#[cfg(feature = "messages")]
use denizen_services::MessageService;
use denizen_services::{
    AuditService, ForwardAuth, HealthService, KeyService, MailJobService, MetricsService,
};
#[cfg(feature = "demos")]
use denizen_services::{MathService, TaskService};
use ipnet::IpNet;

#[cfg(feature = "openapi")]
pub use api_docs::{errors_page, openapi, reference_page};
pub use http::describe::{Body, Content, Parameter, Reply, Takes, TypeSchema};
pub use http::error::ErrorCode;
pub use http::network_share::NetworkShares;
pub use http::route::{Access, Operation, Route};
pub use middleware::authenticated::{AccessError, Authenticated, MaybeAuthenticated};
pub use middleware::rate_limit::RateLimit;
pub use middleware::wrap::middleware;
pub use services::Services;

use http::request::AppState;
use middleware::{endpoint::Endpoint, wrap::mounted};

/// The settings of the handlers.
#[derive(Debug, Clone, Default)]
pub struct HandlerSettings {
    /// Origins (`https://app.example.com`) whose scripts may call the API from a browser; those of the same site also with
    /// the session cookie. None by default.
    pub cors_origins: Vec<String>,
    /// Origins (`https://app.example.com`) of applications to which a browser may be sent back after sign-in. None by
    /// default.
    pub return_origins: Vec<String>,
    /// Whether to refuse requests that do not come directly from the same machine: the development profile.
    pub local_only: bool,
    /// The rate limit per IP address, health checks excepted; not limited by default.
    pub rate_limit: Option<RateLimit>,
    /// The rate limit per service key, which replaces the one per IP address; not limited by default.
    pub key_rate_limit: Option<RateLimit>,
    /// How many bytes of memory the unread bodies and the unsent answers of a network may take; not limited by default.
    /// Trusted proxies are exempt: behind them, the client counts.
    pub memory: Option<NetworkShares>,
    /// Proxies whose `X-Forwarded-For` is trusted. None by default.
    pub trusted_proxies: Vec<IpNet>,
    /// The duration from which on the log line of a request is a warning.
    pub slow_request: Option<Duration>,
    /// The time in which a body must arrive; later ones are refused with 408.
    pub body_timeout: Option<Duration>,
    /// Who may use the demonstrations, if there are any: `/api/calculate`, `/api/tasks` and `/api/goroutines`.
    pub demos: Demos,
    /// What links to our pages begin with, for browsers on other hosts; paths of the same host by default.
    pub public_url: Option<String>,
    /// The domain whose hosts are guarded by forward auth: at sign-in, browsers get a second cookie for all of them. None by
    /// default.
    pub cookie_domain: Option<String>,
    /// Whether browsers reach the service over TLS only, as they should: then cookies are sent no other way, and browsers
    /// are told so (RFC 6797).
    pub secure_cookies: bool,
    /// What pages call the service; `denizen` by default.
    pub service_name: Option<String>,
}

/// Who may use the demonstrations. They cost time and memory, and user accounts do not need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demos {
    /// Signed-in users.
    #[default]
    Members,
    /// All clients.
    Open,
}

/// The routes of a feature, and whether the services that they need are given.
type Feature = (fn() -> Vec<Endpoint>, fn(&Services) -> bool);

const FEATURES: &[Feature] = &[
    #[cfg(feature = "openapi")]
    (api_docs::routes, |services| services.api_docs),
    (assets::routes, |_| true),
    (audit::routes, Services::has::<dyn AuditService>),
    (change_password::routes, |_| true),
    #[cfg(feature = "demos")]
    (demos::calculate::routes, Services::has::<dyn MathService>),
    #[cfg(feature = "demos")]
    (demos::tasks::routes, Services::has::<dyn TaskService>),
    (email_change::routes, |services| services.mails),
    (email_verification::routes, |services| services.mails),
    (forward_auth::routes, Services::has::<dyn ForwardAuth>),
    (health::routes, Services::has::<dyn HealthService>),
    (introspection::routes, Services::has::<dyn KeyService>),
    (invitation::routes, |services| services.mails),
    (keys::routes, Services::has::<dyn KeyService>),
    (login::routes, |_| true),
    (mail_jobs::routes, Services::has::<dyn MailJobService>),
    #[cfg(feature = "messages")]
    (messages::routes, Services::has::<dyn MessageService>),
    (metrics::routes, Services::has::<dyn MetricsService>),
    (password_reset::routes, |services| services.mails),
    (sessions::routes, |_| true),
    (sign_up::routes, |_| true),
    (sign_up::pages, |services| services.sign_up),
    // Last: its `/api/users/{id}` matches every path below `/api/users/` that nothing above matches.
    (users::routes, |_| true),
];

/// Every route, whichever services are given.
pub static ROUTES: LazyLock<Vec<Route>> =
    LazyLock::new(|| endpoints(|_| true).into_iter().map(|endpoint| endpoint.route).collect());

/// Returns the endpoints of the wanted features, one for each path.
fn endpoints(wanted: impl Fn(fn(&Services) -> bool) -> bool) -> Vec<Endpoint> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let features = FEATURES.iter().filter(|(_, is_given)| wanted(*is_given));
    for endpoint in features.flat_map(|(routes, _)| routes()) {
        match endpoints.iter_mut().find(|other| other.route.path == endpoint.route.path) {
            Some(other) => other.join(endpoint),
            None => endpoints.push(endpoint),
        }
    }
    endpoints
}

/// Mounts the routes below a path, such as `/accounts`, or at the root if it is empty.
///
/// For [`actix_web::App::configure`]. Links, redirects and the choice between JSON and pages follow the prefix; the
/// session cookie is for the whole host. Unknown paths below the prefix are answered here. All others stay the
/// application's, as does its default service; without a prefix, see [`fallback`].
///
/// Call it on the [`App`](actix_web::App) itself and name the whole path, as in `/app/accounts`: inside of a
/// [`scope`](actix_web::web::scope) of the application the handlers would not know their own path.
///
/// Links in mails do not follow the prefix: the public URL in the settings of the mails must contain it, as in
/// `https://example.com/accounts`.
pub fn mount(
    prefix: &str,
    services: Services,
    settings: HandlerSettings,
) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let prefix = prefix.trim_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("/{prefix}") };
    move |config| {
        let endpoints = endpoints(|is_given| is_given(&services));
        let paths = endpoints.iter().map(|endpoint| endpoint.route.path).collect();
        let register = |config: &mut ServiceConfig| {
            endpoints.into_iter().for_each(|endpoint| endpoint.register(config));
        };
        if prefix.is_empty() {
            register(config);
        } else {
            let scope = web::scope(&prefix).configure(register);
            let not_found = web::to(pages::not_found).wrap(from_fn(mounted));
            let front_page = web::Redirect::to(format!("{prefix}/"));
            let front_page = web::to(move || ready(front_page.clone())).wrap(from_fn(mounted));
            config.route(&prefix, front_page).service(scope.default_service(not_found));
        }
        services.provide(config);
        let Services { clock, tokens, counts, summary, .. } = services;
        let error_page = pages::error;
        // A proxy may remove the path of the public URL from requests.
        let links = settings.public_url.as_deref().map_or_else(|| prefix.clone(), path_of_url);
        let state = AppState { clock, tokens, settings, prefix, links, paths, counts, summary, error_page };
        config.app_data(Data::new(state));
    }
}

/// Returns the path of a URL without a slash at its end.
fn path_of_url(url: &str) -> String {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    authority.split_once('/').map_or_else(String::new, |(_, path)| format!("/{}", path.trim_end_matches('/')))
}

/// Answers every request that no route of the application takes, with JSON or a page like the handlers' own.
///
/// For [`actix_web::App::configure`], beside [`mount`], in applications that have nothing else.
pub fn fallback(config: &mut ServiceConfig) {
    config.default_service(web::to(pages::not_found).wrap(from_fn(mounted)));
}

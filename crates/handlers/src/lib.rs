//! # denizen over HTTP
//!
//! Routes, extractors, middleware and the mapping of errors to answers. This crate sees the service *traits* only:
//! hand it whatever implements them and mount it in any actix-web application.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use actix_web::{App, HttpServer};
//! use denizen_handlers::{HandlerSettings, Services};
//! # use denizen_services::*;
//! # async fn run(
//! #     users: Arc<dyn UserService>, auth: Arc<dyn AuthService>, audit: Arc<dyn AuditService>,
//! #     mail_jobs: Arc<dyn MailJobService>, math: Arc<dyn MathService>, tasks: Arc<dyn TaskService>,
//! #     messages: Arc<dyn MessageService>, health: Arc<dyn HealthService>, metrics: Arc<dyn MetricsService>,
//! #     clock: Arc<dyn Clock>, tokens: Arc<dyn TokenSource>,
//! # ) -> std::io::Result<()> {
//! let services =
//!     Services { users, auth, audit, mail_jobs, math, tasks, messages, health, metrics, clock, tokens };
//! HttpServer::new(move || {
//!     App::new().configure(denizen_handlers::configure(services.clone(), HandlerSettings::default()))
//! })
//! .bind(("127.0.0.1", 8080))?
//! .run()
//! .await
//! # }
//! ```
//!
//! # The rules of this crate
//!
//! 1. A handler reads a request, calls one method of one service, and words the answer. It decides nothing.
//! 2. Each error enum of a service is mapped exhaustively, without a `_` arm: a new variant must not compile
//!    until somebody has chosen its status.
//! 3. A 5xx says nothing about its cause; the log does, once, with the request id.
//! 4. One `Endpoint` per path, one line per method. GET brings HEAD with it, and 405 names what is allowed.

#![deny(missing_docs, clippy::wildcard_enum_match_arm)]

mod audit;
mod change_password;
mod demos;
mod email_change;
mod email_verification;
mod health;
mod http;
mod invitation;
mod login;
mod mail_jobs;
mod messages;
mod metrics;
mod middleware;
mod pages;
mod password_reset;
mod routes;
mod sessions;
mod users;

use std::{sync::Arc, time::Duration};

use actix_web::{
    middleware::from_fn,
    web::{self, ServiceConfig},
};
use denizen_models::PasswordPolicy;
use denizen_services::{
    AuditService, AuthService, Clock, HealthService, MailJobService, MathService, MessageService,
    MetricsService, TaskService, TokenSource, UserService,
};
use ipnet::IpNet;

pub use http::authenticated::{AccessError, Authenticated};
pub use http::error::ErrorCode;
pub use metrics::RequestCounts;
pub use middleware::rate_limit::RateLimit;
pub use routes::{Access, ROUTES, Route};

/// What the handlers need. A service that is not wired does not compile.
#[derive(Clone)]
pub struct Services {
    /// Users and their passwords.
    pub users: Arc<dyn UserService>,
    /// Signing in, and sessions.
    pub auth: Arc<dyn AuthService>,
    /// The audit trail.
    pub audit: Arc<dyn AuditService>,
    /// Mails that are not sent yet.
    pub mail_jobs: Arc<dyn MailJobService>,
    /// Calculations; a demonstration.
    pub math: Arc<dyn MathService>,
    /// Tasks that wait; a demonstration.
    pub tasks: Arc<dyn TaskService>,
    /// Messages between connected users.
    pub messages: Arc<dyn MessageService>,
    /// Whether the service can do its work.
    pub health: Arc<dyn HealthService>,
    /// What can be measured.
    pub metrics: Arc<dyn MetricsService>,
    /// The time, for `timestamp` and request ids.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for request ids.
    pub tokens: Arc<dyn TokenSource>,
}

/// What can be set on the handlers.
#[derive(Debug, Clone, Default)]
pub struct HandlerSettings {
    /// Origins (`https://app.example.com`) whose scripts may call the API from a browser; those of the same site also in
    /// the name of whoever has signed in there by a cookie. None by default.
    pub cors_origins: Vec<String>,
    /// Refuse everything that does not come straight from the same machine: the development profile.
    pub local_only: bool,
    /// How many requests one address may make; no limit by default.
    pub rate_limit: Option<RateLimit>,
    /// Proxies whose `X-Forwarded-For` is believed. None by default.
    pub trusted_proxies: Vec<IpNet>,
    /// From this duration on, a request's line in the log is a warning.
    pub slow_request: Option<Duration>,
    /// How long a body may take to arrive; beyond that, 408.
    pub body_timeout: Option<Duration>,
    /// What pages say about new passwords. It is the service that decides, and it has its own.
    pub password_policy: PasswordPolicy,
    /// Who may use the demonstrations: `/api/calculate`, `/api/tasks` and `/api/goroutines`.
    pub demos: Demos,
    /// Counts requests, and opens `/metrics` to everybody who asks directly; not by default.
    pub metrics: Option<RequestCounts>,
    /// Whether people reach the service over TLS only, as they should: then cookies are sent no other way, and browsers
    /// are told so (RFC 6797).
    pub secure_cookies: bool,
}

/// Who may use the demonstrations. They cost time and memory, and nobody needs them for user accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Demos {
    /// Nobody: they are not there.
    #[default]
    Off,
    /// Whoever has signed in.
    Members,
    /// Everybody.
    Open,
}

/// Mounts all routes with their middleware.
///
/// Everything sits in one scope, so that an application around it keeps its own middleware, and every route that it
/// mounts before this one. What nobody has taken is answered here.
pub fn configure(services: Services, settings: HandlerSettings) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let (demos, metrics) = (settings.demos, settings.metrics.is_some());
        let state = web::Data::new(http::request::AppState {
            clock: services.clock,
            tokens: services.tokens,
            settings,
        });
        let (for_preflight, for_observe) = (state.clone(), state.clone());
        let for_stray = state.clone();
        // `Data::from(arc)`, not `Data::new(arc)`: the latter is found under another type, that is, not at all.
        // These two outside the scope, for `Authenticated` on routes of the application around it.
        config.app_data(web::Data::from(services.auth)).app_data(state);
        let scope = web::scope("")
            .app_data(web::Data::from(services.users))
            .app_data(web::Data::from(services.audit))
            .app_data(web::Data::from(services.mail_jobs))
            .app_data(web::Data::from(services.math))
            .app_data(web::Data::from(services.tasks))
            .app_data(web::Data::from(services.messages))
            .app_data(web::Data::from(services.health))
            .app_data(web::Data::from(services.metrics))
            .configure(|config| routes(config, demos, metrics))
            .default_service(web::to(http::endpoint::not_found))
            .wrap(from_fn(move |request, next| {
                middleware::cors::preflight(for_preflight.clone(), request, next)
            }))
            .wrap(from_fn(move |request, next| {
                middleware::observe::observe(for_observe.clone(), request, next)
            }));
        config.service(scope);
        // Beside the scope, whose paths begin with a slash: `OPTIONS *`.
        let stray = web::to(http::endpoint::not_found);
        config.default_service(stray.wrap(from_fn(move |request, next| {
            middleware::observe::observe(for_stray.clone(), request, next)
        })));
    }
}

fn routes(config: &mut ServiceConfig, demos: Demos, metrics: bool) {
    if demos != Demos::Off {
        demos::calculate::routes(config);
        demos::tasks::routes(config);
    }
    if metrics {
        metrics::routes(config);
    }
    audit::routes(config);
    login::routes(config);
    change_password::routes(config);
    email_change::routes(config);
    email_verification::routes(config);
    health::routes(config);
    invitation::routes(config);
    mail_jobs::routes(config);
    messages::routes(config);
    pages::routes(config);
    password_reset::routes(config);
    sessions::routes(config);
    // Last: its `/api/users/{id}` takes every path below `/api/users/` that nothing above has taken.
    users::routes(config);
}

//! The services behind the handlers.

use std::{any::TypeId, net::IpAddr, sync::Arc};

use actix_web::{
    http::StatusCode,
    web::{Data, ServiceConfig},
};
#[cfg(feature = "messages")]
use denizen_services::MessageService;
use denizen_services::{
    AuditService, AuthService, Clock, ForwardAuth, HealthService, KeyService, MailJobService, MetricsService,
    OsTokenSource, SystemClock, TokenSource, UserService,
};
#[cfg(feature = "demos")]
use denizen_services::{MathService, TaskService};

use crate::http::{log_summary::LogSummary, request_counts::RequestCounts};

/// The users, as handlers take them.
pub(crate) type Users = Data<dyn UserService>;

/// Sign-in, as handlers take it.
pub(crate) type Auth = Data<dyn AuthService>;

/// Makes a service available to handlers and extractors.
type Provide = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// The services behind the handlers. Users and sign-in are mandatory; the routes of each other service exist if it is
/// given.
#[derive(Clone)]
pub struct Services {
    given: Vec<(TypeId, Provide)>,
    pub(crate) mails: bool,
    pub(crate) sign_up: bool,
    #[cfg(feature = "openapi")]
    pub(crate) api_docs: bool,
    pub(crate) counts: Option<RequestCounts>,
    pub(crate) summary: LogSummary,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tokens: Arc<dyn TokenSource>,
}

impl Services {
    /// Users and sign-in (and, if mails are sent, what needs them), with the clock and the random generator of the operating system.
    #[must_use]
    pub fn new(users: Arc<dyn UserService>, auth: Arc<dyn AuthService>) -> Self {
        let (mails, sign_up) = (users.sends_mail(), users.sign_up_form().is_some());
        let (clock, tokens) = (Arc::new(SystemClock), Arc::new(OsTokenSource));
        let (given, summary) = (Vec::new(), LogSummary::default());
        let services = Self {
            given,
            mails,
            sign_up,
            #[cfg(feature = "openapi")]
            api_docs: false,
            counts: None,
            summary,
            clock,
            tokens,
        };
        services.with(users).with(auth)
    }

    /// Adds the description of the API: `/api/openapi.json` and `/api/docs`.
    #[cfg(feature = "openapi")]
    #[must_use]
    pub fn with_api_docs(self) -> Self {
        Self { api_docs: true, ..self }
    }

    /// Adds the audit trail: `/api/audit`.
    #[must_use]
    pub fn with_audit(self, audit: Arc<dyn AuditService>) -> Self {
        self.with(audit)
    }

    /// Adds forward auth: `/api/auth/forward`.
    #[must_use]
    pub fn with_forward_auth(self, forward: Arc<dyn ForwardAuth>) -> Self {
        self.with(forward)
    }

    /// Adds service keys: `/api/keys` and `/api/auth/introspect`.
    #[must_use]
    pub fn with_keys(self, keys: Arc<dyn KeyService>) -> Self {
        self.with(keys)
    }

    /// Adds health checks: `/health`, `/livez` and `/readyz`.
    #[must_use]
    pub fn with_health(self, health: Arc<dyn HealthService>) -> Self {
        self.with(health)
    }

    /// Adds the administration of mail jobs: `/api/mail/jobs`.
    #[must_use]
    pub fn with_mail_jobs(self, mail_jobs: Arc<dyn MailJobService>) -> Self {
        self.with(mail_jobs)
    }

    /// Adds calculations: `/api/calculate`.
    #[cfg(feature = "demos")]
    #[must_use]
    pub fn with_math(self, math: Arc<dyn MathService>) -> Self {
        self.with(math)
    }

    /// Adds messages between connected users: `/ws`.
    #[cfg(feature = "messages")]
    #[must_use]
    pub fn with_messages(self, messages: Arc<dyn MessageService>) -> Self {
        self.with(messages)
    }

    /// Adds `/metrics`, open to all clients that do not come through a proxy, and counts requests for it. Clones share
    /// their counts.
    #[must_use]
    pub fn with_metrics(self, metrics: Arc<dyn MetricsService>) -> Self {
        Self { counts: Some(RequestCounts::default()), ..self.with(metrics) }
    }

    /// Adds concurrent tasks: `/api/tasks` and `/api/goroutines`.
    #[cfg(feature = "demos")]
    #[must_use]
    pub fn with_tasks(self, tasks: Arc<dyn TaskService>) -> Self {
        self.with(tasks)
    }

    /// Replaces the clock, from which `timestamp` and request ids come.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Replaces the random generator, from which request ids come.
    #[must_use]
    pub fn with_tokens(self, tokens: Arc<dyn TokenSource>) -> Self {
        Self { tokens, ..self }
    }

    /// Logs and counts a request that the HTTP server has refused with this status before it was one for a route. Must be
    /// called on a thread of actix.
    pub fn note_refusal(&self, status: u16, ip: IpAddr) {
        if let (Some(counts), Ok(status)) = (&self.counts, StatusCode::from_u16(status)) {
            counts.add(status);
        }
        if self.summary.admits(Some(ip)) {
            log::info!(target: "denizen::access", "- - {status} 0B 0.0ms {ip} -");
        }
    }

    fn with<S: ?Sized + Send + Sync + 'static>(mut self, service: Arc<S>) -> Self {
        // `Data::from(arc)`, not `Data::new(arc)`: the latter would be found under another type.
        let data = Data::from(service);
        let provide = move |config: &mut ServiceConfig| {
            config.app_data(data.clone());
        };
        self.given.push((TypeId::of::<S>(), Arc::new(provide)));
        self
    }

    /// Returns whether this service is given.
    pub(crate) fn has<S: ?Sized + 'static>(&self) -> bool {
        self.given.iter().any(|(id, _)| *id == TypeId::of::<S>())
    }

    /// Makes the services available to handlers and extractors.
    pub(crate) fn provide(&self, config: &mut ServiceConfig) {
        self.given.iter().for_each(|(_, provide)| provide(config));
    }
}

//! The services behind the handlers.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
#[cfg(feature = "messages")]
use denizen_services::MessageService;
use denizen_services::{
    AuditService, AuthService, Clock, HealthService, MailJobService, MetricsService, OsTokenSource,
    SystemClock, TokenSource, UserService,
};
#[cfg(feature = "demos")]
use denizen_services::{MathService, TaskService};

use crate::http::request_counts::RequestCounts;

/// The services behind the handlers. Users and sign-in are mandatory; the routes of each other service exist if it is
/// given.
#[derive(Clone)]
pub struct Services {
    users: Arc<dyn UserService>,
    auth: Arc<dyn AuthService>,
    pub(crate) audit: Option<Arc<dyn AuditService>>,
    pub(crate) health: Option<Arc<dyn HealthService>>,
    pub(crate) mail_jobs: Option<Arc<dyn MailJobService>>,
    #[cfg(feature = "demos")]
    pub(crate) math: Option<Arc<dyn MathService>>,
    #[cfg(feature = "messages")]
    pub(crate) messages: Option<Arc<dyn MessageService>>,
    pub(crate) metrics: Option<Arc<dyn MetricsService>>,
    #[cfg(feature = "demos")]
    pub(crate) tasks: Option<Arc<dyn TaskService>>,
    pub(crate) mails: bool,
    pub(crate) counts: Option<RequestCounts>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tokens: Arc<dyn TokenSource>,
}

impl Services {
    /// Users and sign-in (and, if mails are sent, what needs them), with the clock and the random generator of the operating system.
    #[must_use]
    pub fn new(users: Arc<dyn UserService>, auth: Arc<dyn AuthService>) -> Self {
        Self {
            mails: users.sends_mail(),
            users,
            auth,
            audit: None,
            health: None,
            mail_jobs: None,
            #[cfg(feature = "demos")]
            math: None,
            #[cfg(feature = "messages")]
            messages: None,
            metrics: None,
            #[cfg(feature = "demos")]
            tasks: None,
            counts: None,
            clock: Arc::new(SystemClock),
            tokens: Arc::new(OsTokenSource),
        }
    }

    /// Adds the audit trail: `/api/audit`.
    #[must_use]
    pub fn with_audit(self, audit: Arc<dyn AuditService>) -> Self {
        Self { audit: Some(audit), ..self }
    }

    /// Adds health checks: `/health`, `/livez` and `/readyz`.
    #[must_use]
    pub fn with_health(self, health: Arc<dyn HealthService>) -> Self {
        Self { health: Some(health), ..self }
    }

    /// Adds the administration of mail jobs: `/api/mail/jobs`.
    #[must_use]
    pub fn with_mail_jobs(self, mail_jobs: Arc<dyn MailJobService>) -> Self {
        Self { mail_jobs: Some(mail_jobs), ..self }
    }

    /// Adds calculations: `/api/calculate`.
    #[cfg(feature = "demos")]
    #[must_use]
    pub fn with_math(self, math: Arc<dyn MathService>) -> Self {
        Self { math: Some(math), ..self }
    }

    /// Adds messages between connected users: `/ws`.
    #[cfg(feature = "messages")]
    #[must_use]
    pub fn with_messages(self, messages: Arc<dyn MessageService>) -> Self {
        Self { messages: Some(messages), ..self }
    }

    /// Adds `/metrics`, open to all clients that do not come through a proxy, and counts requests for it. Clones share
    /// their counts.
    #[must_use]
    pub fn with_metrics(self, metrics: Arc<dyn MetricsService>) -> Self {
        Self { metrics: Some(metrics), counts: Some(RequestCounts::default()), ..self }
    }

    /// Adds concurrent tasks: `/api/tasks` and `/api/goroutines`.
    #[cfg(feature = "demos")]
    #[must_use]
    pub fn with_tasks(self, tasks: Arc<dyn TaskService>) -> Self {
        Self { tasks: Some(tasks), ..self }
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

    /// Makes the services available to handlers and extractors.
    pub(crate) fn provide(self, config: &mut ServiceConfig) {
        provide(config, Some(self.users));
        provide(config, Some(self.auth));
        provide(config, self.audit);
        provide(config, self.health);
        provide(config, self.mail_jobs);
        #[cfg(feature = "demos")]
        provide(config, self.math);
        #[cfg(feature = "messages")]
        provide(config, self.messages);
        provide(config, self.metrics);
        #[cfg(feature = "demos")]
        provide(config, self.tasks);
    }
}

fn provide<T: ?Sized + 'static>(config: &mut ServiceConfig, service: Option<Arc<T>>) {
    if let Some(service) = service {
        // `Data::from(arc)`, not `Data::new(arc)`: the latter would be found under another type.
        config.app_data(Data::from(service));
    }
}

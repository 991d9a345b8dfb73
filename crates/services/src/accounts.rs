//! The front door: all account services on one store, in one value.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use chrono::Duration;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    audit::AuditService,
    common::{AccountService, CrowdedLimits, ServiceSettings, supervise},
    forward_auth::ForwardAuth,
    health::{DefaultHealthService, HealthService},
    housekeeping::Housekeeper,
    mail_jobs::MailJobService,
    mail_worker::MailWorker,
    metrics::{DefaultMetricsService, MetricsService},
    ports::{
        Clock, EventRelay, LiveSessions, Mail, MailError, Mailer, OsTokenSource, PasswordHasher, Ports,
        SystemClock, TokenSource, UserObserver,
        store::{CommitObserver, Store},
    },
};

/// Everything about users, one trait per feature.
///
/// Every method validates its input and enforces the rules about who may do what; a caller need not, and cannot, do
/// either for it. A user whom the actor may not see does not exist for the actor: the error is the same. The error type
/// of a method lists what can go wrong. A change of a user carries the state that its actor expects
/// ([`IfMatch`](crate::IfMatch)), which is checked where the change is written: concurrent changes are not lost.
pub trait UserService: Send + Sync
where
    Self: crate::Users,
    Self: crate::UserLists,
    Self: crate::UserCreation,
    Self: crate::UserUpdates,
    Self: crate::UserDeletion,
    Self: crate::UserExports,
    Self: crate::EmailChanges,
    Self: crate::EmailVerifications,
    Self: crate::Invitations,
    Self: crate::PasswordResets,
    Self: crate::SignUps,
{
}

impl UserService for AccountService {}

/// Signing in, sessions, and the actor's own password; one trait per feature.
pub trait AuthService: Send + Sync
where
    Self: crate::Logins,
    Self: crate::Sessions,
    Self: crate::PasswordChanges,
{
}

impl AuthService for AccountService {}

/// Service keys, and what programs ask with them; one trait per feature.
pub trait KeyService: Send + Sync
where
    Self: crate::Keys,
    Self: crate::Introspections,
{
}

impl KeyService for AccountService {}

/// All account services on one store. Clones share everything.
///
/// ```
/// use std::sync::Arc;
///
/// use denizen_hashing::Argon2Hasher;
/// use denizen_models::CreateUserRequest;
/// use denizen_services::{AccessContext, Accounts};
/// use denizen_storage_memory::InMemoryStore;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let hasher = Arc::new(Argon2Hasher::recommended()?);
/// let accounts = Accounts::builder(Arc::new(InMemoryStore::new()), hasher).build()?;
/// let request = CreateUserRequest {
///     username: "ada".to_owned(),
///     email: "ada@example.com".to_owned(),
///     first_name: "Ada".to_owned(),
///     last_name: "Lovelace".to_owned(),
///     ..CreateUserRequest::default()
/// };
/// let ada = accounts.users().create_user(&AccessContext::system(), request).await?;
/// assert_eq!(accounts.users().get_user_by_username(&AccessContext::system(), "ADA").await?, ada);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Accounts {
    service: AccountService,
    worker: Arc<MailWorker>,
    connections: Option<Arc<dyn LiveSessions>>,
    crowded_limits: Arc<CrowdedLimits>,
}

impl Accounts {
    /// Begins with the two parts that have no default: where users are stored, and how passwords are hashed.
    #[must_use]
    pub fn builder(store: Arc<dyn Store>, hasher: Arc<dyn PasswordHasher>) -> AccountsBuilder {
        AccountsBuilder {
            ports: Ports { store, hasher, clock: Arc::new(SystemClock), tokens: Arc::new(OsTokenSource) },
            settings: ServiceSettings::default(),
            mailer: None,
            connections: None,
            observers: Vec::new(),
        }
    }

    /// Returns the service of users.
    #[must_use]
    pub fn users(&self) -> Arc<dyn UserService> {
        Arc::new(self.service.clone())
    }

    /// Returns the service of signing in.
    #[must_use]
    pub fn auth(&self) -> Arc<dyn AuthService> {
        Arc::new(self.service.clone())
    }

    /// Returns the service of service keys.
    #[must_use]
    pub fn keys(&self) -> Arc<dyn KeyService> {
        Arc::new(self.service.clone())
    }

    /// Returns the service of forward auth.
    #[must_use]
    pub fn forward_auth(&self) -> Arc<dyn ForwardAuth> {
        Arc::new(self.service.clone())
    }

    /// Returns the service of the audit trail.
    #[must_use]
    pub fn audit(&self) -> Arc<dyn AuditService> {
        Arc::new(self.service.clone())
    }

    /// Returns the service of the mail queue.
    #[must_use]
    pub fn mail_jobs(&self) -> Arc<dyn MailJobService> {
        Arc::new(self.service.clone())
    }

    /// Returns the service of metrics.
    #[must_use]
    pub fn metrics(&self) -> Arc<dyn MetricsService> {
        let Ports { store, clock, .. } = self.service.ports.clone();
        let crowded_limits = Arc::clone(&self.crowded_limits);
        Arc::new(DefaultMetricsService::new(store, clock, self.worker.counters(), crowded_limits))
    }

    /// Returns the service of readiness, which watches the store and these background tasks.
    #[must_use]
    pub fn health(&self, background: &Background) -> Arc<dyn HealthService> {
        let (store, mail_worker) = (Arc::clone(&self.service.ports.store), background.worker.abort_handle());
        Arc::new(DefaultHealthService::new(store, mail_worker))
    }

    /// Returns the implementation behind [`Self::users`] and [`Self::auth`], with the operations for operators.
    #[must_use]
    pub const fn service(&self) -> &AccountService {
        &self.service
    }

    /// Returns the mail worker, for programs that deliver mails themselves ([`MailWorker::deliver_now`]).
    #[must_use]
    pub fn mail_worker(&self) -> &MailWorker {
        &self.worker
    }

    /// Starts the mail worker and the housekeeper, until `stop` becomes true. Needs a tokio
    /// runtime. Any number of processes on one store may run them.
    pub fn spawn_background(&self, stop: watch::Receiver<bool>) -> Background {
        let worker = Arc::clone(&self.worker);
        let worker = spawn("mail worker", stop.clone(), move |stop| {
            let worker = Arc::clone(&worker);
            async move { worker.run(stop).await }
        });
        let housekeeper = Arc::new(Housekeeper::new(self.service.clone(), self.connections.clone()));
        let housekeeper = spawn("housekeeper", stop, move |stop| {
            let housekeeper = Arc::clone(&housekeeper);
            async move { housekeeper.run(stop).await }
        });
        Background { worker, housekeeper }
    }
}

fn spawn<F: Future<Output = ()> + Send + 'static>(
    name: &'static str,
    stop: watch::Receiver<bool>,
    work: impl Fn(watch::Receiver<bool>) -> F + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(supervise(name, stop, work))
}

/// The running background tasks. Dropping it does not stop them.
pub struct Background {
    worker: JoinHandle<()>,
    housekeeper: JoinHandle<()>,
}

impl Background {
    /// Waits until all tasks have ended, which they do soon after `stop` became true: mails that are being sent are
    /// finished first.
    pub async fn join(self) {
        for (name, task) in [("mail worker", self.worker), ("housekeeper", self.housekeeper)] {
            if let Err(error) = task.await {
                log::error!("the {name} did not stop cleanly: {error}");
            }
        }
    }
}

/// Discards mails, so that the queue of an application without mails stays empty.
struct NoMailer;

#[async_trait]
impl Mailer for NoMailer {
    async fn send(&self, _: &Mail) -> Result<(), MailError> {
        Ok(())
    }
}

/// A setting that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} must be longer than zero")]
pub struct InvalidSettings(&'static str);

/// Builds [`Accounts`].
pub struct AccountsBuilder {
    ports: Ports,
    settings: ServiceSettings,
    mailer: Option<Arc<dyn Mailer>>,
    connections: Option<Arc<dyn LiveSessions>>,
    observers: Vec<Arc<dyn CommitObserver>>,
}

impl AccountsBuilder {
    /// Sends mails. Without a mailer, queued mails are discarded, and the routes of features that need mails are off
    /// ([`Users::sends_mail`](crate::Users::sends_mail)).
    #[must_use]
    pub fn mailer(self, mailer: Arc<dyn Mailer>) -> Self {
        Self { mailer: Some(mailer), ..self }
    }

    /// Replaces the default settings.
    #[must_use]
    pub fn settings(self, settings: ServiceSettings) -> Self {
        Self { settings, ..self }
    }

    /// Replaces the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.ports.clock = clock;
        self
    }

    /// Replaces the operating system's randomness.
    #[must_use]
    pub fn tokens(mut self, tokens: Arc<dyn TokenSource>) -> Self {
        self.ports.tokens = tokens;
        self
    }

    /// Tells the housekeeper of open connections, and the connections of commits. For the message service of this crate,
    /// and for others of the kind.
    #[must_use]
    pub fn messages(mut self, connections: Arc<dyn LiveSessions>) -> Self {
        self.observers.push(connections.observer());
        Self { connections: Some(connections), ..self }
    }

    /// Reports events of users to `observer`. May be called more than once.
    #[must_use]
    pub fn user_observer(mut self, observer: Arc<dyn UserObserver>) -> Self {
        self.observers.push(Arc::new(EventRelay(observer)));
        self
    }

    /// Checks the settings, and registers the observers with the store.
    ///
    /// # Errors
    /// Returns [`InvalidSettings`] if a duration is not longer than zero.
    pub fn build(self) -> Result<Accounts, InvalidSettings> {
        let Self { ports, settings, mailer, connections, observers } = self;
        check(&settings)?;
        let sends_mail = mailer.is_some();
        let mailer = mailer.unwrap_or_else(|| Arc::new(NoMailer));
        let worker = Arc::new(MailWorker::new(ports.clone(), settings.clone(), mailer));
        let crowded_limits = Arc::<CrowdedLimits>::default();
        for observer in observers.into_iter().chain([worker.observer(), Arc::clone(&crowded_limits) as _]) {
            ports.store.observe(observer);
        }
        let service = AccountService { sends_mail, ..AccountService::new(ports, settings) };
        Ok(Accounts { service, worker, connections, crowded_limits })
    }
}

fn check(settings: &ServiceSettings) -> Result<(), InvalidSettings> {
    let durations = [
        ("session_lifetime", settings.session_lifetime),
        ("session_idle_timeout", settings.session_idle_timeout),
        ("reset_token_ttl", settings.reset_token_ttl),
        ("invitation_ttl", settings.invitation_ttl),
        ("verification_ttl", settings.verification_ttl),
        ("mail_max_age", settings.mail_max_age),
    ];
    match durations.into_iter().find(|(_, duration)| *duration <= Duration::zero()) {
        Some((name, _)) => Err(InvalidSettings(name)),
        None => Ok(()),
    }
}

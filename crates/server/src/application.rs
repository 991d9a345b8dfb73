//! Putting the service together, running it, and stopping it without loss.

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_server::Server;
use actix_web::{
    guard::fn_guard,
    web::{self, ServiceConfig},
};
use denizen_handlers::{HandlerSettings, Services};
use denizen_hashing::{Argon2Cost, Argon2Hasher};
use denizen_mail::TransportError;
use denizen_services::{
    AccessContext, Accounts, Background, Clock, DefaultMathService, DefaultMessageService,
    DefaultTaskService, Failure, HashError, InvalidSettings, Mailer, MessageLimits, MessageService as _,
    OsTokenSource, PasswordHasher, SystemClock, TaskService, UserQuery,
    store::{Store, StoreFailure},
};
use denizen_storage_postgres::PostgresStore;
use denizen_storage_sqlite::SqliteStore;
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{
    config::{Config, ConfigErrors, Database, Profile, warnings},
    http::{HttpLimits, Watch, descriptors, serve, serve_watched},
    samples::{self, SampleError},
    storage::{self, OpenError, Storage},
};

/// Why the service does not start. Each is one line that says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use, or not ours.
    #[error("cannot listen on {address}: {error}; choose another address with {setting}")]
    Bind {
        /// Where the address can be set.
        setting: &'static str,
        /// The address of the configuration.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The database does not open, or production was not told to create it.
    #[error("{error}{}", storage::hint(.error))]
    Database {
        /// Why.
        #[from]
        error: OpenError,
    },
    /// The database opens, but does not answer.
    #[error("cannot read the users: {0}")]
    Read(#[from] Failure),
    /// The configuration, made by hand, breaks its own rules.
    #[error(transparent)]
    Configuration(#[from] ConfigErrors),
    /// The settings of the services make no sense.
    #[error(transparent)]
    Settings(#[from] InvalidSettings),
    /// The mail transport cannot be set up.
    #[error(transparent)]
    Mail(#[from] TransportError),
    /// The sample users cannot be created, or have their documented passwords in production.
    #[error(transparent)]
    Samples(#[from] SampleError),
    /// The hashing threads do not start.
    #[error("cannot start hashing passwords: {0}")]
    Hasher(#[from] HashError),
}

/// Why the service stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The HTTP server failed.
    #[error("the HTTP server failed: {0}")]
    Server(#[from] io::Error),
    /// The store can no longer write.
    #[error("the store failed: {0}")]
    Store(#[source] StoreFailure),
}

/// Adapters to use instead of the configured ones, for tests and for programs that bring their own; and what holds for one
/// start only, which is therefore not a setting.
#[derive(Clone, Default)]
pub struct Overrides {
    /// Instead of the machine's clock.
    pub clock: Option<Arc<dyn Clock>>,
    /// Instead of the configured transport.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Instead of the configured database. It is not closed at the end.
    pub store: Option<Arc<dyn Store>>,
    /// Instead of the configured cost.
    pub hash_cost: Option<Argon2Cost>,
    /// Instead of argon2id; then neither the cost nor the threads of the configuration mean anything.
    pub hasher: Option<Arc<dyn PasswordHasher>>,
    /// Instead of tasks on the runtime that builds the application.
    pub tasks: Option<Arc<dyn TaskService>>,
    /// Whether a database file that is not there is created in the production profile too; development does so always.
    pub create_database: bool,
}

/// The service, put together and bound to its address, not yet serving.
pub struct Application {
    address: SocketAddr,
    server: Server,
    health: Option<Server>,
    in_flight: Arc<AtomicUsize>,
    messages: DefaultMessageService,
    storage: Storage,
    background: Background,
    stop_workers: watch::Sender<bool>,
    shutdown_timeout: Duration,
}

/// How long background tasks may take to end after the last request, and as long again the store after them. With the
/// default of `shutdown_timeout` and the end of the log, a stop takes less than 30 seconds, whatever hangs.
const LONGEST_END: Duration = Duration::from_secs(3);

impl Application {
    /// Opens the database, binds the address and starts the mail worker.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn build(config: Config) -> Result<Self, StartError> {
        Self::build_with(config, Overrides::default()).await
    }

    /// The same, with other adapters.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn build_with(config: Config, overrides: Overrides) -> Result<Self, StartError> {
        config.validate()?;
        // The address first: if another instance runs here, its database is better left alone.
        let setting = "--bind";
        let (listener, address) = listen(config.bind, setting)?;
        let bind_error = |error| StartError::Bind { setting, address, error };
        let health = config.health_bind.map(|address| listen(address, "health_bind")).transpose()?;

        let create = overrides.create_database || config.profile == Profile::Development;
        let storage = match overrides.store.clone() {
            Some(store) => Storage::given(store),
            None => Storage::open(&config.database, create).await?,
        };
        let (accounts, messages) = assemble(&config, address, &storage, &overrides)?;
        if config.profile == Profile::Production {
            samples::refuse_sample_passwords(accounts.service()).await?;
        }
        describe(&config, address);
        warnings(&config).iter().for_each(|warning| log::warn!("{warning}"));
        if config.profile == Profile::Development {
            greet(&config, &accounts).await?;
        }
        let (stop_workers, stop) = watch::channel(false);
        let background = accounts.spawn_background(stop);
        let services = services(&config, &accounts, &background, messages.clone(), overrides);
        let health = health.map(|(listener, address)| {
            log::info!("health checks on http://{address}");
            serve_health(&config, services.clone(), listener)
        });
        let health = health.transpose().map_err(bind_error)?;
        let in_flight = Arc::default();
        let server = serve_all(&config, services, listener, Arc::clone(&in_flight)).map_err(bind_error)?;
        log::info!("denizen {} listening on http://{address}", env!("CARGO_PKG_VERSION"));
        let shutdown_timeout = config.shutdown_timeout;
        Ok(Self {
            address,
            server,
            health,
            in_flight,
            messages,
            storage,
            background,
            stop_workers,
            shutdown_timeout,
        })
    }

    /// The address that it is bound to, with the real port.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready, or the store can no longer write. Then: says goodbye on every WebSocket, accepts
    /// nothing new, lets running requests finish, stops the worker between two mails, and closes the store. Each step has
    /// a time limit, so the longest stop takes `shutdown_timeout` and 9 seconds.
    ///
    /// # Errors
    /// It stopped for a reason of its own.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<(), RunError> {
        let Self { server, health, in_flight, messages, storage, background, stop_workers, .. } = self;
        let (handle, health_handle) = (server.handle(), health.as_ref().map(Server::handle));
        let mut serving = tokio::spawn(server);
        if let Some(health) = health {
            tokio::spawn(health);
        }
        let reason = tokio::select! {
            result = &mut serving => {
                let ended = || io::Error::other("it ended by itself");
                Some(RunError::Server(result.map_err(io::Error::other).flatten().err().unwrap_or_else(ended)))
            }
            error = storage.store.failed() => Some(RunError::Store(error)),
            () = stop => None,
        };
        log::info!("stopping");
        // The server waits for its connections, and these would never end by themselves.
        messages.shut_down();
        tokio::join!(handle.stop(true), warn_of_cuts(&in_flight, self.shutdown_timeout));
        // The receivers are gone if both have died; then there is nothing to wait for either.
        let _gone = stop_workers.send(true);
        if timeout(LONGEST_END, background.join()).await.is_err() {
            log::warn!(
                "background tasks do not end; a mail that was being sent is sent again in five minutes"
            );
        }
        if timeout(LONGEST_END, storage.close()).await.is_err() {
            log::warn!("the database does not close; everything acknowledged is in its write-ahead log");
        }
        if let Some(handle) = health_handle {
            handle.stop(false).await;
        }
        log::info!("stopped");
        reason.map_or(Ok(()), Err)
    }
}

fn listen(address: SocketAddr, setting: &'static str) -> Result<(TcpListener, SocketAddr), StartError> {
    let bound = TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (bound, listener) = bound.map_err(|error| StartError::Bind { setting, address, error })?;
    Ok((listener, bound))
}

/// Serves all routes to all clients.
fn serve_all(
    config: &Config,
    services: Services,
    listener: TcpListener,
    in_flight: Arc<AtomicUsize>,
) -> io::Result<Server> {
    let max_connections = descriptors::connections(config.max_connections);
    let limits = HttpLimits { max_connections, ..HttpLimits::from(config) };
    let (settings, refusing) = (config.handler_settings(), services.clone());
    let on_refusal = Arc::new(move |status, ip| refusing.note_refusal(status, ip));
    let watch = Watch { in_flight, on_refusal, proxies: config.trusted_proxies.clone() };
    serve_watched(limits, listener, watch, move |config: &mut ServiceConfig| {
        denizen_handlers::mount("", services.clone(), settings.clone())(config);
        denizen_handlers::fallback(config);
    })
}

/// Serves the health checks and nothing else, on a thread and connections of their own, without a rate limit.
fn serve_health(config: &Config, services: Services, listener: TcpListener) -> io::Result<Server> {
    const PATHS: [&str; 3] = ["/livez", "/readyz", "/metrics"];
    let limits = HttpLimits { workers: 1, max_connections: 100, ..HttpLimits::from(config) };
    let settings = HandlerSettings { rate_limit: None, ..config.handler_settings() };
    serve(limits, listener, move |config: &mut ServiceConfig| {
        let routes = denizen_handlers::mount("", services.clone(), settings.clone());
        let only = fn_guard(|request| PATHS.contains(&request.head().uri.path()));
        config.service(web::scope("").guard(only).configure(routes));
    })
}

/// Waits until no request is in flight, and logs how many were cut because `shutdown_timeout` was over. Each of them logs
/// its own line, with the status 499, when its thread drops it.
async fn warn_of_cuts(in_flight: &AtomicUsize, shutdown_timeout: Duration) {
    // The server counts in whole seconds, and its threads check the time once a second.
    let limit = Duration::from_secs(shutdown_timeout.as_secs());
    let (start, mut last) = (Instant::now(), 0);
    while start.elapsed() < limit + Duration::from_secs(2) {
        match in_flight.load(Ordering::Relaxed) {
            0 => break,
            count => last = count,
        }
        sleep(Duration::from_millis(10)).await;
    }
    if last > 0 && start.elapsed() >= limit {
        log::warn!("{last} requests were cut: they did not end within shutdown_timeout");
    }
}

/// Logs what is about to run, in one line. The URLs hold no passwords.
fn describe(config: &Config, address: SocketAddr) {
    let database = match &config.database {
        Database::Postgres(options) => format!("{options} (schema {})", PostgresStore::SCHEMA),
        database => match database.path() {
            Some(path) => format!("{} (schema {})", path.display(), SqliteStore::SCHEMA),
            None => "in memory".to_owned(),
        },
    };
    log::info!(
        "{} profile, version {} (commit {}), database {database}, public URL {}, mail {}",
        config.profile,
        env!("CARGO_PKG_VERSION"),
        option_env!("GIT_COMMIT").unwrap_or("unknown"),
        config.public_url_at(address),
        config.mail
    );
}

/// The account services of this configuration, and the message service beside them.
fn assemble(
    config: &Config,
    address: SocketAddr,
    storage: &Storage,
    overrides: &Overrides,
) -> Result<(Accounts, DefaultMessageService), StartError> {
    let clock = overrides.clock.clone().unwrap_or_else(|| Arc::new(SystemClock));
    let hasher = match overrides.hasher.clone() {
        Some(hasher) => hasher,
        None => {
            let cost = overrides.hash_cost.unwrap_or(config.hash_cost());
            let (threads, waiting) = (config.hash_threads, config.hash_queue);
            Arc::new(Argon2Hasher::start(cost, threads, waiting, Arc::new(OsTokenSource))?)
        }
    };
    let mailer = match overrides.mailer.clone() {
        Some(mailer) => mailer,
        None => denizen_mail::connect(config.mail_settings(address), Arc::clone(&clock))?,
    };
    let limits = MessageLimits { directory: config.directory, ..MessageLimits::default() };
    let messages = DefaultMessageService::new(Arc::clone(&clock), limits);
    let messages = match &storage.relay {
        Some(relay) => messages.with_relay(Arc::clone(relay)),
        None => messages,
    };
    let accounts = Accounts::builder(Arc::clone(&storage.store), hasher)
        .clock(clock)
        .mailer(mailer)
        .settings(config.service_settings())
        .messages(Arc::new(messages.clone()))
        .build()?;
    Ok((accounts, messages))
}

fn services(
    config: &Config,
    accounts: &Accounts,
    background: &Background,
    messages: DefaultMessageService,
    overrides: Overrides,
) -> Services {
    let clock = overrides.clock.unwrap_or_else(|| Arc::new(SystemClock));
    let mut services = Services::new(accounts.users(), accounts.auth())
        .with_audit(accounts.audit())
        .with_forward_auth(accounts.forward_auth())
        .with_keys(accounts.keys())
        .with_mail_jobs(accounts.mail_jobs())
        .with_messages(Arc::new(messages))
        .with_health(accounts.health(background))
        .with_clock(Arc::clone(&clock));
    if config.api_docs {
        services = services.with_api_docs();
    }
    if config.metrics {
        services = services.with_metrics(accounts.metrics());
    }
    if config.demo_routes {
        // On this runtime and not on the one of a thread that serves HTTP: those have one thread each.
        let tasks =
            || DefaultTaskService::new(Handle::current(), Arc::clone(&clock), Arc::new(OsTokenSource));
        services = services
            .with_math(Arc::new(DefaultMathService::new(Arc::clone(&clock))))
            .with_tasks(overrides.tasks.unwrap_or_else(|| Arc::new(tasks())));
    }
    services
}

/// Creates the sample users in an empty database, and says where things are.
async fn greet(config: &Config, accounts: &Accounts) -> Result<(), StartError> {
    let first = UserQuery { limit: Some(1), ..UserQuery::default() };
    let users = accounts.users();
    let empty = users.list_users(&AccessContext::system(), &first).await?.users.is_empty();
    let created = if empty { samples::create(accounts.service()).await? } else { Vec::new() };
    let place = match &config.database {
        Database::Memory => "in memory, gone when this process ends".to_owned(),
        Database::Postgres(options) => format!("in {options}"),
        Database::Sqlite(_) => format!("in {}", config.database.path().unwrap_or_default().display()),
    };
    log::info!("users are kept {place}");
    if empty {
        let names = created.join(", ");
        log::info!("sample users {names} created, each with the password {:?}", samples::SAMPLE_PASSWORD);
    }
    log::info!("development profile: {} is the administrator", samples::ADMINISTRATOR);
    Ok(())
}

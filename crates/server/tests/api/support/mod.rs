//! A server of the test's own: real sockets, a clock that the test moves, a mailer that keeps what it sends.

pub mod account;
pub mod api;
pub mod database;
pub mod failing_store;
pub mod gate;
pub mod http;
pub mod mailing;
pub mod page;
pub mod process;
pub mod production;
pub mod socket;
pub mod watched;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use denizen_hashing::Argon2Cost;
use denizen_server::{
    Application, Overrides, RunError,
    config::{BIND, Config, ConfigFile, DATABASE, MAIL_WORKERS, Setting, Settings},
};
use denizen_services::{Mail, MailMessage, TaskService, store::Store};
use denizen_testkit::{FixedClock, RecordingMailer};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

/// Longer than anything here takes; a test that hangs should say so.
pub const PATIENCE: Duration = Duration::from_secs(30);

const IN_MEMORY: [(&Setting, &str); 1] = [(&DATABASE, "memory:")];

/// A server, in the development profile unless its start says otherwise. It stops when it is dropped.
///
/// In development, requests that do not say in whose name they are sent are those of the sample administrator.
pub struct TestServer {
    pub address: SocketAddr,
    pub clock: Arc<FixedClock>,
    pub mailer: Arc<RecordingMailer>,
    folder: Option<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Result<(), RunError>>,
}

impl TestServer {
    /// On a fresh database.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self::start_in(folder).await
    }

    /// On the database in `folder`, if there is one.
    pub async fn start_in(folder: TempDir) -> Self {
        let database = database::url(folder.path());
        let mut server = Self::start_with(&[(&DATABASE, &database)], Overrides::default()).await;
        server.folder = Some(folder);
        api::act_as_administrator(server.address).await;
        server
    }

    /// On a store that the test brings.
    pub async fn start_on(store: Arc<dyn Store>) -> Self {
        Self::start_in_memory(&[], Overrides { store: Some(store), ..Overrides::default() }).await
    }

    /// In memory, with a task service that the test brings.
    pub async fn start_with_tasks(tasks: Arc<dyn TaskService>) -> Self {
        Self::start_in_memory(&[], Overrides { tasks: Some(tasks), ..Overrides::default() }).await
    }

    /// In memory, with these settings.
    pub async fn start_configured(settings: &[(&'static Setting, &str)]) -> Self {
        Self::start_in_memory(settings, Overrides::default()).await
    }

    async fn start_in_memory(settings: &[(&'static Setting, &str)], overrides: Overrides) -> Self {
        let server = Self::start_with(&[&IN_MEMORY, settings].concat(), overrides).await;
        api::act_as_administrator(server.address).await;
        server
    }

    /// With clock, mailer and hashing for tests, whatever the overrides say of these.
    async fn start_with(settings: &[(&'static Setting, &str)], overrides: Overrides) -> Self {
        let mailer = Arc::new(RecordingMailer::new());
        let overrides = Overrides { mailer: Some(mailer.clone()), ..overrides };
        Self::launch(configuration(settings), mailer, overrides).await
    }

    /// `mailer` is for the test alone, unless it is among the overrides.
    async fn launch(config: Config, mailer: Arc<RecordingMailer>, overrides: Overrides) -> Self {
        let clock = Arc::new(FixedClock::new());
        let overrides =
            Overrides { clock: Some(clock.clone()), hash_cost: Some(Argon2Cost::CHEAPEST), ..overrides };
        let application = Application::build_with(config, overrides).await.expect("a server that starts");
        let address = application.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(application.run_until(async move {
            // Also when the sender is dropped with the test.
            let _ = stopped.await;
        }));
        // The address may have been another server's.
        http::act_as(address, None);
        Self { address, clock, mailer, folder: None, stop: Some(stop), running }
    }

    /// Where its database is.
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().expect("a server on a database of its own").path()
    }

    /// The token in the next mail to this address that no earlier call has returned.
    pub async fn next_token(&self, address: &str) -> String {
        timeout(PATIENCE, self.mailer.next_token_for(address)).await.expect("a mail with a token")
    }

    /// The newest mail to this address that says what is wanted.
    pub async fn mail(&self, address: &str, wanted: fn(&MailMessage) -> bool) -> Mail {
        timeout(PATIENCE, self.mailer.wait_for(address, wanted)).await.expect("such a mail")
    }

    /// Moves the server's clock.
    pub fn advance_minutes(&self, minutes: u32) {
        self.clock.advance(chrono::Duration::minutes(i64::from(minutes)));
    }

    /// Stops it as SIGTERM would, and returns the folder of its database.
    pub async fn stop(mut self) -> TempDir {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.ended().await.expect("a clean stop");
        self.folder.expect("a server on a database of its own")
    }

    /// Waits until it has stopped by itself.
    pub async fn ended(&mut self) -> Result<(), RunError> {
        timeout(PATIENCE, &mut self.running)
            .await
            .expect("a server that stops")
            .expect("a server that does not panic")
    }
}

/// The configuration of a server on a free port, with these settings.
fn configuration(settings: &[(&'static Setting, &str)]) -> Config {
    // One mail after the other: when a later one is there, the turn of the earlier ones is over.
    let flags = [&[(&BIND, "127.0.0.1:0"), (&MAIL_WORKERS, "1")], settings].concat();
    let flags = flags.into_iter().map(|(setting, value)| (setting, value.to_owned()));
    let settings = Settings::resolve(flags, &ConfigFile::Optional("none.toml".into()), [("", ""); 0]);
    Config::from_settings(&settings).expect("a valid configuration")
}

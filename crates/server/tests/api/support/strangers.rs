//! The routes for strangers: mounted as production will mount them, where nobody is an administrator by being near.
//!
//! The server itself cannot show this yet, because its production profile refuses to start without sign-in.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
};
use denizen_handlers::{HandlerSettings, Services};
use denizen_models::CreateUserRequest;
use denizen_services::{
    AccessContext, MailWorker, UserService as _,
    defaults::{
        DefaultHealthService, DefaultMathService, DefaultMessageService, DefaultTaskService,
        DefaultUserService, Disclosure, MessageLimits, Ports, ServiceSettings,
    },
    memory::InMemoryStore,
};
use denizen_testkit::{FixedClock, InsecureTestHasher, RecordingMailer, SeededTokens};
use tokio::runtime::Handle;

/// A server for strangers with one user, alice, in its store. It stops when it is dropped.
pub struct StrangersServer {
    pub address: SocketAddr,
    pub mailer: Arc<RecordingMailer>,
    worker: MailWorker,
    handle: ServerHandle,
}

impl StrangersServer {
    pub async fn start() -> Self {
        Self::start_with(HandlerSettings::default()).await
    }

    /// With other settings.
    pub async fn start_with(handlers: HandlerSettings) -> Self {
        let ports = Ports {
            store: Arc::new(InMemoryStore::new()),
            clock: Arc::new(FixedClock::new()),
            tokens: Arc::new(SeededTokens::new(1)),
            hasher: Arc::new(InsecureTestHasher::new()),
        };
        let settings = ServiceSettings { disclosure: Disclosure::Uniform, ..ServiceSettings::default() };
        let users = DefaultUserService::new(ports.clone(), settings.clone());
        let alice = CreateUserRequest {
            username: "alice".to_owned(),
            email: "alice@example.com".to_owned(),
            first_name: "Alice".to_owned(),
            last_name: "Johnson".to_owned(),
            ..CreateUserRequest::default()
        };
        users.create_user(&AccessContext::system(), alice).await.expect("a user");
        let mailer = Arc::new(RecordingMailer::new());
        let worker = MailWorker::new(ports.clone(), settings, mailer.clone());
        let Ports { store, clock, tokens, .. } = ports;
        let tasks = DefaultTaskService::new(Handle::current(), Arc::clone(&clock), Arc::clone(&tokens));
        let limits = MessageLimits::default();
        let messages = DefaultMessageService::new(store.as_ref(), Arc::clone(&clock), limits);
        let services = Services {
            users: Arc::new(users),
            messages: Arc::new(messages),
            math: Arc::new(DefaultMathService::new(Arc::clone(&clock))),
            tasks: Arc::new(tasks),
            health: Arc::new(DefaultHealthService::new(store, || true)),
            clock,
            tokens,
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = serve(services, handlers, listener);
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, mailer, worker, handle }
    }

    /// Delivers every mail that is due.
    pub async fn deliver_mail(&self) {
        self.worker.deliver_now().await.expect("a store that works");
    }
}

fn serve(services: Services, handlers: HandlerSettings, listener: TcpListener) -> Server {
    let app = move || App::new().configure(denizen_handlers::configure(services.clone(), handlers.clone()));
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener);
    server.expect("a listener").run()
}

impl Drop for StrangersServer {
    fn drop(&mut self) {
        // The command is sent at once; only its completion would have to be waited for.
        drop(self.handle.stop(false));
    }
}

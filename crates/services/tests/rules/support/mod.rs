//! A world to try the rules in: every port is a stand-in, and time moves when a test says so.

mod accounts;
mod interruptions;
pub mod log;
mod requests;
mod store;
mod tokens;
mod verbs;

use std::sync::Arc;

use denizen_models::PasswordPolicy;
use denizen_services::store::WriteStore as _;
use denizen_services::{
    AccountService, AuthService, Disclosure, Limits, MailWorker, Ports, RegistrationMode, ServiceSettings,
    UserService, store::Store,
};
use denizen_storage_memory::InMemoryStore;
use denizen_testkit::{CountingStore, FixedClock, InsecureTestHasher, RecordingMailer};

pub use self::{
    accounts::Entered,
    interruptions::InterruptedMailer,
    requests::{
        NEW_PASSWORD, OLD_PASSWORD, address_of, administrator, choices, failing_members, from, member,
        new_user, replacement, stranger,
    },
};
use self::{store::InterruptedStore, tokens::RecordedTokens};

/// The defaults, in a hurry: nobody is told to wait.
fn settings() -> ServiceSettings {
    ServiceSettings { limits: Limits::GENEROUS, ..ServiceSettings::default() }
}

/// Services and worker of one process, on a store that other processes may share ([`World::rival`]).
#[derive(Clone)]
pub struct World {
    pub accounts: AccountService,
    pub users: Arc<dyn UserService>,
    pub auth: Arc<dyn AuthService>,
    pub worker: Arc<MailWorker>,
    /// Counts what this process asks of the store.
    pub store: Arc<CountingStore>,
    pub clock: Arc<FixedClock>,
    pub hasher: Arc<InsecureTestHasher>,
    pub tokens: Arc<RecordedTokens>,
    pub mailer: Arc<RecordingMailer>,
    sending: Arc<InterruptedMailer>,
    interrupted: Arc<InterruptedStore>,
    settings: ServiceSettings,
}

impl World {
    /// An empty world in which nothing is told to strangers.
    pub fn new() -> Self {
        Self::with(settings())
    }

    /// An empty world in which strangers may sign up.
    pub fn open(disclosure: Disclosure) -> Self {
        Self::with(ServiceSettings { disclosure, registration: RegistrationMode::Open, ..settings() })
    }

    /// An empty world in which whoever is given no password is invited.
    pub fn inviting() -> Self {
        Self::with(ServiceSettings { registration: RegistrationMode::Invite, ..settings() })
    }

    /// An empty world in which this many mails for strangers may wait.
    pub fn with_room_for(mail_capacity: u32) -> Self {
        Self::with(ServiceSettings { mail_capacity, ..settings() })
    }

    /// An empty world with passwords of at least this many characters.
    pub fn with_passwords_of(min_chars: usize) -> Self {
        let password_policy = PasswordPolicy { min_chars, ..PasswordPolicy::default() };
        Self::with(ServiceSettings { password_policy, ..settings() })
    }

    /// An empty world with settings of its own.
    pub fn with(settings: ServiceSettings) -> Self {
        let mailer = Arc::new(RecordingMailer::new());
        Self::assemble(
            Arc::new(InMemoryStore::new()),
            Arc::new(FixedClock::new()),
            Arc::new(InsecureTestHasher::new()),
            Arc::new(RecordedTokens::new()),
            Arc::new(InterruptedMailer::new(mailer)),
            settings,
        )
    }

    /// The same world as another process sees it: same store, clock and post, but services and worker of its own.
    pub fn rival(&self) -> Self {
        self.rival_with(self.settings.clone())
    }

    /// The same, with settings of its own.
    pub fn rival_with(&self, settings: ServiceSettings) -> Self {
        Self::assemble(
            self.interrupted.inner(),
            self.clock.clone(),
            self.hasher.clone(),
            self.tokens.clone(),
            self.sending.clone(),
            settings,
        )
    }

    fn assemble(
        shared: Arc<dyn Store>,
        clock: Arc<FixedClock>,
        hasher: Arc<InsecureTestHasher>,
        tokens: Arc<RecordedTokens>,
        sending: Arc<InterruptedMailer>,
        settings: ServiceSettings,
    ) -> Self {
        let interrupted = Arc::new(InterruptedStore::new(shared));
        let store = Arc::new(CountingStore::new(interrupted.clone()));
        let ports = Ports {
            store: store.clone(),
            clock: clock.clone(),
            tokens: tokens.clone(),
            hasher: hasher.clone(),
        };
        let worker = Arc::new(MailWorker::new(ports.clone(), settings.clone(), sending.clone()));
        store.observe(worker.observer());
        let accounts = AccountService::new(ports, settings.clone());
        Self {
            users: Arc::new(accounts.clone()),
            auth: Arc::new(accounts.clone()),
            accounts,
            worker,
            store,
            clock,
            hasher,
            tokens,
            mailer: sending.record(),
            sending,
            interrupted,
            settings,
        }
    }
}

//! A server in production whose requests are watched: what is answered, and what the answer costs.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
};

use async_trait::async_trait;
use denizen_hashing::{Argon2Cost, Argon2Hasher};
use denizen_models::{CreateUserRequest, Password};
use denizen_server::{
    Overrides,
    config::{REGISTRATION, Setting},
};
use denizen_services::{
    CostlyWork, HashError, Network, OsTokenSource, PasswordHash, PasswordHasher, Verdict, store::StoreFailure,
};
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use denizen_testkit::{Call, HookedStore, StoreHook};
use tempfile::TempDir;

use super::{
    TestServer,
    account::verify_email,
    api::login,
    http::{Connection, Request},
    production::{PASSWORD, create, person},
};

/// The names of those whom a watched server knows: one who can sign in, one who is switched off, one whose address was
/// never verified, and one who has no password yet. The address is that of [`person`].
pub const KNOWN: [&str; 4] = ["familiar", "disabled", "unproven", "newcomer"];
/// The name of nobody, as long as the others.
pub const UNKNOWN: &str = "stranger";

/// What the threads that serve HTTP ask of the store, in their order, with the changes of each unit. The mail worker
/// and the housekeeper run on the thread of the test, and are none of a caller's business.
struct StoreCalls {
    of_the_test: ThreadId,
    calls: Mutex<Vec<String>>,
}

impl Default for StoreCalls {
    fn default() -> Self {
        Self { of_the_test: thread::current().id(), calls: Mutex::default() }
    }
}

#[async_trait]
impl StoreHook for StoreCalls {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure> {
        if thread::current().id() != self.of_the_test {
            let mut words = vec![call.method.to_owned()];
            for change in call.units.iter().flat_map(|unit| unit.changes()) {
                let change = format!("{change:?}");
                let name: String = change.chars().take_while(char::is_ascii_alphanumeric).collect();
                words.push(name);
            }
            locked(&self.calls).push(words.join(" "));
        }
        Ok(())
    }
}

/// The real hasher at its cheapest. It keeps what it is asked for; to compare with somebody's hash and with nobody's is
/// the same work.
struct HasherCalls {
    inner: Argon2Hasher,
    calls: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl PasswordHasher for HasherCalls {
    async fn hash(&self, network: Network, password: Password) -> Result<PasswordHash, HashError> {
        locked(&self.calls).push("hash");
        self.inner.hash(network, password).await
    }

    async fn verify(
        &self,
        network: Network,
        password: Password,
        hash: PasswordHash,
    ) -> Result<Verdict, HashError> {
        locked(&self.calls).push("compare");
        self.inner.verify(network, password, hash).await
    }

    async fn verify_dummy(
        &self,
        network: Network,
        password: Password,
        scheme: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        locked(&self.calls).push("compare");
        self.inner.verify_dummy(network, password, scheme).await
    }

    async fn run(&self, network: Network, work: CostlyWork) -> Result<(), HashError> {
        locked(&self.calls).push("run");
        self.inner.run(network, work).await
    }
}

fn locked<T>(calls: &Mutex<T>) -> MutexGuard<'_, T> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A request, and whom it is about, in the words that are sent.
#[derive(Clone)]
pub struct Asked {
    pub about: String,
    pub request: Request,
}

/// What a stranger sees of a request, and what it cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    pub answer: Answer,
    /// What was asked of the store, in its order: a method and the changes of its units.
    pub store: Vec<String>,
    /// What was asked of the hasher: `hash`, `compare` or `run`.
    pub hasher: Vec<&'static str>,
}

/// All bytes of an answer but the date, the request's id, what the caller has typed, and the order of the headers, which is
/// that of a hash map whose seed was drawn before anybody asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status_line: String,
    pub headers: Vec<String>,
    pub body: String,
}

impl Answer {
    fn read(bytes: Vec<u8>, typed: &str) -> Self {
        let text = String::from_utf8(bytes).expect("an answer in UTF-8");
        let (head, body) =
            text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no end of the head: {text}"));
        let mut lines = head.split("\r\n").map(str::to_owned);
        let status_line = lines.next().expect("a status line");
        let mut headers: Vec<String> = lines.collect();
        let mut taken_out = |name: &str| {
            let named =
                |line: &String| line.split_once(": ").is_some_and(|(it, _)| it.eq_ignore_ascii_case(name));
            let at = headers.iter().position(named).unwrap_or_else(|| panic!("no {name}: {head}"));
            headers[at].split_off(name.len() + ": ".len())
        };
        taken_out("Date");
        let id = taken_out("X-Request-ID");
        headers.sort();
        assert_eq!(body.matches(&id).count(), 1, "the body names its request: {body}");
        Self { status_line, headers, body: body.replace(&id, "…").replace(typed, "…") }
    }

    pub fn status(&self) -> u16 {
        let code = self.status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        code.unwrap_or_else(|| panic!("no status: {}", self.status_line))
    }

    /// In seconds.
    pub fn retry_after(&self) -> Option<u64> {
        let mut headers = self.headers.iter().filter_map(|line| line.split_once(": "));
        let (_, seconds) = headers.find(|(name, _)| name.eq_ignore_ascii_case("Retry-After"))?;
        Some(seconds.parse().expect("a number of seconds"))
    }
}

/// A server in production where registration is open and [everybody](KNOWN) is known to nobody.
pub struct Watched {
    pub server: TestServer,
    store: Arc<HookedStore<StoreCalls>>,
    hasher: Arc<HasherCalls>,
}

impl Watched {
    pub async fn start(settings: &[(&'static Setting, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let [familiar, disabled, unproven, newcomer] = KNOWN.map(person);
        for user in [
            familiar,
            CreateUserRequest { active: Some(false), ..disabled },
            CreateUserRequest { email_verified: Some(false), ..unproven },
            CreateUserRequest { password: None, ..newcomer },
        ] {
            create(folder.path(), user).await;
        }
        let inner = SqliteStore::open(SqliteOptions::new(folder.path().join("denizen.db")));
        let store = Arc::new(HookedStore::<StoreCalls>::new(Arc::new(inner.expect("a database"))));
        let inner =
            Argon2Hasher::start(Argon2Cost::CHEAPEST, 1, 1, Arc::new(OsTokenSource)).expect("a thread");
        let hasher = Arc::new(HasherCalls { inner, calls: Mutex::default() });
        let overrides =
            Overrides { store: Some(store.clone()), hasher: Some(hasher.clone()), ..Overrides::default() };
        let settings = [&[(&REGISTRATION, "open")], settings].concat();
        let server = TestServer::start_in_production_with(folder, &settings, overrides).await;
        // Of each service, the first request that is limited asks for the key of all limits.
        verify_email(server.address, "no token").await.refused(400, "EMAIL_VERIFICATION_FAILED");
        login(server.address, "nobody", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
        // By then, what they took from the limits is given back.
        server.advance_minutes(1);
        let watched = Self { server, store, hasher };
        watched.cost();
        watched
    }

    /// Sends the request on a connection of its own.
    pub async fn observe(&self, asked: &Asked) -> Observed {
        let at = self.server.address;
        let mut connection = Connection::open(at).await.expect("a connection");
        let request = asked.request.clone().anonymous().header("Connection", "close");
        connection.write(&request.bytes(at)).await.expect("a server that reads");
        let answer = Answer::read(connection.read_to_end().await.expect("an answer"), &asked.about);
        let (store, hasher) = self.cost();
        Observed { answer, store, hasher }
    }

    /// What was asked for since the last time.
    fn cost(&self) -> (Vec<String>, Vec<&'static str>) {
        (mem::take(&mut locked(&self.store.hook.calls)), mem::take(&mut locked(&self.hasher.calls)))
    }
}

//! A store in front of which something may happen.

use std::{slice, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId, Username};
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{
        AuditQuery, AuditRecord, CommitError, CommitObserver, Committed, Credentials, KeyTouch, Lease,
        LeasedMail, MailCounts, MailKind, MailOutcome, MailQuery, MailQueue, PageRequest, PasswordScheme,
        QueuedMail, ReadStore, Registration, SecretName, Secrets, ServiceKey, ServiceSecret, Session,
        SessionId, SessionTouch, SessionTouches, SessionValidity, Store, StoreFailure, StoredToken,
        UnitOfWork, UserFilter, UserPage, WriteStore,
    },
};

/// Which of the five traits of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// [`ReadStore`].
    ReadStore,
    /// [`WriteStore`].
    WriteStore,
    /// [`MailQueue`].
    MailQueue,
    /// [`SessionTouches`].
    SessionTouches,
    /// [`Secrets`].
    Secrets,
}

/// What is asked of a store.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The trait to which the method belongs.
    pub port: Port,
    /// The name of the method.
    pub method: &'static str,
    /// The units that are to be committed, if any.
    pub units: &'a [UnitOfWork],
}

impl Call<'_> {
    /// Whether the store has to write for it. A ping asks whether it could.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.port != Port::ReadStore || self.method == "ping"
    }
}

/// What happens in front of a [`HookedStore`].
#[async_trait]
pub trait StoreHook: Send + Sync {
    /// Called before `call` is passed on, with all calls that can fail.
    ///
    /// # Errors
    /// Whatever the caller is to be told; nothing is passed on then. Of a batch, every unit is answered with it.
    async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure>;

    /// Called when `call` has been answered, before the caller gets the answer of [`ReadStore`].
    async fn after(&self, _call: Call<'_>) {}

    /// The answer to [`WriteStore::failed`].
    async fn failed(&self, store: &dyn Store) -> StoreFailure {
        store.failed().await
    }
}

/// Passes every call on to another store, after the hook had its say: the only place that knows every method.
///
/// ```
/// use std::sync::Arc;
/// use async_trait::async_trait;
/// use denizen_storage_memory::InMemoryStore;
/// use denizen_services::store::{CommitError, ReadStore as _, StoreFailure, UnitOfWork, WriteStore as _};
/// use denizen_testkit::{Call, HookedStore, StoreHook};
///
/// /// Somebody holds the lock of the database.
/// #[derive(Default)]
/// struct Locked;
///
/// #[async_trait]
/// impl StoreHook for Locked {
///     async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure> {
///         if call.writes() { Err(StoreFailure::Busy("locked".into())) } else { Ok(()) }
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = HookedStore::<Locked>::new(Arc::new(InMemoryStore::new()));
/// assert_eq!(store.count_users(&Default::default()).await, Ok(0));
/// assert!(matches!(store.commit(UnitOfWork::new()).await, Err(CommitError::Failed(StoreFailure::Busy(_)))));
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct HookedStore<H> {
    inner: Arc<dyn Store>,
    /// What happens in front of it.
    pub hook: H,
}

impl<H: Default> HookedStore<H> {
    /// Puts a new hook before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, hook: H::default() }
    }
}

impl<H> HookedStore<H> {
    /// The store behind the hook.
    #[must_use]
    pub fn inner(&self) -> Arc<dyn Store> {
        self.inner.clone()
    }
}

/// The methods that are [asked](StoreHook::before) for.
pub(crate) fn is_method(name: &str) -> bool {
    ["commit", "commit_batch"].contains(&name) || DELEGATED.contains(&name)
}

/// Implements the ports for a [`HookedStore`]. It names every method once: a method that is missing does not compile.
macro_rules! delegate {
    ($($port:ident { $($method:ident($($name:ident: $argument:ty),*) -> $answer:ty;)* })*) => {
        const DELEGATED: &[&str] = &[$($(stringify!($method)),*),*];

        $(
            #[async_trait]
            impl<H: StoreHook> $port for HookedStore<H> {
                $(
                    async fn $method(&self, $($name: $argument),*) -> Result<$answer, StoreFailure> {
                        let call = Call { port: Port::$port, method: stringify!($method), units: &[] };
                        self.hook.before(call).await?;
                        let answer = self.inner.$method($($name),*).await;
                        self.hook.after(call).await;
                        answer
                    }
                )*
            }
        )*
    };
}

delegate! {
    ReadStore {
        find_user(id: UserId) -> Option<User>;
        find_user_by_username(username: &Username) -> Option<User>;
        find_user_by_email(email: &EmailAddress) -> Option<User>;
        find_credentials(user: UserId) -> Option<Credentials>;
        list_password_schemes() -> Vec<PasswordScheme>;
        list_sample_passwords() -> Vec<User>;
        list_users(filter: &UserFilter, page: &PageRequest) -> UserPage;
        count_users(filter: &UserFilter) -> u64;
        find_token(purpose: TokenPurpose, hash: &TokenHash) -> Option<StoredToken>;
        list_tokens(user: UserId) -> Vec<(TokenPurpose, StoredToken)>;
        find_session(token: &TokenHash) -> Option<Session>;
        find_session_by_id(id: SessionId) -> Option<Session>;
        list_sessions(user: UserId) -> Vec<Session>;
        list_ended_sessions(sessions: &[SessionId], validity: SessionValidity) -> Vec<SessionId>;
        find_key(hash: &TokenHash) -> Option<ServiceKey>;
        list_keys() -> Vec<ServiceKey>;
        find_registration(token: &TokenHash) -> Option<Registration>;
        list_audit_records(query: &AuditQuery) -> Vec<AuditRecord>;
        find_earliest_audit_time() -> Option<DateTime<Utc>>;
        list_mail_jobs(query: &MailQuery) -> Vec<QueuedMail>;
        list_mail_jobs_for(user: UserId, address: &str) -> Vec<QueuedMail>;
        count_mail_jobs(now: DateTime<Utc>, limit: usize) -> MailCounts;
        ping() -> ();
    }
    MailQueue {
        lease_mail(lease_id: i64, now: DateTime<Utc>, until: DateTime<Utc>, room: &[(MailKind, usize)]) -> Vec<LeasedMail>;
        finish_mail(lease: Lease, outcome: MailOutcome) -> bool;
    }
    SessionTouches {
        touch_sessions(touches: Vec<SessionTouch>) -> ();
        touch_keys(touches: Vec<KeyTouch>) -> ();
    }
    Secrets {
        keep_secret(name: SecretName, candidate: ServiceSecret) -> ServiceSecret;
    }
}

#[async_trait]
impl<H: StoreHook> WriteStore for HookedStore<H> {
    async fn commit(&self, work: UnitOfWork) -> Result<Committed, CommitError> {
        let call = Call { port: Port::WriteStore, method: "commit", units: slice::from_ref(&work) };
        self.hook.before(call).await?;
        self.inner.commit(work).await
    }

    async fn commit_batch(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, CommitError>> {
        let call = Call { port: Port::WriteStore, method: "commit_batch", units: &units };
        match self.hook.before(call).await {
            Ok(()) => self.inner.commit_batch(units).await,
            Err(error) => units.iter().map(|_| Err(error.clone().into())).collect(),
        }
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.inner.observe(observer);
    }

    async fn failed(&self) -> StoreFailure {
        self.hook.failed(&*self.inner).await
    }
}

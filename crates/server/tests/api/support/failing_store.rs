//! A store in memory that stops writing when told to.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId, Username};
use denizen_services::{
    TokenHash, TokenPurpose,
    memory::InMemoryStore,
    store::{
        AuditEvent, CommitObserver, Committed, Credentials, Lease, LeasedMail, MailOutcome, MailQueue,
        PageRequest, QueuedMail, Reads, SecretName, Secrets, ServiceSecret, Session, SessionTouch,
        SessionTouches, StoreError, StoredToken, UnitOfWork, Units, UserFilter, UserPage,
    },
};
use std::sync::Arc;
use tokio::sync::watch;

/// Why nothing is written: what only the log may say.
pub const CAUSE: &str = "the disk /dev/secret is on fire";

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Health {
    Well,
    /// Reads go on; commits and pings fail.
    Failing,
    /// The same, and `failed` has said so.
    Failed,
}

/// Well until told otherwise.
pub struct FailingStore {
    inner: InMemoryStore,
    health: watch::Sender<Health>,
}

impl FailingStore {
    pub fn new() -> Self {
        Self { inner: InMemoryStore::new(), health: watch::Sender::new(Health::Well) }
    }

    /// From now on commits and pings fail.
    pub fn stop_writing(&self) {
        self.health.send_replace(Health::Failing);
    }

    /// And now the store says that it will not get well by itself.
    pub fn give_up(&self) {
        self.health.send_replace(Health::Failed);
    }

    fn write(&self) -> Result<&InMemoryStore, StoreError> {
        if *self.health.borrow() == Health::Well { Ok(&self.inner) } else { Err(on_fire()) }
    }
}

fn on_fire() -> StoreError {
    StoreError::Unavailable(CAUSE.to_owned())
}

#[async_trait]
impl Units for FailingStore {
    async fn commit(&self, work: UnitOfWork) -> Result<Committed, StoreError> {
        self.write()?.commit(work).await
    }

    async fn commit_batch(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, StoreError>> {
        match self.write() {
            Ok(store) => store.commit_batch(units).await,
            Err(error) => units.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.inner.observe(observer);
    }

    async fn failed(&self) -> StoreError {
        // The sender lives as long as the store, so there is no other end to this wait.
        let _ = self.health.subscribe().wait_for(|health| *health == Health::Failed).await;
        on_fire()
    }
}

#[async_trait]
impl MailQueue for FailingStore {
    async fn lease_mail(
        &self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<LeasedMail>, StoreError> {
        self.write()?.lease_mail(lease_id, now, until, limit).await
    }

    async fn finish_mail(&self, lease: Lease, outcome: MailOutcome) -> Result<bool, StoreError> {
        self.write()?.finish_mail(lease, outcome).await
    }
}

#[async_trait]
impl Secrets for FailingStore {
    async fn keep_secret(
        &self,
        name: SecretName,
        candidate: ServiceSecret,
    ) -> Result<ServiceSecret, StoreError> {
        self.write()?.keep_secret(name, candidate).await
    }
}

#[async_trait]
impl SessionTouches for FailingStore {
    async fn touch_sessions(&self, touches: Vec<SessionTouch>) -> Result<(), StoreError> {
        self.write()?.touch_sessions(touches).await
    }
}

#[async_trait]
impl Reads for FailingStore {
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.inner.find_user(id).await
    }

    async fn find_user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        self.inner.find_user_by_username(username).await
    }

    async fn find_user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        self.inner.find_user_by_email(email).await
    }

    async fn find_credentials(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        self.inner.find_credentials(user).await
    }

    async fn list_users(&self, filter: &UserFilter, page: &PageRequest) -> Result<UserPage, StoreError> {
        self.inner.list_users(filter, page).await
    }

    async fn count_users(&self, filter: &UserFilter) -> Result<u64, StoreError> {
        self.inner.count_users(filter).await
    }

    async fn find_token(
        &self,
        purpose: TokenPurpose,
        hash: &TokenHash,
    ) -> Result<Option<StoredToken>, StoreError> {
        self.inner.find_token(purpose, hash).await
    }

    async fn find_session(&self, token: &TokenHash) -> Result<Option<Session>, StoreError> {
        self.inner.find_session(token).await
    }

    async fn list_audit_events(&self, limit: usize) -> Result<Vec<AuditEvent<UserId>>, StoreError> {
        self.inner.list_audit_events(limit).await
    }

    async fn list_mail_jobs(&self, limit: usize) -> Result<Vec<QueuedMail>, StoreError> {
        self.inner.list_mail_jobs(limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.write()?.ping().await
    }
}

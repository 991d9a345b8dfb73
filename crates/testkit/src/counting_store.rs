//! A store that counts what is asked of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId, Username};
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{
        AuditEvent, CommitObserver, Committed, Credentials, Lease, LeasedMail, MailOutcome, MailQueue,
        PageRequest, QueuedMail, Reads, SecretName, Secrets, ServiceSecret, Session, SessionTouch,
        SessionTouches, Store, StoreError, StoredToken, UnitOfWork, Units, UserFilter, UserPage,
    },
};

/// The methods that tell something about users, or whether there are any.
const USER_READS: [&str; 6] = [
    "count_users",
    "find_credentials",
    "find_user",
    "find_user_by_email",
    "find_user_by_username",
    "list_users",
];

/// The other methods that are counted.
const OTHERS: [&str; 11] = [
    "commit",
    "commit_batch",
    "find_session",
    "find_token",
    "finish_mail",
    "keep_secret",
    "lease_mail",
    "list_audit_events",
    "list_mail_jobs",
    "ping",
    "touch_sessions",
];

/// Passes every call on to another store, and counts it under the name of the method.
///
/// The proof that a request path never looks at users is `assert_eq!(store.user_reads(), 0)`.
pub struct CountingStore {
    inner: Arc<dyn Store>,
    calls: Mutex<BTreeMap<&'static str, u64>>,
}

impl CountingStore {
    /// Counts the calls to `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, calls: Mutex::default() }
    }

    /// How often each method was called; without those that never were.
    #[must_use]
    pub fn all_calls(&self) -> BTreeMap<&'static str, u64> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often `method` was called.
    ///
    /// # Panics
    /// There is no such method: a count of zero would prove nothing then.
    #[must_use]
    pub fn calls(&self, method: &str) -> u64 {
        assert!(USER_READS.contains(&method) || OTHERS.contains(&method), "no method of a store: {method}");
        self.all_calls().get(method).copied().unwrap_or(0)
    }

    /// How often anything was read about users.
    #[must_use]
    pub fn user_reads(&self) -> u64 {
        USER_READS.iter().map(|method| self.calls(method)).sum()
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn count(&self, method: &'static str) -> &dyn Store {
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(method).or_default() += 1;
        &*self.inner
    }
}

#[async_trait]
impl Reads for CountingStore {
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.count("find_user").find_user(id).await
    }

    async fn find_user_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        self.count("find_user_by_username").find_user_by_username(username).await
    }

    async fn find_user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StoreError> {
        self.count("find_user_by_email").find_user_by_email(email).await
    }

    async fn find_credentials(&self, user: UserId) -> Result<Option<Credentials>, StoreError> {
        self.count("find_credentials").find_credentials(user).await
    }

    async fn list_users(&self, filter: &UserFilter, page: &PageRequest) -> Result<UserPage, StoreError> {
        self.count("list_users").list_users(filter, page).await
    }

    async fn count_users(&self, filter: &UserFilter) -> Result<u64, StoreError> {
        self.count("count_users").count_users(filter).await
    }

    async fn find_token(
        &self,
        purpose: TokenPurpose,
        hash: &TokenHash,
    ) -> Result<Option<StoredToken>, StoreError> {
        self.count("find_token").find_token(purpose, hash).await
    }

    async fn find_session(&self, token: &TokenHash) -> Result<Option<Session>, StoreError> {
        self.count("find_session").find_session(token).await
    }

    async fn list_audit_events(&self, limit: usize) -> Result<Vec<AuditEvent<UserId>>, StoreError> {
        self.count("list_audit_events").list_audit_events(limit).await
    }

    async fn list_mail_jobs(&self, limit: usize) -> Result<Vec<QueuedMail>, StoreError> {
        self.count("list_mail_jobs").list_mail_jobs(limit).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.count("ping").ping().await
    }
}

#[async_trait]
impl Units for CountingStore {
    async fn commit(&self, work: UnitOfWork) -> Result<Committed, StoreError> {
        self.count("commit").commit(work).await
    }

    async fn commit_batch(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, StoreError>> {
        self.count("commit_batch").commit_batch(units).await
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.inner.observe(observer);
    }

    async fn failed(&self) -> StoreError {
        self.inner.failed().await
    }
}

#[async_trait]
impl MailQueue for CountingStore {
    async fn lease_mail(
        &self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<LeasedMail>, StoreError> {
        self.count("lease_mail").lease_mail(lease_id, now, until, limit).await
    }

    async fn finish_mail(&self, lease: Lease, outcome: MailOutcome) -> Result<bool, StoreError> {
        self.count("finish_mail").finish_mail(lease, outcome).await
    }
}

#[async_trait]
impl Secrets for CountingStore {
    async fn keep_secret(
        &self,
        name: SecretName,
        candidate: ServiceSecret,
    ) -> Result<ServiceSecret, StoreError> {
        self.count("keep_secret").keep_secret(name, candidate).await
    }
}

#[async_trait]
impl SessionTouches for CountingStore {
    async fn touch_sessions(&self, touches: Vec<SessionTouch>) -> Result<(), StoreError> {
        self.count("touch_sessions").touch_sessions(touches).await
    }
}

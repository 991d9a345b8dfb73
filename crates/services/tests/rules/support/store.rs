//! A store in front of which something may happen.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId, Username};
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{
        AuditEvent, Change, CommitObserver, Committed, Credentials, Lease, LeasedMail, MailOutcome,
        MailQueue, PageRequest, QueuedMail, Reads, SecretName, Secrets, ServiceSecret, Session, SessionTouch,
        SessionTouches, Store, StoreError, StoredToken, UnitOfWork, Units, UserFilter, UserPage,
    },
};

use super::interruptions::Interruptions;

/// Passes everything on to another store. What a test puts before a commit comes after everything that the service
/// has read and decided: the place of another process that was faster.
pub struct InterruptedStore {
    inner: Arc<dyn Store>,
    pub before_commit: Interruptions<StoreError>,
    pub before_lease: Interruptions<StoreError>,
}

impl InterruptedStore {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, before_commit: Interruptions::new(), before_lease: Interruptions::new() }
    }

    pub fn inner(&self) -> Arc<dyn Store> {
        self.inner.clone()
    }
}

#[async_trait]
impl Units for InterruptedStore {
    async fn commit(&self, work: UnitOfWork) -> Result<Committed, StoreError> {
        // To be counted comes before every decision.
        if !work.changes().iter().all(|change| matches!(change, Change::TakeFromBucket { .. })) {
            self.before_commit.next().await?;
        }
        self.inner.commit(work).await
    }

    async fn commit_batch(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, StoreError>> {
        self.inner.commit_batch(units).await
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.inner.observe(observer);
    }
}

#[async_trait]
impl MailQueue for InterruptedStore {
    async fn lease_mail(
        &self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Result<Vec<LeasedMail>, StoreError> {
        self.before_lease.next().await?;
        self.inner.lease_mail(lease_id, now, until, limit).await
    }

    async fn finish_mail(&self, lease: Lease, outcome: MailOutcome) -> Result<bool, StoreError> {
        self.inner.finish_mail(lease, outcome).await
    }
}

#[async_trait]
impl Secrets for InterruptedStore {
    async fn keep_secret(
        &self,
        name: SecretName,
        candidate: ServiceSecret,
    ) -> Result<ServiceSecret, StoreError> {
        self.inner.keep_secret(name, candidate).await
    }
}

#[async_trait]
impl SessionTouches for InterruptedStore {
    async fn touch_sessions(&self, touches: Vec<SessionTouch>) -> Result<(), StoreError> {
        self.inner.touch_sessions(touches).await
    }
}

#[async_trait]
impl Reads for InterruptedStore {
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
        self.inner.ping().await
    }
}

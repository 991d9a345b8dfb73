//! The ports, each method of which is a statement on some thread.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId, Username};
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{
        AuditQuery, AuditRecord, CommitError, CommitObserver, Committed, Credentials, KeyTouch, Lease,
        LeasedMail, MailCounts, MailKind, MailOutcome, MailQuery, MailQueue, PageRequest, PasswordScheme,
        QueuedMail, ReadStore, Registration, SecretName, Secrets, ServiceKey, ServiceSecret, Session,
        SessionId, SessionTouch, SessionTouches, SessionValidity, StoreFailure, StoredToken, UnitOfWork,
        UserFilter, UserPage, WriteStore,
    },
};

use crate::{
    SqliteStore, audit,
    engine::{
        disk::check,
        sql::{self, PROBE, find, params},
    },
    keys, list, mail_jobs, metrics, registrations, secrets, sessions, tokens, users,
};

#[async_trait]
impl WriteStore for SqliteStore {
    async fn commit(&self, work: UnitOfWork) -> Result<Committed, CommitError> {
        self.writer.commit(work).await
    }

    async fn commit_batch(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, CommitError>> {
        self.writer.commit_many(units).await
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.writer.observe(observer);
    }

    async fn failed(&self) -> StoreFailure {
        self.writer.ended().await
    }
}

#[async_trait]
impl MailQueue for SqliteStore {
    async fn lease_mail(
        &self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        room: &[(MailKind, usize)],
    ) -> Result<Vec<LeasedMail>, StoreFailure> {
        let room = room.to_vec();
        // Most of the time there is nothing, and an idle worker should keep nobody from writing.
        let due = self.readers.read(move |connection| mail_jobs::due(connection, now, until, &room)).await?;
        if due.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.run(move |connection| mail_jobs::lease(connection, lease_id, now, until, &due)).await
    }

    async fn finish_mail(&self, lease: Lease, outcome: MailOutcome) -> Result<bool, StoreFailure> {
        self.writer.run(move |connection| mail_jobs::finish(connection, lease, &outcome)).await
    }
}

#[async_trait]
impl SessionTouches for SqliteStore {
    async fn touch_sessions(&self, touches: Vec<SessionTouch>) -> Result<(), StoreFailure> {
        self.writer.run(move |connection| sessions::touch(connection, &touches)).await
    }

    async fn touch_keys(&self, touches: Vec<KeyTouch>) -> Result<(), StoreFailure> {
        self.writer.run(move |connection| keys::touch(connection, &touches)).await
    }
}

#[async_trait]
impl Secrets for SqliteStore {
    async fn keep_secret(
        &self,
        name: SecretName,
        candidate: ServiceSecret,
    ) -> Result<ServiceSecret, StoreFailure> {
        self.writer.run(move |connection| secrets::keep(connection, name, &candidate)).await
    }
}

#[async_trait]
impl ReadStore for SqliteStore {
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreFailure> {
        self.readers.find(users::FIND, id, users::read).await
    }

    async fn find_user_by_username(&self, username: &Username) -> Result<Option<User>, StoreFailure> {
        self.readers.find(users::FIND_BY_USERNAME, username.key().to_owned(), users::read).await
    }

    async fn find_user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StoreFailure> {
        self.readers.find(users::FIND_BY_EMAIL, email.key().to_owned(), users::read).await
    }

    async fn find_credentials(&self, user: UserId) -> Result<Option<Credentials>, StoreFailure> {
        self.readers.find(users::CREDENTIALS, user, users::read_credentials).await
    }

    async fn list_password_schemes(&self) -> Result<Vec<PasswordScheme>, StoreFailure> {
        self.readers.read(users::password_schemes).await
    }

    async fn list_sample_passwords(&self) -> Result<Vec<User>, StoreFailure> {
        self.readers.read(|connection| sql::list(connection, users::SAMPLE_PASSWORDS, [], users::read)).await
    }

    async fn list_users(&self, filter: &UserFilter, page: &PageRequest) -> Result<UserPage, StoreFailure> {
        let (filter, page) = (filter.clone(), page.clone());
        self.readers.read_long(move |connection| list::page(connection, &filter, &page)).await
    }

    async fn count_users(&self, filter: &UserFilter) -> Result<u64, StoreFailure> {
        let filter = filter.clone();
        self.readers.read_long(move |connection| list::count(connection, &filter)).await
    }

    async fn find_token(
        &self,
        purpose: TokenPurpose,
        hash: &TokenHash,
    ) -> Result<Option<StoredToken>, StoreFailure> {
        let hash = *hash;
        self.readers
            .read(move |connection| find(connection, tokens::FIND, params!(hash, purpose), tokens::read))
            .await
    }

    async fn list_tokens(&self, user: UserId) -> Result<Vec<(TokenPurpose, StoredToken)>, StoreFailure> {
        self.readers.read(move |connection| tokens::of_user(connection, user)).await
    }

    async fn find_session(&self, token: &TokenHash) -> Result<Option<Session>, StoreFailure> {
        self.readers.find(sessions::FIND, *token, sessions::read).await
    }

    async fn find_session_by_id(&self, id: SessionId) -> Result<Option<Session>, StoreFailure> {
        self.readers.find(sessions::FIND_BY_ID, id, sessions::read).await
    }

    async fn list_sessions(&self, user: UserId) -> Result<Vec<Session>, StoreFailure> {
        self.readers.read(move |connection| sessions::of_user(connection, user)).await
    }

    async fn list_ended_sessions(
        &self,
        sessions: &[SessionId],
        validity: SessionValidity,
    ) -> Result<Vec<SessionId>, StoreFailure> {
        let sessions = sessions.to_vec();
        self.readers.read(move |connection| sessions::ended(connection, &sessions, validity)).await
    }

    async fn find_key(&self, hash: &TokenHash) -> Result<Option<ServiceKey>, StoreFailure> {
        self.readers.find(keys::FIND, *hash, keys::read).await
    }

    async fn list_keys(&self) -> Result<Vec<ServiceKey>, StoreFailure> {
        self.readers.read(keys::oldest).await
    }

    async fn find_registration(&self, token: &TokenHash) -> Result<Option<Registration>, StoreFailure> {
        self.readers.find(registrations::FIND, *token, registrations::read).await
    }

    async fn find_earliest_audit_time(&self) -> Result<Option<DateTime<Utc>>, StoreFailure> {
        self.readers.read(audit::earliest).await
    }

    async fn list_audit_records(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreFailure> {
        let query = query.clone();
        self.readers.read_long(move |connection| audit::newest(connection, &query)).await
    }

    async fn list_mail_jobs(&self, query: &MailQuery) -> Result<Vec<QueuedMail>, StoreFailure> {
        let query = query.clone();
        self.readers.read_long(move |connection| mail_jobs::oldest(connection, &query)).await
    }

    async fn list_mail_jobs_for(&self, user: UserId, address: &str) -> Result<Vec<QueuedMail>, StoreFailure> {
        let address = address.to_owned();
        self.readers.read(move |connection| mail_jobs::for_user(connection, user, &address)).await
    }

    async fn count_mail_jobs(&self, now: DateTime<Utc>, limit: usize) -> Result<MailCounts, StoreFailure> {
        self.readers.read_long(move |connection| metrics::count_mail_jobs(connection, now, limit)).await
    }

    /// Writes a page and reads others, for real. The read comes second: what was written has emptied the reader's memory,
    /// so it goes to the files.
    async fn ping(&self) -> Result<(), StoreFailure> {
        if self.disk.is_damaged() {
            self.readers.read_long(check).await?;
            self.disk.is_sound();
        }
        // A field that nothing else uses. A row that stays as it was would not be written.
        self.writer.run(|connection| Ok(connection.pragma_update(None, "user_version", 0)?)).await?;
        self.readers.read(|connection| find(connection, PROBE, [], |_| Ok(()))).await?;
        self.disk.verdict()
    }
}

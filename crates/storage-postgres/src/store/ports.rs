//! The ports, each method of which is a statement on some connection.

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
use tokio_postgres::Row;

use crate::{
    audit,
    engine::{
        column::Encode,
        error::Failure,
        sql::{self, execute, find, params, statements},
    },
    keys, list, mail_jobs, metrics, registrations, secrets, sessions,
    store::PostgresStore,
    tokens, users,
};

statements! {
    /// The way to the first row of the tables that matter most.
    READ_PROBE = "SELECT (SELECT id FROM users ORDER BY id LIMIT 1), (SELECT id FROM sessions ORDER BY id LIMIT 1), \
         (SELECT id FROM mail_jobs ORDER BY id LIMIT 1), (SELECT id FROM audit ORDER BY id LIMIT 1)";
    WRITE_PROBE = "UPDATE probes SET writes = writes + 1 WHERE id = pg_backend_pid() % 16";
}

#[async_trait]
impl WriteStore for PostgresStore {
    async fn commit(&self, work: UnitOfWork) -> Result<Committed, CommitError> {
        self.units.commit(work).await
    }

    async fn commit_batch(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, CommitError>> {
        self.units.commit_batch(units).await
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        self.units.observe(observer);
    }
}

/// Runs something that is not a unit of work on a connection of its own, with copies of the values in brackets: it is run
/// again if the connection turns out to be lost, and does no harm if it had been carried out.
macro_rules! alone {
    ($store:expr, $session:ident, [$($value:ident),*] => $run:expr) => {
        $store
            .units
            .run(move |$session| {
                $(let $value = $value.clone();)*
                async move {
                    let result = $run.await;
                    ($session, result)
                }
            })
            .await
    };
}

#[async_trait]
impl MailQueue for PostgresStore {
    async fn lease_mail(
        &self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        room: &[(MailKind, usize)],
    ) -> Result<Vec<LeasedMail>, StoreFailure> {
        let room = room.to_vec();
        alone!(self, session, [room] => mail_jobs::lease(&session, lease_id, now, until, &room))
    }

    async fn finish_mail(&self, lease: Lease, outcome: MailOutcome) -> Result<bool, StoreFailure> {
        alone!(self, session, [outcome] => mail_jobs::finish(&session, lease, &outcome))
    }
}

#[async_trait]
impl SessionTouches for PostgresStore {
    async fn touch_sessions(&self, touches: Vec<SessionTouch>) -> Result<(), StoreFailure> {
        alone!(self, session, [touches] => sessions::touch(&session, &touches))
    }

    async fn touch_keys(&self, touches: Vec<KeyTouch>) -> Result<(), StoreFailure> {
        alone!(self, session, [touches] => keys::touch(&session, &touches))
    }
}

#[async_trait]
impl Secrets for PostgresStore {
    async fn keep_secret(
        &self,
        name: SecretName,
        candidate: ServiceSecret,
    ) -> Result<ServiceSecret, StoreFailure> {
        alone!(self, session, [candidate] => secrets::keep(&session, name, &candidate))
    }
}

impl PostgresStore {
    /// Reads the row that `sql`, which has one parameter, finds by this key.
    async fn find<T>(
        &self,
        sql: &'static str,
        (name, key): (&'static str, &(impl Encode + Sync + ?Sized)),
        read: fn(&Row) -> Result<T, Failure>,
    ) -> Result<Option<T>, StoreFailure> {
        self.lookups
            .read(|session| async move { find(&session, sql, &[(name, key.encode())], read).await })
            .await
    }
}

#[async_trait]
impl ReadStore for PostgresStore {
    async fn find_user(&self, id: UserId) -> Result<Option<User>, StoreFailure> {
        self.find(users::FIND, ("user", &id), users::read).await
    }

    async fn find_user_by_username(&self, username: &Username) -> Result<Option<User>, StoreFailure> {
        self.find(users::FIND_BY_USERNAME, ("username_key", username.key()), users::read).await
    }

    async fn find_user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StoreFailure> {
        self.find(users::FIND_BY_EMAIL, ("email_key", email.key()), users::read).await
    }

    async fn find_credentials(&self, user: UserId) -> Result<Option<Credentials>, StoreFailure> {
        self.find(users::CREDENTIALS, ("user", &user), users::read_credentials).await
    }

    async fn list_password_schemes(&self) -> Result<Vec<PasswordScheme>, StoreFailure> {
        self.lookups.read(|session| async move { users::password_schemes(&session).await }).await
    }

    async fn list_sample_passwords(&self) -> Result<Vec<User>, StoreFailure> {
        let read = |session: Arc<sql::Session>| async move {
            sql::list(&session, users::SAMPLE_PASSWORDS, &[], users::read).await
        };
        self.lookups.read(read).await
    }

    async fn list_users(&self, filter: &UserFilter, page: &PageRequest) -> Result<UserPage, StoreFailure> {
        self.lists.read(|session| async move { list::page(&session, filter, page).await }).await
    }

    async fn count_users(&self, filter: &UserFilter) -> Result<u64, StoreFailure> {
        self.lists.read(|session| async move { list::count(&session, filter).await }).await
    }

    async fn find_token(
        &self,
        purpose: TokenPurpose,
        hash: &TokenHash,
    ) -> Result<Option<StoredToken>, StoreFailure> {
        let read = |session: Arc<sql::Session>| async move {
            find(&session, tokens::FIND, params!(hash, purpose), tokens::read).await
        };
        self.lookups.read(read).await
    }

    async fn list_tokens(&self, user: UserId) -> Result<Vec<(TokenPurpose, StoredToken)>, StoreFailure> {
        self.lookups.read(|session| async move { tokens::of_user(&session, user).await }).await
    }

    async fn find_session(&self, token: &TokenHash) -> Result<Option<Session>, StoreFailure> {
        self.find(sessions::FIND, ("hash", token), sessions::read).await
    }

    async fn find_session_by_id(&self, id: SessionId) -> Result<Option<Session>, StoreFailure> {
        self.find(sessions::FIND_BY_ID, ("id", &id), sessions::read).await
    }

    async fn list_sessions(&self, user: UserId) -> Result<Vec<Session>, StoreFailure> {
        self.lookups.read(|session| async move { sessions::of_user(&session, user).await }).await
    }

    async fn list_ended_sessions(
        &self,
        sessions: &[SessionId],
        validity: SessionValidity,
    ) -> Result<Vec<SessionId>, StoreFailure> {
        self.lookups.read(|session| async move { sessions::ended(&session, sessions, validity).await }).await
    }

    async fn find_key(&self, hash: &TokenHash) -> Result<Option<ServiceKey>, StoreFailure> {
        self.find(keys::FIND, ("hash", hash), keys::read).await
    }

    async fn list_keys(&self) -> Result<Vec<ServiceKey>, StoreFailure> {
        self.lookups.read(|session| async move { keys::oldest(&session).await }).await
    }

    async fn find_registration(&self, token: &TokenHash) -> Result<Option<Registration>, StoreFailure> {
        self.find(registrations::FIND, ("token", token), registrations::read).await
    }

    async fn find_earliest_audit_time(&self) -> Result<Option<DateTime<Utc>>, StoreFailure> {
        self.lookups.read(|session| async move { audit::earliest(&session).await }).await
    }

    async fn list_audit_records(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreFailure> {
        self.lists.read(|session| async move { audit::newest(&session, query).await }).await
    }

    async fn list_mail_jobs(&self, query: &MailQuery) -> Result<Vec<QueuedMail>, StoreFailure> {
        self.lists.read(|session| async move { mail_jobs::oldest(&session, query).await }).await
    }

    async fn list_mail_jobs_for(&self, user: UserId, address: &str) -> Result<Vec<QueuedMail>, StoreFailure> {
        self.lookups.read(|session| async move { mail_jobs::for_user(&session, user, address).await }).await
    }

    async fn count_mail_jobs(&self, now: DateTime<Utc>, limit: usize) -> Result<MailCounts, StoreFailure> {
        self.lists.read(|session| async move { metrics::count_mail_jobs(&session, now, limit).await }).await
    }

    /// Writes a row and reads others, for real.
    async fn ping(&self) -> Result<(), StoreFailure> {
        alone!(self, session, [] => execute(&session, WRITE_PROBE, &[]))?;
        self.lookups
            .read(|session| async move { find(&session, READ_PROBE, &[], |_| Ok(())).await })
            .await
            .map(|_| ())
    }
}

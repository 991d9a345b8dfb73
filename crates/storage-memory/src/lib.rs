//! The store in memory: the model of what a store has to do, in the fewest lines.
//!
//! Everything is gone with the process, so it is for tests, demonstrations and for learning the ports. Looking up,
//! inserting and paging cost the logarithm of the number of rows; a search, a filter and the mail queue look at
//! every row, which the stores for production must not do.
//!
//! ```
//! use denizen_services::store::{CommitError, Precondition, ReadStore as _, StoreFailure, UnitOfWork, WriteStore as _};
//! use denizen_models::UserId;
//! use denizen_storage_memory::InMemoryStore;
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let store = InMemoryStore::new();
//! let work = UnitOfWork::new().delete_user(UserId::new(1), None);
//! assert_eq!(store.commit(work).await, Err(CommitError::PreconditionFailed(Precondition::User)));
//! assert_eq!(store.find_user(UserId::new(1)).await?, None);
//! # Ok::<(), StoreFailure>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it is built
//!
//! One mutex guards the `state`, which consists of `table`s that can take back what a failed unit did to them. A
//! second mutex is held from before a commit until its observers are told, which makes their order the commits'
//! order without keeping readers out meanwhile. Neither is ever held across an `.await`.

mod apply;
mod keys;
mod limits;
mod mail_jobs;
mod metrics;
mod purge;
mod reads;
mod registrations;
mod rows;
mod sessions;
mod state;
mod table;
mod tokens;
mod users;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use self::state::State;
use denizen_services::{
    lock,
    store::{
        CommitError, CommitObserver, Committed, KeyTouch, Lease, LeasedMail, MailKind, MailOutcome,
        MailQueue, SecretName, Secrets, ServiceSecret, SessionTouch, SessionTouches, StoreFailure,
        UnitOfWork, WriteStore, tell_observers,
    },
};

/// A store whose contents are gone with the process.
#[derive(Default)]
pub struct InMemoryStore {
    state: Mutex<State>,
    secrets: Mutex<BTreeMap<SecretName, ServiceSecret>>,
    /// Whoever holds this commits and tells the observers. Always taken before `state`.
    observers: Mutex<Vec<Arc<dyn CommitObserver>>>,
}

impl InMemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn commit_now(&self, work: &UnitOfWork) -> Result<Committed, CommitError> {
        let observers = lock(&self.observers);
        let committed = self.state().commit(work)?;
        tell_observers(&observers, work, &committed);
        Ok(committed)
    }
}

#[async_trait]
impl WriteStore for InMemoryStore {
    async fn commit(&self, work: UnitOfWork) -> Result<Committed, CommitError> {
        self.commit_now(&work)
    }

    async fn commit_batch(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, CommitError>> {
        units.iter().map(|work| self.commit_now(work)).collect()
    }

    fn observe(&self, observer: Arc<dyn CommitObserver>) {
        lock(&self.observers).push(observer);
    }
}

#[async_trait]
impl MailQueue for InMemoryStore {
    async fn lease_mail(
        &self,
        lease_id: i64,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        room: &[(MailKind, usize)],
    ) -> Result<Vec<LeasedMail>, StoreFailure> {
        Ok(self.state().lease_mail(lease_id, now, until, room))
    }

    async fn finish_mail(&self, lease: Lease, outcome: MailOutcome) -> Result<bool, StoreFailure> {
        Ok(self.state().finish_mail(lease, outcome))
    }
}

#[async_trait]
impl SessionTouches for InMemoryStore {
    async fn touch_sessions(&self, touches: Vec<SessionTouch>) -> Result<(), StoreFailure> {
        let mut state = self.state();
        for SessionTouch { session, at } in touches {
            state.sessions.change(session, |row| row.last_seen_at = row.last_seen_at.max(at));
        }
        state.keep();
        Ok(())
    }

    async fn touch_keys(&self, touches: Vec<KeyTouch>) -> Result<(), StoreFailure> {
        let mut state = self.state();
        for KeyTouch { key, at } in touches {
            state.keys.change(key, |row| row.last_used_at = row.last_used_at.max(Some(at)));
        }
        state.keep();
        Ok(())
    }
}

#[async_trait]
impl Secrets for InMemoryStore {
    async fn keep_secret(
        &self,
        name: SecretName,
        candidate: ServiceSecret,
    ) -> Result<ServiceSecret, StoreFailure> {
        Ok(lock(&self.secrets).entry(name).or_insert(candidate).clone())
    }
}

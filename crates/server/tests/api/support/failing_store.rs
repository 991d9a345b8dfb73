//! A store in memory that stops writing when told to.

use std::sync::Arc;

use async_trait::async_trait;
use denizen_services::store::{Store, StoreFailure};
use denizen_storage_memory::InMemoryStore;
use denizen_testkit::{Call, HookedStore, StoreHook};
use tokio::sync::watch;

/// Why nothing is written: what only the log may say.
pub const CAUSE: &str = "the disk /dev/secret is on fire";

#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
enum Health {
    #[default]
    Well,
    /// Reads go on; commits and pings fail.
    Failing,
    /// The same, and `failed` has said so.
    Failed,
}

/// Well until told otherwise.
pub type FailingStore = HookedStore<Failure>;

#[derive(Default)]
pub struct Failure(watch::Sender<Health>);

/// A new store that is well.
pub fn failing_store() -> Arc<FailingStore> {
    Arc::new(FailingStore::new(Arc::new(InMemoryStore::new())))
}

impl Failure {
    /// From now on commits and pings fail.
    pub fn stop_writing(&self) {
        self.0.send_replace(Health::Failing);
    }

    /// And now the store says that it will not get well by itself.
    pub fn give_up(&self) {
        self.0.send_replace(Health::Failed);
    }
}

fn on_fire() -> StoreFailure {
    StoreFailure::Unavailable(CAUSE.into())
}

#[async_trait]
impl StoreHook for Failure {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure> {
        let well = *self.0.borrow() == Health::Well;
        if well || !call.writes() { Ok(()) } else { Err(on_fire()) }
    }

    async fn failed(&self, _: &dyn Store) -> StoreFailure {
        // The sender lives as long as the store, so there is no other end to this wait.
        let _ = self.0.subscribe().wait_for(|health| *health == Health::Failed).await;
        on_fire()
    }
}

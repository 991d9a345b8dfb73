//! A server whose requests can be held up at a point of the test's choice.

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use denizen_models::Password;
use denizen_services::{
    CostlyWork, HashError, Network, PasswordHash, PasswordHasher, Verdict,
    store::{Store, StoreFailure, UnitOfWork},
};
use denizen_testkit::{Call, HookedStore, InsecureTestHasher, StoreHook};
use tokio::{sync::oneshot, time::timeout};

use super::PATIENCE;

/// Holds up the next call, once it is told to.
#[derive(Default)]
pub struct Gate(Mutex<Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>>);

/// The test's end of a [`Gate`] that is closed.
pub struct Closed {
    arrived: oneshot::Receiver<()>,
    open: oneshot::Sender<()>,
}

impl Gate {
    /// Closes the gate for one call.
    pub fn close(&self) -> Closed {
        let ((arrive, arrived), (open, opened)) = (oneshot::channel(), oneshot::channel());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((arrive, opened));
        Closed { arrived, open }
    }

    async fn pass(&self) {
        let closed = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((arrive, opened)) = closed {
            let _ = arrive.send(());
            let _ = opened.await;
        }
    }
}

impl Closed {
    /// Lets `event` happen while the call stands at the gate, and opens it.
    pub async fn meanwhile(self, event: impl Future<Output = ()>) {
        timeout(PATIENCE, self.arrived).await.expect("a call in time").expect("a call that is held up");
        event.await;
        let _ = self.open.send(());
    }
}

/// The gates of a store: when the access guard has read the user or the service key, and before a unit of an actor is committed.
#[derive(Default)]
pub struct StoreGates {
    pub read: Gate,
    pub commit: Gate,
}

#[async_trait]
impl StoreHook for StoreGates {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure> {
        // A unit without a change only asks.
        let writes = |unit: &UnitOfWork| unit.authority().is_some() && !unit.changes().is_empty();
        if call.method == "commit" && call.units.iter().any(writes) {
            self.commit.pass().await;
        }
        Ok(())
    }

    async fn after(&self, call: Call<'_>) {
        if ["find_user", "find_key"].contains(&call.method) {
            self.read.pass().await;
        }
    }
}

pub type GatedStore = HookedStore<StoreGates>;

/// Puts the gates before `store`.
pub fn gated(store: Arc<dyn Store>) -> Arc<GatedStore> {
    Arc::new(GatedStore::new(store))
}

/// A hasher with a gate, which stands for its queue.
#[derive(Default)]
pub struct GatedHasher {
    inner: InsecureTestHasher,
    pub gate: Gate,
}

#[async_trait]
impl PasswordHasher for GatedHasher {
    async fn hash(&self, network: Network, password: Password) -> Result<PasswordHash, HashError> {
        self.gate.pass().await;
        self.inner.hash(network, password).await
    }

    async fn verify(
        &self,
        network: Network,
        password: Password,
        hash: PasswordHash,
    ) -> Result<Verdict, HashError> {
        self.gate.pass().await;
        self.inner.verify(network, password, hash).await
    }

    async fn verify_dummy(
        &self,
        network: Network,
        password: Password,
        scheme: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        self.gate.pass().await;
        self.inner.verify_dummy(network, password, scheme).await
    }

    async fn run(&self, network: Network, work: CostlyWork) -> Result<(), HashError> {
        self.inner.run(network, work).await
    }
}

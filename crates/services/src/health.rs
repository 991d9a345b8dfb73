//! Whether the service can do its work.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::task::AbortHandle;

use crate::ports::store::Store;

/// What works and what does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// The store answers, for reading and for writing.
    pub store: bool,
    /// The mail worker runs.
    pub mail_worker: bool,
}

impl Readiness {
    /// Whether everything works.
    #[must_use]
    pub const fn is_ready(self) -> bool {
        self.store && self.mail_worker
    }
}

/// Tells whoever routes requests whether to send some here.
#[async_trait]
pub trait HealthService: Send + Sync {
    /// Looks now. Never fails: what cannot be reached is not ready.
    async fn readiness(&self) -> Readiness;
}

/// The implementation of [`HealthService`], for a store and a mail worker; [`Accounts`](crate::Accounts) makes one.
pub struct DefaultHealthService {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) mail_worker: AbortHandle,
}

#[async_trait]
impl HealthService for DefaultHealthService {
    async fn readiness(&self) -> Readiness {
        let ping = self.store.ping().await.inspect_err(|error| log::warn!("the store is not ready: {error}"));
        Readiness { store: ping.is_ok(), mail_worker: !self.mail_worker.is_finished() }
    }
}

//! Whether the service can do its work.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::Mutex,
    task::AbortHandle,
    time::{Instant, timeout},
};

use crate::ports::store::{Store, StoreFailure};

/// How long the store's answer holds: many callers cost it one probe.
const FRESH: Duration = Duration::from_secs(1);

/// A store that takes longer to answer is not ready.
const PATIENCE: Duration = Duration::from_secs(3);

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

/// Readiness, for load balancers and monitors.
#[async_trait]
pub trait HealthService: Send + Sync {
    /// Returns what works, as it was at most a second ago. Never fails: a part that cannot be reached is not ready.
    async fn readiness(&self) -> Readiness;
}

/// The implementation of [`HealthService`], for a store and a mail worker; [`Accounts`](crate::Accounts) makes one.
pub struct DefaultHealthService {
    store: Arc<dyn Store>,
    mail_worker: AbortHandle,
    probed: Mutex<Option<(Instant, Result<(), StoreFailure>)>>,
}

impl DefaultHealthService {
    pub(crate) fn new(store: Arc<dyn Store>, mail_worker: AbortHandle) -> Self {
        Self { store, mail_worker, probed: Mutex::default() }
    }

    /// Asks the store, or repeats its last answer. The log says when the answer becomes another.
    async fn store_is_ready(&self) -> bool {
        // Held until the store has answered: callers in the meantime get the same answer.
        let mut probed = self.probed.lock().await;
        if let Some((_, answer)) = probed.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return answer.is_ok();
        }
        let late = || StoreFailure::Busy("it does not answer".into());
        let answer = timeout(PATIENCE, self.store.ping()).await.unwrap_or_else(|_| Err(late()));
        match (probed.as_ref().map_or(&Ok(()), |(_, answer)| answer), &answer) {
            (Err(_), Ok(())) => log::info!("the store is ready again"),
            (before, Err(failure)) if *before != answer => log::warn!("the store is not ready: {failure}"),
            _ => {}
        }
        let is_ready = answer.is_ok();
        *probed = Some((Instant::now(), answer));
        is_ready
    }
}

#[async_trait]
impl HealthService for DefaultHealthService {
    async fn readiness(&self) -> Readiness {
        Readiness { store: self.store_is_ready().await, mail_worker: !self.mail_worker.is_finished() }
    }
}

//! Connections that reads share.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use denizen_services::store::StoreFailure;
use tokio::{
    sync::{Mutex, Semaphore},
    time::timeout,
};

use crate::engine::{
    connect::{Connector, Plans},
    error::{Failure, stopped, without_precondition},
    session::Session,
};

/// For how long a list or search waits for its turn.
const PATIENCE: Duration = Duration::from_millis(500);

/// Connections that are opened when they are needed, and opened anew when they are lost.
pub(crate) struct Shared {
    connector: Connector,
    plans: Plans,
    sessions: Vec<Mutex<Option<Arc<Session>>>>,
    next: AtomicUsize,
    /// One permit for each connection, if each serves one read at a time.
    exclusive: Option<Semaphore>,
}

impl Shared {
    /// For reads that are short, and are sent one behind the other.
    pub fn pipelined(connector: Connector, connections: usize) -> Self {
        Self::new(connector, Plans::Kept, connections, false)
    }

    /// For reads that take their time, and keep no other waiting.
    pub fn exclusive(connector: Connector, connections: usize) -> Self {
        Self::new(connector, Plans::EachTime, connections, true)
    }

    fn new(connector: Connector, plans: Plans, connections: usize, exclusive: bool) -> Self {
        let connections = connections.max(1);
        Self {
            connector,
            plans,
            sessions: (0..connections).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
            exclusive: exclusive.then(|| Semaphore::new(connections)),
        }
    }

    /// Runs `read` on one of the connections, and once again if the connection turns out to be lost: a read changes nothing.
    pub async fn read<T, F>(&self, read: impl Fn(Arc<Session>) -> F) -> Result<T, StoreFailure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let _permit = match &self.exclusive {
            Some(exclusive) => Some(
                timeout(PATIENCE, exclusive.acquire())
                    .await
                    .map_err(|_| StoreFailure::Busy("too many lists and searches are running".into()))?
                    .map_err(|_| stopped())?,
            ),
            None => None,
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.sessions.len();
        let session = self.session(number).await.map_err(without_precondition)?;
        match read(Arc::clone(&session)).await {
            Err(failure) if failure.is_of_connection() => {
                self.forget(number, &session).await;
                let session = self.session(number).await.map_err(without_precondition)?;
                read(session).await.map_err(without_precondition)
            }
            result => result.map_err(without_precondition),
        }
    }

    async fn session(&self, number: usize) -> Result<Arc<Session>, Failure> {
        let Some(slot) = self.sessions.get(number) else { return Err(stopped().into()) };
        let mut slot = slot.lock().await;
        if let Some(session) = slot.as_ref().filter(|session| !session.client.is_closed()) {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(self.connector.open(self.plans).await?);
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Closes the connection, unless another read has put a new one in its place.
    async fn forget(&self, number: usize, failed: &Arc<Session>) {
        if let Some(slot) = self.sessions.get(number) {
            slot.lock().await.take_if(|session| Arc::ptr_eq(session, failed));
        }
    }

    /// Closes the connections when the reads on them are over.
    pub async fn close(&self) {
        for slot in &self.sessions {
            slot.lock().await.take();
        }
    }
}

//! Connections for units of work, each for one at a time.

use std::{
    mem,
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use denizen_services::{lock, store::StoreFailure};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::engine::{
    connect::{Connector, Plans},
    error::{Failure, stopped},
    session::Session,
};

/// The connections. They are opened when they are needed.
#[derive(Clone)]
pub(crate) struct Pool {
    connector: Connector,
    idle: Arc<Mutex<Vec<Arc<Session>>>>,
    free: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    patience: Duration,
    connections: u32,
}

impl Pool {
    pub fn new(connector: Connector, connections: usize, queue: usize, patience: Duration) -> Self {
        let connections = connections.max(1);
        Self {
            connector,
            idle: Arc::default(),
            free: Arc::new(Semaphore::new(connections)),
            waiting: Arc::new(Semaphore::new(queue.max(1))),
            patience,
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
        }
    }

    /// Lends a connection to the caller alone.
    pub async fn lend(&self) -> Result<Lent, Failure> {
        let busy = || StoreFailure::Busy("too many requests are waiting".into());
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let free =
            timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await.map_err(|_| busy())?;
        let permit = free.map_err(|_| stopped())?;
        let idle = self.idle();
        let session = match idle {
            Some(session) => session,
            None => Arc::new(self.connector.open(Plans::Kept).await?),
        };
        Ok(Lent { session, is_clean: false, idle: Arc::clone(&self.idle), _permit: permit })
    }

    fn idle(&self) -> Option<Arc<Session>> {
        let mut idle = lock(&self.idle);
        while let Some(session) = idle.pop() {
            if !session.client.is_closed() {
                return Some(session);
            }
        }
        None
    }

    /// Drops the connections that nobody has: one of them has turned out to lead nowhere.
    pub fn forget_idle(&self) {
        drop(mem::take(&mut *lock(&self.idle)));
    }

    /// Waits until all connections are back, closes them and lends no more.
    pub async fn close(&self) {
        // Fails if it is closed already.
        if let Ok(_all) = self.free.acquire_many(self.connections).await {
            self.free.close();
        }
        self.forget_idle();
    }
}

/// A connection that one caller has. It is closed, which rolls back, unless it is given back clean.
pub(crate) struct Lent {
    session: Arc<Session>,
    is_clean: bool,
    idle: Arc<Mutex<Vec<Arc<Session>>>>,
    _permit: OwnedSemaphorePermit,
}

impl Lent {
    /// Gives the connection back, without an open transaction.
    pub fn give_back(mut self) {
        self.is_clean = true;
    }
}

impl Deref for Lent {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.is_clean {
            lock(&self.idle).push(Arc::clone(&self.session));
        }
    }
}

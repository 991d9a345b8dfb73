//! Sessions with an open connection, as a port.

use std::sync::Arc;

use async_trait::async_trait;

use crate::ports::store::{CommitObserver, ReadStore, SessionId, SessionValidity, StoreFailure};

/// Knows which sessions have an open connection (a WebSocket, for example), and ends connections.
///
/// The [`Housekeeper`](crate::Housekeeper) asks it, so that a connection counts as a use of its session and does not
/// outlive it.
#[async_trait]
pub trait LiveSessions: Send + Sync {
    /// Returns the observer that ends connections when a commit of this process revokes their sessions.
    fn observer(&self) -> Arc<dyn CommitObserver>;

    /// Returns the sessions that have connections, each once.
    fn connected_sessions(&self) -> Vec<SessionId>;

    /// Ends the connections of sessions that are gone from the store or have expired. Called every second: this bounds how
    /// long an expiry, or a revocation by another process, takes to reach connections of this one. MUST NOT read the store
    /// without connections.
    ///
    /// # Errors
    /// Returns an error if the store fails. Connections found before that are ended.
    async fn end_revoked(&self, store: &dyn ReadStore, validity: SessionValidity)
    -> Result<(), StoreFailure>;
}

//! What this process is not told of: commits of other processes, and sessions that ended by themselves.

use std::collections::BTreeSet;

use super::{CloseReason, clients::Standing, hub::DefaultMessageService, news::News};
use crate::ports::store::{ReadStore, SessionId, StoreError};

/// How many sessions the store is asked about at a time.
const BATCH: usize = 500;

impl DefaultMessageService {
    /// The sessions that have connections, each once. An open connection is a use of its session.
    #[must_use]
    pub fn connected_sessions(&self) -> Vec<SessionId> {
        self.hub.with(|clients| clients.sessions()).into_iter().collect()
    }

    /// Ends, with [`CloseReason::Revoked`], the connections whose sessions are gone from the store, and those of users
    /// who subscribe to what only administrators may hear and are no longer what they were when they connected.
    /// Meant to be called about every second, with the store that the service observes: that is how soon it shows here
    /// what another process revokes. Asks nothing while nobody is connected.
    ///
    /// All others whose name or roles another process changes keep their connections; what these may do they do with
    /// the new standing when they connect the next time.
    ///
    /// # Errors
    /// See [`ReadStore`]. What was found until then has taken effect.
    pub async fn sweep(&self, store: &dyn ReadStore) -> Result<(), StoreError> {
        for batch in self.connected_sessions().chunks(BATCH) {
            let gone: BTreeSet<_> = store.list_gone_sessions(batch).await?.into_iter().collect();
            if !gone.is_empty() {
                self.hub.with(|clients| {
                    let ids = clients.of_all(|client| gone.contains(&client.session));
                    self.hub.end_all(clients, ids, CloseReason::Revoked);
                });
            }
        }
        for user in self.hub.with(|clients| clients.subscribing_users()) {
            let standing = store.find_user(user).await?.and_then(|user| Standing::of(&user.values));
            self.hub.announce([News::standing(user, standing)]);
        }
        Ok(())
    }
}

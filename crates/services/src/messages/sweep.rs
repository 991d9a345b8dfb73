//! What this process is not told of: commits of other processes, and sessions that ended by themselves.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;

use super::{CloseReason, announcement::Announcement, clients::AuthSnapshot, hub::DefaultMessageService};
use crate::ports::{
    LiveSessions,
    store::{CommitObserver, ReadStore, SessionId, SessionValidity, StoreFailure},
};

/// How many sessions the store is asked about at a time.
const BATCH: usize = 500;

#[async_trait]
impl LiveSessions for DefaultMessageService {
    fn observer(&self) -> Arc<dyn CommitObserver> {
        Arc::clone(&self.hub) as Arc<dyn CommitObserver>
    }

    fn connected_sessions(&self) -> Vec<SessionId> {
        self.hub.with(|clients| clients.sessions()).into_iter().collect()
    }

    /// Ends, with [`CloseReason::Revoked`], also the connections of users who subscribe to what only administrators may
    /// hear and whose name or roles changed since they connected. All others keep their connections when another
    /// process changes their name or roles, and get the new ones when they connect the next time.
    async fn end_revoked(
        &self,
        store: &dyn ReadStore,
        validity: SessionValidity,
    ) -> Result<(), StoreFailure> {
        self.hub.beat();
        for batch in self.connected_sessions().chunks(BATCH) {
            let ended = store.list_ended_sessions(batch, validity).await?;
            let ended: BTreeSet<_> = ended.into_iter().collect();
            if !ended.is_empty() {
                self.hub.with(|clients| {
                    let ids = clients.of_all(|client| ended.contains(&client.session));
                    self.hub.end_all(clients, ids, CloseReason::Revoked);
                });
            }
        }
        for user in self.hub.with(|clients| clients.subscribing_users()) {
            let snapshot = store.find_user(user).await?.and_then(|user| AuthSnapshot::of(&user.values));
            self.hub.announce([Announcement::of_snapshot(user, snapshot)]);
        }
        Ok(())
    }
}

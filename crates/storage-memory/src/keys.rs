//! Service keys.

use chrono::{DateTime, Utc};
use denizen_models::KeyScope;
use denizen_services::store::{CommitError, KeyId, NewKey, Precondition, ServiceKey};

use crate::state::{State, require};

impl State {
    pub fn insert_key(&mut self, created: NewKey, capacity: u32) -> Result<KeyId, CommitError> {
        let has_room = u32::try_from(self.keys.len()).is_ok_and(|kept| kept < capacity);
        require(has_room.then_some(()), Precondition::KeyRoom)?;
        let id = KeyId(self.next_id());
        self.key_by_hash.insert(created.hash, id);
        self.keys.insert(id, ServiceKey { id, created, last_used_at: None });
        Ok(id)
    }

    pub fn revoke_key(&mut self, key: KeyId) -> Result<(), CommitError> {
        let revoked = require(self.keys.remove(&key), Precondition::Key)?;
        self.key_by_hash.remove(&revoked.created.hash);
        Ok(())
    }

    pub fn authorize_key(
        &self,
        key: KeyId,
        now: DateTime<Utc>,
        scopes: &[KeyScope],
    ) -> Result<(), CommitError> {
        let is_live = |key: &&ServiceKey| key.created.expires_at.is_none_or(|at| at > now);
        let held = &require(self.keys.get(&key).filter(is_live), Precondition::Actor)?.created.scopes;
        let has_scopes = scopes.iter().all(|scope| held.contains(scope));
        require(has_scopes.then_some(()), Precondition::Role)
    }
}

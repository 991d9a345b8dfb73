//! When sessions were last used.

use std::{collections::HashMap, mem, sync::Mutex};

use chrono::{DateTime, Duration, Utc};

use crate::{
    common::lock::lock,
    ports::store::{Session, SessionId, SessionTouch, Store, StoreFailure},
};

/// Collects when sessions were last used, so that the store is written to about once a minute and not per request.
#[derive(Default)]
pub(crate) struct LastSeenBuffer(Mutex<HashMap<SessionId, DateTime<Utc>>>);

impl LastSeenBuffer {
    /// The last use of a session is written at most this often.
    const PRECISION: Duration = Duration::minutes(1);
    /// The most entries kept; further ones are dropped until the next flush.
    const MOST: usize = 100_000;

    pub fn note(&self, session: &Session, now: DateTime<Utc>) {
        if now - session.last_seen_at < Self::PRECISION {
            return;
        }
        let mut touches = lock(&self.0);
        if touches.len() < Self::MOST || touches.contains_key(&session.id) {
            touches.insert(session.id, now);
        }
    }

    /// Returns the last use of the session that the store does not know yet.
    pub fn noted(&self, session: SessionId) -> Option<DateTime<Utc>> {
        lock(&self.0).get(&session).copied()
    }

    pub async fn flush(&self, store: &dyn Store) -> Result<(), StoreFailure> {
        let touches = mem::take(&mut *lock(&self.0));
        if touches.is_empty() {
            return Ok(());
        }
        let touches = touches.into_iter().map(|(session, at)| SessionTouch { session, at }).collect();
        store.touch_sessions(touches).await
    }
}

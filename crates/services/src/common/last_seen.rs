//! When sessions and service keys were last used.

use std::{collections::HashMap, hash::Hash, mem, sync::Mutex};

use chrono::{DateTime, Duration, Utc};

use crate::common::lock::lock;

/// Collects when sessions or keys were last used, so that the store is written to about once a minute and not per request.
pub(crate) struct LastSeenBuffer<Id>(Mutex<HashMap<Id, DateTime<Utc>>>);

impl<Id> Default for LastSeenBuffer<Id> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Id: Copy + Eq + Hash> LastSeenBuffer<Id> {
    /// The last use is written at most this often.
    const PRECISION: Duration = Duration::minutes(1);
    /// The most entries kept; further ones are dropped until the next flush.
    const MOST: usize = 100_000;

    /// Notes a use `now` of what the store has seen last at `last`.
    pub fn note(&self, id: Id, last: Option<DateTime<Utc>>, now: DateTime<Utc>) {
        if last.is_some_and(|last| now - last < Self::PRECISION) {
            return;
        }
        let mut touches = lock(&self.0);
        if touches.len() < Self::MOST || touches.contains_key(&id) {
            touches.insert(id, now);
        }
    }

    /// Returns the last use that the store does not know yet.
    pub fn noted(&self, id: Id) -> Option<DateTime<Utc>> {
        lock(&self.0).get(&id).copied()
    }

    /// Returns what was noted since the last call.
    pub fn take<T>(&self, touch: impl Fn(Id, DateTime<Utc>) -> T) -> Vec<T> {
        mem::take(&mut *lock(&self.0)).into_iter().map(|(id, at)| touch(id, at)).collect()
    }
}

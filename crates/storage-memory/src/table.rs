//! A map that can take back what was done to it.

use std::{collections::BTreeMap, ops::Deref};

/// Rows by key, in the order of the keys, with a journal of what they were before the unit that is being applied.
pub struct Table<K, V> {
    rows: BTreeMap<K, V>,
    journal: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), journal: Vec::new() }
    }
}

/// Reading is that of the map.
impl<K, V> Deref for Table<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.rows
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    pub fn insert(&mut self, key: K, row: V) {
        let before = self.rows.insert(key.clone(), row);
        self.journal.push((key, before));
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let before = self.rows.remove(key)?;
        self.journal.push((key.clone(), Some(before.clone())));
        Some(before)
    }

    /// Changes one row in place. `None`: there is no such row.
    pub fn change<T>(&mut self, key: K, change: impl FnOnce(&mut V) -> T) -> Option<T> {
        let row = self.rows.get_mut(&key)?;
        self.journal.push((key, Some(row.clone())));
        Some(change(row))
    }

    /// Forgets how it was before.
    pub fn keep(&mut self) {
        self.journal.clear();
    }

    /// Takes back everything since the last `keep`.
    pub fn undo(&mut self) {
        while let Some((key, before)) = self.journal.pop() {
            match before {
                Some(row) => self.rows.insert(key, row),
                None => self.rows.remove(&key),
            };
        }
    }
}

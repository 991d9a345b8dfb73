//! A store that counts what is asked of it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use denizen_services::store::StoreFailure;

use crate::hooked_store::{Call, HookedStore, StoreHook, is_method};

/// The methods that tell something about users, or whether there are any.
const USER_READS: [&str; 6] = [
    "count_users",
    "find_credentials",
    "find_user",
    "find_user_by_email",
    "find_user_by_username",
    "list_users",
];

/// Passes every call on to another store, and counts it under the name of the method.
///
/// The proof that a request path never looks at users is `assert_eq!(store.user_reads(), 0)`.
pub type CountingStore = HookedStore<CallCounter>;

/// The hook of a [`CountingStore`].
#[derive(Debug, Default)]
pub struct CallCounter(Mutex<BTreeMap<&'static str, u64>>);

#[async_trait]
impl StoreHook for CallCounter {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(call.method).or_default() += 1;
        Ok(())
    }
}

impl CountingStore {
    /// How often each method was called; without those that never were.
    #[must_use]
    pub fn all_calls(&self) -> BTreeMap<&'static str, u64> {
        self.hook.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often `method` was called.
    ///
    /// # Panics
    /// There is no such method: a count of zero would prove nothing then.
    #[must_use]
    pub fn calls(&self, method: &str) -> u64 {
        assert!(is_method(method), "no method of a store: {method}");
        self.all_calls().get(method).copied().unwrap_or(0)
    }

    /// How often anything was read about users.
    #[must_use]
    pub fn user_reads(&self) -> u64 {
        USER_READS.iter().map(|method| self.calls(method)).sum()
    }

    /// Counts from zero again.
    pub fn reset(&self) {
        self.hook.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

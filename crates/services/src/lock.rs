//! Locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes the lock, also if somebody has panicked while they held it. What is guarded in
/// this crate is never half-done, or can be put right by the next who takes it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

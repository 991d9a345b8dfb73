//! A password hasher for tests that have better things to do than to wait.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use denizen_models::{Password, Secret};
use denizen_services::{HashError, PasswordHash, PasswordHasher, TokenHash};

/// The beginning of every hash of this hasher.
const SCHEME: &str = "$insecure-test$";

/// Hashes in no time, which no hasher of passwords may do: one bare SHA-256 behind a number that stands for the salt.
///
/// It counts what it does, so that a test can say "equal work for known and unknown users" without a stopwatch.
#[derive(Debug, Default)]
pub struct InsecureTestHasher {
    hashed: AtomicU64,
    verified: AtomicU64,
    failures: Mutex<Vec<HashError>>,
}

impl InsecureTestHasher {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many passwords were hashed, failures included.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    /// How many passwords were compared, failures included.
    #[must_use]
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Lets the next call fail with `error`. Told twice, two calls fail.
    pub fn fail_next(&self, error: HashError) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }

    fn failure(&self) -> Result<(), HashError> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.is_empty() { Ok(()) } else { Err(failures.remove(0)) }
    }
}

#[async_trait]
impl PasswordHasher for InsecureTestHasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        let salt = self.hashed.fetch_add(1, Ordering::Relaxed).to_string();
        self.failure()?;
        Ok(PasswordHash::new(format!("{SCHEME}{salt}${}", digest(&salt, &password))))
    }

    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<bool, HashError> {
        self.verified.fetch_add(1, Ordering::Relaxed);
        self.failure()?;
        let parts = hash.expose().strip_prefix(SCHEME).and_then(|rest| rest.split_once('$'));
        let (salt, expected) =
            parts.ok_or_else(|| HashError::Failed("not a hash of this hasher".to_owned()))?;
        Ok(digest(salt, &password) == expected)
    }
}

fn digest(salt: &str, password: &Password) -> String {
    let text = Secret::from(format!("{salt} {}", String::from_utf8_lossy(password.as_bytes())));
    TokenHash::of(&text).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::presented(&Secret::from(text))
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only_and_is_another_each_time() {
        let hasher = InsecureTestHasher::new();
        let hash = hasher.hash(password("correct horse")).await.unwrap();
        assert_eq!(hasher.verify(password("correct horse"), hash.clone()).await, Ok(true));
        assert_eq!(hasher.verify(password("Correct horse"), hash.clone()).await, Ok(false));
        assert_ne!(hasher.hash(password("correct horse")).await, Ok(hash));
        let foreign = PasswordHash::new("$argon2id$".to_owned());
        assert!(matches!(hasher.verify(password("x"), foreign).await, Err(HashError::Failed(_))));
        assert_eq!((hasher.hashed(), hasher.verified()), (2, 3));
    }

    #[tokio::test]
    async fn it_fails_when_told() {
        let hasher = InsecureTestHasher::new();
        hasher.fail_next(HashError::Busy);
        assert_eq!(hasher.hash(password("x")).await, Err(HashError::Busy));
        assert!(hasher.hash(password("x")).await.is_ok());
    }
}

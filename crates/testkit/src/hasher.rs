//! A password hasher for tests that have better things to do than to wait.

use std::{
    mem,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use denizen_models::{Password, Secret};
use denizen_services::{CostlyWork, HashError, Network, PasswordHash, PasswordHasher, TokenHash, Verdict};

/// The beginning of every hash that this hasher makes.
const SCHEME: &str = "$insecure-test$";
/// And of those that it would not make any more.
const OLD_SCHEME: &str = "$insecure-test-old$";

/// Hashes in no time, which no hasher of passwords may do: one bare SHA-256 behind a number that stands for the salt.
///
/// It counts what it does, so that a test can say "equal work for known and unknown users" without a stopwatch.
#[derive(Debug, Default)]
pub struct InsecureTestHasher {
    hashes: AtomicU64,
    verifications: AtomicU64,
    compared: Mutex<Vec<Option<PasswordHash>>>,
    runs: AtomicU64,
    networks: Mutex<Vec<Network>>,
    failures: Mutex<Vec<HashError>>,
}

impl InsecureTestHasher {
    /// Nothing counted yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A hash of `password` that a login should replace: it compares as [`Verdict::Outdated`].
    #[must_use]
    pub fn outdated_hash(password: &str) -> PasswordHash {
        PasswordHash::new(format!("{OLD_SCHEME}0${}", digest("0", password.as_bytes())))
    }

    /// How many passwords were hashed, failures included.
    #[must_use]
    pub fn hashes(&self) -> u64 {
        self.hashes.load(Ordering::Relaxed)
    }

    /// How many passwords were compared, with somebody's hash or with nobody's, failures included.
    #[must_use]
    pub fn verifications(&self) -> u64 {
        self.verifications.load(Ordering::Relaxed)
    }

    /// The [schemes](PasswordHash::scheme) of the hashes that passwords were compared with since this was asked for last.
    /// `None` is what a dummy has that is given no scheme.
    #[must_use]
    pub fn take_compared(&self) -> Vec<Option<PasswordHash>> {
        mem::take(&mut self.compared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// On whose behalf it was called since this was asked for last, once for each call.
    #[must_use]
    pub fn take_networks(&self) -> Vec<Network> {
        mem::take(&mut self.networks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often other work was run, failures included.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Lets the next call of any method fail with `error`. Told twice, two calls fail.
    pub fn fail_next(&self, error: HashError) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(error);
    }

    fn compare(&self, network: Network, scheme: Option<PasswordHash>) -> Result<(), HashError> {
        self.verifications.fetch_add(1, Ordering::Relaxed);
        self.compared.lock().unwrap_or_else(PoisonError::into_inner).push(scheme);
        self.failure(network)
    }

    fn failure(&self, network: Network) -> Result<(), HashError> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner).push(network);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.is_empty() { Ok(()) } else { Err(failures.remove(0)) }
    }
}

#[async_trait]
impl PasswordHasher for InsecureTestHasher {
    async fn hash(&self, network: Network, password: Password) -> Result<PasswordHash, HashError> {
        let salt = self.hashes.fetch_add(1, Ordering::Relaxed).to_string();
        self.failure(network)?;
        Ok(PasswordHash::new(format!("{SCHEME}{salt}${}", digest(&salt, password.as_bytes()))))
    }

    async fn verify(
        &self,
        network: Network,
        password: Password,
        hash: PasswordHash,
    ) -> Result<Verdict, HashError> {
        self.compare(network, Some(hash.scheme()))?;
        let (current, old) = (hash.expose().strip_prefix(SCHEME), hash.expose().strip_prefix(OLD_SCHEME));
        let (salt, expected) = current
            .or(old)
            .and_then(|rest| rest.split_once('$'))
            .ok_or_else(|| HashError::Failed("not a hash of this hasher".into()))?;
        let is_of = |bytes: &[u8]| digest(salt, bytes) == expected;
        Ok(if current.is_some() && is_of(password.as_bytes()) {
            Verdict::Match
        } else if password.as_typed().is_some_and(is_of) || is_of(password.as_bytes()) {
            Verdict::Outdated
        } else {
            Verdict::Mismatch
        })
    }

    async fn verify_dummy(
        &self,
        network: Network,
        _: Password,
        scheme: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        self.compare(network, scheme).map(|()| Verdict::Mismatch)
    }

    async fn run(&self, network: Network, work: CostlyWork) -> Result<(), HashError> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.failure(network)?;
        work();
        Ok(())
    }
}

fn digest(salt: &str, password: &[u8]) -> String {
    let text = Secret::from(format!("{salt} {}", String::from_utf8_lossy(password)));
    TokenHash::of(&text).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Network = Network::SERVICE;

    fn password(text: &str) -> Password {
        Password::presented(&Secret::from(text))
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only_and_is_another_each_time() {
        let hasher = InsecureTestHasher::new();
        let hash = hasher.hash(SERVICE, password("correct horse")).await.unwrap();
        assert_eq!(hasher.verify(SERVICE, password("correct horse"), hash.clone()).await, Ok(Verdict::Match));
        assert_eq!(
            hasher.verify(SERVICE, password("Correct horse"), hash.clone()).await,
            Ok(Verdict::Mismatch)
        );
        assert_ne!(hasher.hash(SERVICE, password("correct horse")).await, Ok(hash));
        let foreign = PasswordHash::new("$argon2id$".to_owned());
        assert!(matches!(hasher.verify(SERVICE, password("x"), foreign).await, Err(HashError::Failed(_))));
        assert_eq!((hasher.hashes(), hasher.verifications()), (2, 3));
    }

    #[tokio::test]
    async fn an_outdated_hash_says_so_to_its_password_only() {
        let hasher = InsecureTestHasher::new();
        let hash = InsecureTestHasher::outdated_hash("cafe\u{301} au lait");
        let verdict = async |typed| hasher.verify(SERVICE, password(typed), hash.clone()).await;
        assert_eq!(verdict("cafe\u{301} au lait").await, Ok(Verdict::Outdated));
        assert_eq!(verdict("café au lait").await, Ok(Verdict::Mismatch));
    }

    #[tokio::test]
    async fn nobody_has_any_password_and_costs_a_comparison() {
        let hasher = InsecureTestHasher::new();
        assert_eq!(
            hasher.verify_dummy(SERVICE, password("correct horse"), None).await,
            Ok(Verdict::Mismatch)
        );
        assert_eq!((hasher.hashes(), hasher.verifications()), (0, 1));
    }

    #[tokio::test]
    async fn it_fails_when_told() {
        let hasher = InsecureTestHasher::new();
        hasher.fail_next(HashError::Busy);
        assert_eq!(hasher.hash(SERVICE, password("x")).await, Err(HashError::Busy));
        assert!(hasher.hash(SERVICE, password("x")).await.is_ok());
        hasher.fail_next(HashError::Busy);
        assert_eq!(hasher.run(SERVICE, Box::new(|| panic!("it ran"))).await, Err(HashError::Busy));
        assert_eq!(hasher.run(SERVICE, Box::new(|| ())).await, Ok(()));
        assert_eq!(hasher.runs(), 2);
    }
}

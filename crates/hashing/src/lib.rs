#![doc = include_str!("../README.md")]

mod cost;
#[cfg(feature = "imported")]
mod imported;
mod phc;
mod stored;
#[cfg(test)]
mod tests;
mod worker;

use std::{sync::Arc, thread};

use async_trait::async_trait;
use denizen_models::Password;

pub use self::cost::Argon2Cost;
#[cfg(feature = "imported")]
pub use self::stored::import;
use self::worker::{Worker, Workers};
use denizen_services::{
    CostlyWork, HashError, OsTokenSource, PasswordHash, PasswordHasher, TokenSource, Verdict,
};

/// argon2id (RFC 9106) on a fixed number of threads, each of which keeps its memory, behind a bounded queue.
///
/// A pool of its own rather than tokio's blocking pool: that one grows to hundreds of threads, and hundreds of
/// hashes at once are gigabytes. Dropping the hasher ends its threads once the queue is empty.
///
/// With the feature `imported`, it also compares what `import` takes over, for which a thread takes up to 256 MiB for
/// as long as it lasts. All of these are [`Verdict::Outdated`] when they match, and so is argon2id that is weaker than
/// what [`Self::start`] was told to make. Stronger argon2id stays: a lower cost does not weaken existing hashes.
pub struct Argon2Hasher {
    workers: Workers,
}

impl Argon2Hasher {
    /// Starts a hasher with the recommended cost: as many threads as cores, up to 64 waiting jobs, salts from the
    /// operating system.
    ///
    /// # Errors
    /// Returns [`HashError::Failed`] if a thread cannot be started.
    pub fn recommended() -> Result<Self, HashError> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self::start(Argon2Cost::RECOMMENDED, threads, 64, Arc::new(OsTokenSource))
    }

    /// Starts `threads` threads (as many as cores is right); up to `waiting` more jobs may queue.
    ///
    /// # Errors
    /// [`HashError::Failed`] if the cost is out of range or above [`Argon2Cost::MOST`], or a thread cannot be started.
    pub fn start(
        cost: Argon2Cost,
        threads: usize,
        waiting: usize,
        salts: Arc<dyn TokenSource>,
    ) -> Result<Self, HashError> {
        let workers = Workers::start(threads, waiting, || Worker::new(cost, Arc::clone(&salts)))?;
        Ok(Self { workers })
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.workers.ask(move |worker| worker.hash(&password)).await
    }

    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<Verdict, HashError> {
        self.workers.ask(move |worker| worker.verify(&password, &hash)).await
    }

    async fn verify_dummy(&self, password: Password) -> Result<Verdict, HashError> {
        self.workers.ask(move |worker| worker.verify_dummy(&password)).await
    }

    async fn run(&self, work: CostlyWork) -> Result<(), HashError> {
        self.workers
            .ask(move |_| {
                work();
                Ok(())
            })
            .await
    }
}

//! The password hasher: argon2id on threads of its own.

mod stored;
#[cfg(test)]
mod tests;
mod worker;

use std::{sync::Arc, thread};

use argon2::Params;
use async_trait::async_trait;
use denizen_models::Password;

pub use self::stored::import;
use self::worker::{Worker, Workers};
use denizen_services::{
    CostlyWork, HashError, OsTokenSource, PasswordHash, PasswordHasher, TokenSource, Verdict,
};

/// How much a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory per hash, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes, computed one after the other.
    pub lanes: u32,
}

impl Argon2Cost {
    /// 19 MiB, 2 passes, 1 lane: the least that OWASP's Password Storage cheat sheet accepts, about 30 ms of a core.
    pub const RECOMMENDED: Self = Self { memory_kib: 19_456, passes: 2, lanes: 1 };
    /// As little as the algorithm allows. For tests, which hash often and protect nothing.
    pub const CHEAPEST: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
    /// What a hash may cost at most, so that nobody can plant one whose comparison stops the service: 256 MiB,
    /// 16 passes, 16 lanes.
    pub const MOST: Self = Self { memory_kib: 256 * 1024, passes: 16, lanes: 16 };

    /// Whether a hash of this cost is at least as dear as one of `floor` in memory, in passes and in lanes.
    #[must_use]
    pub const fn is_at_least(self, floor: Self) -> bool {
        self.memory_kib >= floor.memory_kib && self.passes >= floor.passes && self.lanes >= floor.lanes
    }
}

impl From<&Params> for Argon2Cost {
    fn from(params: &Params) -> Self {
        Self { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() }
    }
}

/// argon2id (RFC 9106) on a fixed number of threads, each of which keeps its memory, behind a bounded queue.
///
/// A pool of its own rather than tokio's blocking pool: that one grows to hundreds of threads, and hundreds of
/// hashes at once are gigabytes. Dropping the hasher ends its threads once the queue is empty.
///
/// It also compares what [`import`] takes over, for which a thread takes up to 256 MiB for as long as it
/// lasts. All of these are [`Verdict::Outdated`] when they match, and so is argon2id that is weaker than what
/// [`Self::start`] was told to make. Stronger argon2id stays: to lower the cost is no reason to weaken what is there.
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

fn failed(error: impl Into<denizen_services::Cause>) -> HashError {
    HashError::Failed(error.into())
}

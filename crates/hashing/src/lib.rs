#![doc = include_str!("../README.md")]

mod cost;
#[cfg(feature = "imported")]
mod imported;
mod phc;
mod stored;
#[cfg(test)]
mod tests;
mod worker;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use async_trait::async_trait;
use denizen_models::Password;
use tokio::sync::oneshot;

pub use self::cost::Argon2Cost;
#[cfg(feature = "imported")]
pub use self::stored::import;
use self::{
    phc::failed,
    worker::{Job, Worker},
};
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
    /// The queue that the threads are behind.
    jobs: SyncSender<Job>,
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
        let (jobs, queue) = sync_channel(waiting);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads.max(1) {
            let (mut worker, queue) = (Worker::new(cost, Arc::clone(&salts))?, Arc::clone(&queue));
            let body = move || worker.work_off(&queue);
            thread::Builder::new().name(format!("argon2-{number}")).spawn(body).map_err(failed)?;
        }
        Ok(Self { jobs })
    }

    /// Has one of the threads do `work`, if there is room in the queue and the caller still waits when its turn comes.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (reply, answer) = oneshot::channel();
        let job = move |worker: &mut Worker| {
            // A client that hung up should not cost 30 ms.
            if reply.is_closed() {
                return;
            }
            // A worker holds nothing that can be left half-done: its memory is overwritten from the start each time.
            let outcome = catch_unwind(AssertUnwindSafe(|| work(worker))).unwrap_or_else(|_| {
                // What it panicked with stays unsaid here: it may quote the password.
                log::error!("a job of the password hasher panicked");
                Err(HashError::Failed("the job panicked".into()))
            });
            let _gone = reply.send(outcome);
        };
        self.jobs.try_send(Box::new(job)).map_err(|error| match error {
            TrySendError::Full(_) => HashError::Busy,
            TrySendError::Disconnected(_) => HashError::Failed("the hashing threads are gone".into()),
        })?;
        answer.await.map_err(|_| HashError::Failed("a hashing thread died".into()))?
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.ask(move |worker| worker.hash(&password)).await
    }

    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<Verdict, HashError> {
        self.ask(move |worker| worker.verify(&password, &hash)).await
    }

    async fn verify_dummy(&self, password: Password) -> Result<Verdict, HashError> {
        self.ask(move |worker| worker.verify_dummy(&password)).await
    }

    async fn run(&self, work: CostlyWork) -> Result<(), HashError> {
        self.ask(|_| {
            work();
            Ok(())
        })
        .await
    }
}

#![doc = include_str!("../README.md")]

mod cost;
#[cfg(feature = "imported")]
mod imported;
mod phc;
mod queue;
mod stored;
#[cfg(test)]
mod tests;
mod worker;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};

use async_trait::async_trait;
use denizen_models::Password;
use tokio::sync::oneshot;

pub use self::cost::Argon2Cost;
use self::{
    phc::failed,
    queue::Queue,
    worker::{Job, Worker},
};
#[cfg(feature = "imported")]
use denizen_services::InvalidHash;
use denizen_services::{
    CostlyWork, HashError, Network, OsTokenSource, PasswordHash, PasswordHasher, TokenSource, Verdict,
};

/// argon2id (RFC 9106) on a fixed number of threads, behind a bounded queue in which every network has a fair share.
///
/// A pool of its own rather than tokio's blocking pool: that one grows to hundreds of threads, and hundreds of
/// hashes at once are gigabytes. A thread takes the memory of a hash when it makes the first one, and gives it back after
/// a minute without work. Dropping the hasher ends its threads once the queue is empty.
///
/// With the feature `imported`, it also compares what `import` takes over, for which a thread takes up to 256 MiB for
/// as long as it lasts. All of these are [`Verdict::Outdated`] when they match, and so is argon2id that is weaker than
/// what [`Self::start`] was told to make. Stronger argon2id stays: a lower cost does not weaken existing hashes.
pub struct Argon2Hasher {
    #[cfg(feature = "imported")]
    cost: Argon2Cost,
    queue: Arc<Queue<Job>>,
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
        let hasher = Self {
            #[cfg(feature = "imported")]
            cost,
            queue: Arc::new(Queue::new(waiting)),
        };
        for number in 0..threads.max(1) {
            let (mut worker, queue) = (Worker::new(cost, Arc::clone(&salts))?, Arc::clone(&hasher.queue));
            let body = move || worker.work_off(&queue);
            thread::Builder::new().name(format!("argon2-{number}")).spawn(body).map_err(failed)?;
        }
        Ok(hasher)
    }

    /// Takes over a hash that another system made, in the forms that this hasher compares:
    ///
    /// | begins with | function |
    /// |---|---|
    /// | `$argon2id$`, `$argon2i$`, `$argon2d$` | argon2, versions 16 and 19 (PHC string) |
    /// | `$2a$`, `$2b$`, `$2y$` | bcrypt |
    /// | `$scrypt$ln=…,r=…,p=…$` | scrypt (PHC string) |
    /// | `$pbkdf2-sha256$`, `$pbkdf2-sha512$` | PBKDF2 (PHC string, or as passlib writes it) |
    ///
    /// In PHC strings, a salt has 8 to 48 bytes and an output 10 to 64. The first login replaces the hash.
    ///
    /// A hash may cost twelve times as much as those that this hasher makes, by [`Argon2Cost::work`] and measured
    /// equivalents of the other functions: with [`Argon2Cost::RECOMMENDED`], that is bcrypt up to cost 12, scrypt with
    /// `ln=17,r=8,p=1` and PBKDF2-SHA-256 up to 1,860,000 rounds. Dearer ones are refused: a failed sign-in must not tell by
    /// its time that there is such an account, so failures with unknown names are as dear, by the share of such users. To
    /// take over dearer ones, raise the cost of your own.
    ///
    /// bcrypt never saw more than the first 72 bytes of a password, and so it is compared here, as its libraries do:
    /// until it is replaced, whatever follows them does not matter.
    ///
    /// # Errors
    /// The hash is of another kind, cannot be read, or costs too much.
    #[cfg(feature = "imported")]
    pub fn import(&self, text: &str) -> Result<PasswordHash, InvalidHash> {
        stored::import(text, self.cost)
    }

    /// Has one of the threads do `work`, if there is room in the queue and the caller still waits when its turn comes.
    async fn ask<T: Send + 'static>(
        &self,
        network: Network,
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
        // The job that finds no room is dropped, this one or another, and its caller's answer with it.
        drop(self.queue.push(network, Box::new(job)));
        answer.await.unwrap_or(Err(HashError::Busy))
    }
}

impl Drop for Argon2Hasher {
    fn drop(&mut self) {
        self.queue.close();
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, network: Network, password: Password) -> Result<PasswordHash, HashError> {
        self.ask(network, move |worker| worker.hash(&password)).await
    }

    async fn verify(
        &self,
        network: Network,
        password: Password,
        hash: PasswordHash,
    ) -> Result<Verdict, HashError> {
        self.ask(network, move |worker| worker.verify(&password, &hash)).await
    }

    async fn verify_dummy(
        &self,
        network: Network,
        password: Password,
        scheme: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        self.ask(network, move |worker| worker.verify_dummy(&password, scheme)).await
    }

    async fn run(&self, network: Network, work: CostlyWork) -> Result<(), HashError> {
        self.ask(network, |_| {
            work();
            Ok(())
        })
        .await
    }
}

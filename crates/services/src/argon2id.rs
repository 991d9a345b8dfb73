//! The password hasher: argon2id on threads of its own.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Output, Salt},
};
use async_trait::async_trait;
use denizen_models::Password;
use tokio::sync::oneshot;

use crate::{
    hashing::{HashError, PasswordHash, PasswordHasher},
    lock::lock,
    tokens::TokenSource,
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

    /// What a stored hash may cost at most to compare, so that nobody can plant one that stops the service.
    const MOST: Self = Self { memory_kib: 256 * 1024, passes: 16, lanes: 16 };
}

/// argon2id (RFC 9106) on a fixed number of threads, each of which keeps its memory, behind a bounded queue.
///
/// A pool of its own rather than tokio's blocking pool: that one grows to hundreds of threads, and hundreds of
/// hashes at once are gigabytes. Dropping the hasher ends its threads once the queue is empty.
pub struct Argon2Hasher {
    queue: SyncSender<Job>,
}

type Reply<T> = oneshot::Sender<Result<T, HashError>>;

enum Job {
    Hash { password: Password, reply: Reply<PasswordHash> },
    Verify { password: Password, hash: PasswordHash, reply: Reply<bool> },
}

impl Argon2Hasher {
    /// Starts `threads` threads (as many as cores is right); up to `waiting` more hashes may queue.
    ///
    /// # Errors
    /// [`HashError::Failed`] if the cost is out of range or a thread cannot be started.
    pub fn start(
        cost: Argon2Cost,
        threads: usize,
        waiting: usize,
        salts: Arc<dyn TokenSource>,
    ) -> Result<Self, HashError> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(failed)?;
        let (queue, jobs) = sync_channel(waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.max(1) {
            let mut worker =
                Worker { params: params.clone(), memory: blocks(&params), salts: Arc::clone(&salts) };
            let jobs = Arc::clone(&jobs);
            let body = move || worker.run(&jobs);
            thread::Builder::new().name(format!("argon2-{number}")).spawn(body).map_err(failed)?;
        }
        Ok(Self { queue })
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, HashError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(job(reply)).map_err(|error| match error {
            TrySendError::Full(_) => HashError::Busy,
            TrySendError::Disconnected(_) => HashError::Failed("the hashing threads are gone".to_owned()),
        })?;
        answer.await.map_err(|_| HashError::Failed("a hashing thread died".to_owned()))?
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.ask(|reply| Job::Hash { password, reply }).await
    }

    async fn verify(&self, password: Password, hash: PasswordHash) -> Result<bool, HashError> {
        self.ask(|reply| Job::Verify { password, hash, reply }).await
    }
}

struct Worker {
    params: Params,
    memory: Vec<Block>,
    salts: Arc<dyn TokenSource>,
}

impl Worker {
    fn run(&mut self, jobs: &Mutex<Receiver<Job>>) {
        loop {
            // The lock is held while waiting, which makes the idle threads queue up for jobs one behind the other.
            let job = lock(jobs).recv();
            match job {
                Ok(Job::Hash { password, reply }) => answer(reply, || self.hash(&password)),
                Ok(Job::Verify { password, hash, reply }) => answer(reply, || self.verify(&password, &hash)),
                Err(_) => return,
            }
        }
    }

    fn hash(&mut self, password: &Password) -> Result<PasswordHash, HashError> {
        let mut salt = [0; 16];
        self.salts.fill(&mut salt).map_err(failed)?;
        let params = self.params.clone();
        let output = self.digest(password, &salt, &params)?;
        let phc = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(u32::from(Version::V0x13)),
            params: (&params).try_into().map_err(failed)?,
            salt: Some(Salt::new(&salt).map_err(failed)?),
            hash: Some(output),
        };
        Ok(PasswordHash::new(phc.to_string()))
    }

    fn verify(&mut self, password: &Password, hash: &PasswordHash) -> Result<bool, HashError> {
        // The error types name what is wrong with the form, never its content.
        let phc = phc::PasswordHash::new(hash.expose()).map_err(failed)?;
        if phc.algorithm != Algorithm::Argon2id.ident() || phc.version != Some(u32::from(Version::V0x13)) {
            return Err(HashError::Failed("only argon2id, version 19, can be compared".to_owned()));
        }
        let params = Params::try_from(&phc).map_err(failed)?;
        let most = Argon2Cost::MOST;
        if params.m_cost() > most.memory_kib || params.t_cost() > most.passes || params.p_cost() > most.lanes
        {
            return Err(HashError::Failed("the stored hash costs too much to compare".to_owned()));
        }
        let (Some(salt), Some(expected)) = (phc.salt, phc.hash) else {
            return Err(HashError::Failed("the stored hash has no salt or no output".to_owned()));
        };
        // `Output` compares in constant time.
        Ok(self.digest(password, &salt, &params)? == expected)
    }

    fn digest(&mut self, password: &Password, salt: &[u8], params: &Params) -> Result<Output, HashError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let mut output = zeroize::Zeroizing::new(vec![0; length]);
        if params.block_count() == self.memory.len() {
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut self.memory)
        } else {
            // A hash of other parameters than ours: rare, and worth no memory kept for it.
            argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, blocks(params))
        }
        .map_err(failed)?;
        Output::new(&output).map_err(failed)
    }
}

fn answer<T>(reply: Reply<T>, work: impl FnOnce() -> Result<T, HashError>) {
    // A client that hung up should not cost 30 ms.
    if !reply.is_closed() {
        let _gone = reply.send(work());
    }
}

fn blocks(params: &Params) -> Vec<Block> {
    vec![Block::new(); params.block_count()]
}

fn failed(error: impl std::fmt::Display) -> HashError {
    HashError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use denizen_models::Secret;

    use super::*;
    use crate::tokens::OsTokenSource;

    fn hasher(cost: Argon2Cost) -> Argon2Hasher {
        Argon2Hasher::start(cost, 2, 8, Arc::new(OsTokenSource)).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::presented(&Secret::from(text))
    }

    #[tokio::test]
    async fn the_recommended_cost_shows_in_the_hash_and_only_the_right_password_matches() {
        let hasher = hasher(Argon2Cost::RECOMMENDED);
        let hash = hasher.hash(password("newsecurepassword")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        assert_eq!(hasher.verify(password("newsecurepassword"), hash.clone()).await, Ok(true));
        assert_eq!(hasher.verify(password("newsecurepassworD"), hash).await, Ok(false));
    }

    #[tokio::test]
    async fn passwords_that_differ_far_behind_are_different() {
        let hasher = hasher(Argon2Cost::CHEAPEST);
        for position in [73, 200] {
            let base = "a".repeat(250);
            let mut other = base.clone();
            other.replace_range(position..=position, "b");
            let hash = hasher.hash(password(&base)).await.unwrap();
            assert_eq!(hasher.verify(password(&other), hash).await, Ok(false));
        }
    }

    #[tokio::test]
    async fn salts_are_unique_and_hashes_of_other_costs_still_compare() {
        let (cheap, other) =
            (hasher(Argon2Cost::CHEAPEST), hasher(Argon2Cost { memory_kib: 64, passes: 2, lanes: 2 }));
        let (one, two) = (
            cheap.hash(password("secret 1")).await.unwrap(),
            cheap.hash(password("secret 1")).await.unwrap(),
        );
        assert_ne!(one, two);
        assert_eq!(other.verify(password("secret 1"), one).await, Ok(true));
    }

    #[tokio::test]
    async fn a_hash_that_cannot_be_read_or_costs_too_much_is_an_error_not_a_mismatch() {
        let hasher = hasher(Argon2Cost::CHEAPEST);
        for phc in [
            "",
            "secret 1",
            "$argon2i$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=8,t=1000,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            let answer = hasher.verify(password("secret 1"), PasswordHash::new(phc.to_owned())).await;
            assert!(matches!(answer, Err(HashError::Failed(_))), "{phc}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn beyond_the_queue_the_answer_is_busy() {
        let hasher = Argon2Hasher::start(Argon2Cost::RECOMMENDED, 1, 1, Arc::new(OsTokenSource)).unwrap();
        // One runs, one waits; with five at once at least three are too many.
        let (a, b, c, d, e) = tokio::join!(
            hasher.hash(password("secret 1")),
            hasher.hash(password("secret 2")),
            hasher.hash(password("secret 3")),
            hasher.hash(password("secret 4")),
            hasher.hash(password("secret 5")),
        );
        let answers = [a, b, c, d, e];
        assert!(answers.iter().filter(|answer| **answer == Err(HashError::Busy)).count() >= 3);
        assert!(answers.iter().any(Result::is_ok));
        assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(HashError::Busy))));
    }
}

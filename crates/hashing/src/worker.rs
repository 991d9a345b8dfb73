//! The threads, and what each of them can do.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Block, Params, RECOMMENDED_SALT_LEN, Version,
    password_hash::phc::{self, Output, Salt},
};
use denizen_models::Password;
use zeroize::Zeroizing;

use crate::{
    cost::Argon2Cost,
    phc::failed,
    queue::{Next, Queue},
    stored::StoredHash,
};
use denizen_services::{HashError, PasswordHash, TokenSource, Verdict};

/// After this time without work, a thread gives its memory back.
const IDLE: Duration = Duration::from_secs(60);
/// The room that is reserved for the blocks, of 1 KiB each, though most of it is never touched: the C library returns
/// to the system at once what is larger than 32 MiB, and would keep smaller pieces for itself.
const RESERVED_BLOCKS: usize = 33 * 1024;

pub(super) type Job = Box<dyn FnOnce(&mut Worker) + Send>;

/// What a thread keeps.
pub(super) struct Worker {
    params: Params,
    memory: Vec<Block>,
    nobody: PasswordHash,
    salts: Arc<dyn TokenSource>,
}

impl Worker {
    pub fn new(cost: Argon2Cost, salts: Arc<dyn TokenSource>) -> Result<Self, HashError> {
        if !Argon2Cost::MOST.is_at_least(cost) {
            return Err(HashError::Failed(format!("a hash may cost {:?} at most", Argon2Cost::MOST).into()));
        }
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None).map_err(failed)?;
        let nobody = encode(&params, &[0; RECOMMENDED_SALT_LEN], &[0; Params::DEFAULT_OUTPUT_LEN])?;
        Ok(Self { params, memory: Vec::new(), nobody, salts })
    }

    pub fn work_off(&mut self, queue: &Queue<Job>) {
        loop {
            match queue.next(IDLE) {
                Next::Work(job) => job(self),
                Next::Idle => self.memory = Vec::new(),
                Next::End => return,
            }
        }
    }

    /// The memory of a hash of our own.
    fn memory(&mut self) -> &mut Vec<Block> {
        let blocks = self.params.block_count();
        if self.memory.is_empty() {
            self.memory.reserve_exact(blocks.max(RESERVED_BLOCKS));
            self.memory.resize(blocks, Block::default());
        }
        &mut self.memory
    }

    pub fn hash(&mut self, password: &Password) -> Result<PasswordHash, HashError> {
        let mut salt = [0; RECOMMENDED_SALT_LEN];
        self.salts.fill(&mut salt).map_err(failed)?;
        let mut output = Zeroizing::new([0; Params::DEFAULT_OUTPUT_LEN]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
            .hash_password_into_with_memory(password.as_bytes(), &salt, output.as_mut(), self.memory())
            .map_err(failed)?;
        encode(&self.params, &salt, output.as_ref())
    }

    pub fn verify(&mut self, password: &Password, hash: &PasswordHash) -> Result<Verdict, HashError> {
        let stored = StoredHash::read(hash.expose()).map_err(failed)?;
        let current = stored.is_at_least(Argon2Cost::from(&self.params));
        for bytes in stored.forms_of(password) {
            if stored.is_of(bytes, self.memory())? {
                let lasting = current && bytes == password.as_bytes();
                return Ok(if lasting { Verdict::Match } else { Verdict::Outdated });
            }
        }
        Ok(Verdict::Mismatch)
    }

    /// Does the work of a wrong password and a hash of `scheme`: of the hashes made here, if it is absent or unreadable.
    pub fn verify_dummy(
        &mut self,
        password: &Password,
        scheme: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        let readable = scheme.filter(|scheme| StoredHash::read(scheme.expose()).is_ok());
        let dummy = readable.unwrap_or_else(|| self.nobody.clone());
        self.verify(password, &dummy).map(|_| Verdict::Mismatch)
    }
}

fn encode(params: &Params, salt: &[u8], output: &[u8]) -> Result<PasswordHash, HashError> {
    let phc = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(u32::from(Version::V0x13)),
        params: params.try_into().map_err(failed)?,
        salt: Some(Salt::new(salt).map_err(failed)?),
        hash: Some(Output::new(output).map_err(failed)?),
    };
    Ok(PasswordHash::new(phc.to_string()))
}

#[cfg(test)]
mod tests {
    use denizen_models::Secret;

    use super::*;
    use denizen_services::OsTokenSource;

    /// Security checklist: 37.
    #[test]
    fn the_hash_of_nobody_is_as_dear_as_that_of_somebody() {
        let cost = Argon2Cost { memory_kib: 64, passes: 2, lanes: 2 };
        let mut worker = Worker::new(cost, Arc::new(OsTokenSource)).unwrap();
        let somebody = worker.hash(&Password::presented(&Secret::from("secret 1"))).unwrap();
        let [nobody, somebody] = [&worker.nobody, &somebody].map(PasswordHash::expose);
        let prefix = "$argon2id$v=19$m=64,t=2,p=2$";
        assert!(nobody.starts_with(prefix) && somebody.starts_with(prefix), "{nobody} {somebody}");
        assert_eq!(nobody.len(), somebody.len());
    }
}

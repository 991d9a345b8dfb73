//! The threads, and what each of them can do.

use std::sync::{Arc, Mutex, mpsc::Receiver};

use argon2::{
    Algorithm, Argon2, Block, Params, RECOMMENDED_SALT_LEN, Version,
    password_hash::phc::{self, Output, Salt},
};
use denizen_models::Password;
use zeroize::Zeroizing;

use crate::{cost::Argon2Cost, phc::failed, stored::StoredHash};
use denizen_services::{HashError, PasswordHash, TokenSource, Verdict, lock};

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
        let memory = vec![Block::default(); params.block_count()];
        let nobody = encode(&params, &[0; RECOMMENDED_SALT_LEN], &[0; Params::DEFAULT_OUTPUT_LEN])?;
        Ok(Self { params, memory, nobody, salts })
    }

    pub fn work_off(&mut self, jobs: &Mutex<Receiver<Job>>) {
        loop {
            // The lock is held while waiting, which makes the idle threads queue up for jobs one behind the other.
            let job = lock(jobs).recv();
            match job {
                Ok(job) => job(self),
                Err(_) => return,
            }
        }
    }

    pub fn hash(&mut self, password: &Password) -> Result<PasswordHash, HashError> {
        let mut salt = [0; RECOMMENDED_SALT_LEN];
        self.salts.fill(&mut salt).map_err(failed)?;
        let mut output = Zeroizing::new([0; Params::DEFAULT_OUTPUT_LEN]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
            .hash_password_into_with_memory(password.as_bytes(), &salt, output.as_mut(), &mut self.memory)
            .map_err(failed)?;
        encode(&self.params, &salt, output.as_ref())
    }

    pub fn verify(&mut self, password: &Password, hash: &PasswordHash) -> Result<Verdict, HashError> {
        let stored = StoredHash::read(hash.expose()).map_err(failed)?;
        let current = stored.is_at_least(Argon2Cost::from(&self.params));
        let composed = Some((password.as_bytes(), if current { Verdict::Match } else { Verdict::Outdated }));
        let typed = password.as_typed().map(|bytes| (bytes, Verdict::Outdated));
        // Our own hashes are of composed passwords. A wrong password is compared in both forms whatever the hash, so
        // that a name that does not exist takes no less.
        let forms = if current { [composed, typed] } else { [typed, composed] };
        for (bytes, verdict) in forms.into_iter().flatten() {
            if stored.is_of(bytes, &mut self.memory)? {
                return Ok(verdict);
            }
        }
        Ok(Verdict::Mismatch)
    }

    pub fn verify_dummy(&mut self, password: &Password) -> Result<Verdict, HashError> {
        let nobody = self.nobody.clone();
        self.verify(password, &nobody).map(|_| Verdict::Mismatch)
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

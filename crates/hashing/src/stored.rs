//! Hashes as a store keeps them: reading them, and comparing passwords with them.

use argon2::{
    Algorithm, Argon2, Block, Params, RECOMMENDED_SALT_LEN, Version,
    password_hash::phc::{Output, Salt},
};
use denizen_services::{HashError, InvalidHash};

#[cfg(feature = "imported")]
use crate::imported::Imported;
use crate::{
    cost::Argon2Cost,
    phc::{self, failed, malformed, same},
};

/// Takes over a hash that another system made, in the forms that [`Argon2Hasher`](crate::Argon2Hasher) compares:
///
/// | begins with | function | parameters at most |
/// |---|---|---|
/// | `$argon2id$`, `$argon2i$`, `$argon2d$` | argon2, versions 16 and 19 (PHC string) | [`Argon2Cost::MOST`] |
/// | `$2a$`, `$2b$`, `$2y$` | bcrypt | cost 16 |
/// | `$scrypt$ln=…,r=…,p=…$` | scrypt (PHC string) | 256 MiB, and 1 GiB over all lanes |
/// | `$pbkdf2-sha256$`, `$pbkdf2-sha512$` | PBKDF2 (PHC string, or as passlib writes it) | 10,000,000 rounds, all blocks |
///
/// In PHC strings, a salt has 8 to 48 bytes and an output 10 to 64. The first login replaces the hash.
///
/// bcrypt never saw more than the first 72 bytes of a password, and so it is compared here, as its libraries do:
/// until it is replaced, whatever follows them does not matter.
///
/// # Errors
/// The hash is of another kind, cannot be read, or costs too much.
#[cfg(feature = "imported")]
pub fn import(text: &str) -> Result<denizen_services::PasswordHash, InvalidHash> {
    StoredHash::read(text).map(|_| denizen_services::PasswordHash::new(text.to_owned()))
}

/// A hash that is readable and affordable.
pub(super) enum StoredHash {
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        params: Params,
        salt: Salt,
        output: Output,
    },
    #[cfg(feature = "imported")]
    Imported(Imported),
}

impl StoredHash {
    pub fn read(text: &str) -> Result<Self, InvalidHash> {
        match text.split('$').nth(1) {
            Some("argon2id" | "argon2i" | "argon2d") => Self::read_argon2(text),
            #[cfg(feature = "imported")]
            _ => Imported::read(text).map(Self::Imported),
            #[cfg(not(feature = "imported"))]
            _ => Err(InvalidHash::Unsupported),
        }
    }

    fn read_argon2(text: &str) -> Result<Self, InvalidHash> {
        let (phc, salt, output) = phc::read(text)?;
        let algorithm = Algorithm::new(phc.algorithm.as_str()).map_err(malformed)?;
        // Hashes from before version 19 do not name their version.
        let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(malformed)?;
        let ours = (algorithm, version) == (Algorithm::Argon2id, Version::V0x13);
        if !ours && cfg!(not(feature = "imported")) {
            return Err(InvalidHash::Unsupported);
        }
        let params = Params::try_from(&phc).map_err(malformed)?;
        if !Argon2Cost::MOST.is_at_least(Argon2Cost::from(&params)) {
            return Err(InvalidHash::TooCostly);
        }
        Ok(Self::Argon2 { algorithm, version, params, salt, output })
    }

    /// Whether this is what a hasher of `cost` makes, or better.
    pub fn is_at_least(&self, cost: Argon2Cost) -> bool {
        match self {
            Self::Argon2 {
                algorithm: Algorithm::Argon2id,
                version: Version::V0x13,
                params,
                salt,
                output,
            } => {
                Argon2Cost::from(params).is_at_least(cost)
                    && salt.len() >= RECOMMENDED_SALT_LEN
                    && output.len() >= Params::DEFAULT_OUTPUT_LEN
            }
            _ => false,
        }
    }

    /// Whether it was made from these bytes. `memory` serves argon2 if it has the right size.
    pub fn is_of(&self, password: &[u8], memory: &mut Vec<Block>) -> Result<bool, HashError> {
        match self {
            Self::Argon2 { algorithm, version, params, salt, output } => same(output, |computed| {
                let argon2 = Argon2::new(*algorithm, *version, params.clone());
                if params.block_count() == memory.len() {
                    argon2.hash_password_into_with_memory(password, salt, computed, memory)
                } else {
                    // A hash of other parameters than ours: rare, and worth no memory kept for it.
                    argon2.hash_password_into(password, salt, computed)
                }
                .map_err(failed)
            }),
            #[cfg(feature = "imported")]
            Self::Imported(imported) => imported.is_of(password),
        }
    }
}

//! Hashes as a store keeps them: reading them, and comparing passwords with them.

#[cfg(feature = "imported")]
mod imported;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Output, Salt},
};
use denizen_services::{HashError, InvalidHash};
use zeroize::Zeroizing;

use crate::cost::Argon2Cost;

/// 128 bits, as RFC 9106, section 3.1, recommends.
pub(super) const SALT_LEN: usize = 16;

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
    Imported(imported::Imported),
}

impl StoredHash {
    pub fn read(text: &str) -> Result<Self, InvalidHash> {
        match text.split('$').nth(1) {
            Some("argon2id") => Self::read_argon2(text),
            #[cfg(feature = "imported")]
            Some("argon2i" | "argon2d") => Self::read_argon2(text),
            #[cfg(feature = "imported")]
            _ => imported::Imported::read(text).map(Self::Imported),
            #[cfg(not(feature = "imported"))]
            _ => Err(InvalidHash::Unsupported),
        }
    }

    fn read_argon2(text: &str) -> Result<Self, InvalidHash> {
        let (phc, salt, output) = read_phc(text)?;
        let algorithm = Algorithm::new(phc.algorithm.as_str()).map_err(malformed)?;
        // Hashes from before version 19 do not name their version.
        let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(malformed)?;
        if version != Version::V0x13 && cfg!(not(feature = "imported")) {
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
                    && salt.len() >= SALT_LEN
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

/// Whether `compute` fills as many bytes as `output` has with the same.
fn same(
    output: &Output,
    compute: impl FnOnce(&mut [u8]) -> Result<(), HashError>,
) -> Result<bool, HashError> {
    let mut computed = Zeroizing::new(vec![0; output.len()]);
    compute(&mut computed)?;
    // `Output` compares in constant time.
    Ok(Output::new(&computed).map_err(failed)? == *output)
}

fn read_phc(text: &str) -> Result<(phc::PasswordHash, Salt, Output), InvalidHash> {
    // The error types name what is wrong with the form, never its content.
    let phc = phc::PasswordHash::new(text).map_err(malformed)?;
    let (Some(salt), Some(output)) = (phc.salt, phc.hash) else {
        return Err(malformed("it has no salt or no output"));
    };
    Ok((phc, salt, output))
}

fn malformed(error: impl std::fmt::Display) -> InvalidHash {
    InvalidHash::Malformed(error.to_string())
}

pub(super) fn failed(error: impl Into<denizen_services::Cause>) -> HashError {
    HashError::Failed(error.into())
}

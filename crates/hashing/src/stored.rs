//! Hashes as a store keeps them: reading them, whoever made them, and comparing passwords with them.

use std::borrow::Cow;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Output, Salt},
};
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use crate::{Argon2Cost, failed, worker::SALT_LEN};
use denizen_services::{HashError, InvalidHash, PasswordHash};

/// 2^16 rounds of its key schedule, several seconds.
const MOST_BCRYPT_COST: u32 = 16;
/// Memory of scrypt (128·N·r bytes), as for argon2.
const MOST_SCRYPT_MEMORY: u64 = 256 << 20;
/// And what it goes through in one lane after the other (128·N·r·p bytes), several seconds.
const MOST_SCRYPT_WORK: u64 = 1 << 30;
/// Rounds of PBKDF2 for all blocks of the output, a few seconds. OWASP asks for 600,000.
const MOST_PBKDF2_ROUNDS: u64 = 10_000_000;

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
pub fn import(text: &str) -> Result<PasswordHash, InvalidHash> {
    StoredHash::read(text).map(|_| PasswordHash::new(text.to_owned()))
}

/// A hash that is readable and affordable.
pub(super) enum StoredHash<'a> {
    Bcrypt(&'a str),
    Other { function: Function, salt: Salt, output: Output },
}

pub(super) enum Function {
    Argon2(Algorithm, Version, Params),
    Scrypt(scrypt::Params),
    Pbkdf2Sha256 { rounds: u32 },
    Pbkdf2Sha512 { rounds: u32 },
}

impl<'a> StoredHash<'a> {
    pub fn read(text: &'a str) -> Result<Self, InvalidHash> {
        match text.split('$').nth(1) {
            Some("2a" | "2b" | "2y") => {
                let parts: bcrypt::HashParts = text.parse().map_err(malformed)?;
                within(u64::from(parts.get_cost()), 4, u64::from(MOST_BCRYPT_COST))?;
                Ok(Self::Bcrypt(text))
            }
            Some("argon2id" | "argon2i" | "argon2d") => Self::read_phc(text, read_argon2),
            Some("scrypt") => Self::read_phc(text, read_scrypt),
            Some("pbkdf2-sha256") => Self::read_phc(&with_named_rounds(text), |phc, output| {
                Ok(Function::Pbkdf2Sha256 { rounds: read_rounds(phc, output, 32)? })
            }),
            Some("pbkdf2-sha512") => Self::read_phc(&with_named_rounds(text), |phc, output| {
                Ok(Function::Pbkdf2Sha512 { rounds: read_rounds(phc, output, 64)? })
            }),
            _ => Err(InvalidHash::Unsupported),
        }
    }

    fn read_phc(
        text: &str,
        function: impl FnOnce(&phc::PasswordHash, &Output) -> Result<Function, InvalidHash>,
    ) -> Result<Self, InvalidHash> {
        // The error types name what is wrong with the form, never its content.
        let phc = phc::PasswordHash::new(text).map_err(malformed)?;
        let (Some(salt), Some(output)) = (phc.salt, phc.hash) else {
            return Err(malformed("it has no salt or no output"));
        };
        Ok(Self::Other { function: function(&phc, &output)?, salt, output })
    }

    /// Whether this is what a hasher of `cost` makes, or better.
    pub fn is_at_least(&self, cost: Argon2Cost) -> bool {
        match self {
            Self::Other {
                function: Function::Argon2(Algorithm::Argon2id, Version::V0x13, params),
                salt,
                output,
            } => {
                Argon2Cost::from(params).is_at_least(cost)
                    && salt.len() >= SALT_LEN
                    && output.len() >= Params::DEFAULT_OUTPUT_LEN
            }
            Self::Other { .. } | Self::Bcrypt(_) => false,
        }
    }

    /// Whether it was made from these bytes. `memory` serves argon2 if it has the right size.
    pub fn is_of(&self, password: &[u8], memory: &mut Vec<Block>) -> Result<bool, HashError> {
        let (function, salt, output) = match self {
            Self::Bcrypt(text) => {
                return bcrypt::verify(password, text).map_err(|error| failed(error.to_string()));
            }
            Self::Other { function, salt, output } => (function, salt, output),
        };
        let mut computed = Zeroizing::new(vec![0; output.len()]);
        match function {
            Function::Argon2(algorithm, version, params) => {
                let argon2 = Argon2::new(*algorithm, *version, params.clone());
                if params.block_count() == memory.len() {
                    argon2.hash_password_into_with_memory(password, salt, &mut computed, memory)
                } else {
                    // A hash of other parameters than ours: rare, and worth no memory kept for it.
                    argon2.hash_password_into(password, salt, &mut computed)
                }
                .map_err(failed)?;
            }
            Function::Scrypt(params) => {
                scrypt::scrypt(password, salt, params, &mut computed).map_err(failed)?;
            }
            Function::Pbkdf2Sha256 { rounds } => {
                pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, *rounds, &mut computed);
            }
            Function::Pbkdf2Sha512 { rounds } => {
                pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, *rounds, &mut computed);
            }
        }
        // `Output` compares in constant time.
        Ok(Output::new(&computed).map_err(failed)? == *output)
    }
}

fn read_argon2(phc: &phc::PasswordHash, _: &Output) -> Result<Function, InvalidHash> {
    let algorithm = Algorithm::new(phc.algorithm.as_str()).map_err(malformed)?;
    // What was made before there was a version 19 does not say a version.
    let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(malformed)?;
    let params = Params::try_from(phc).map_err(malformed)?;
    if !Argon2Cost::MOST.is_at_least(Argon2Cost::from(&params)) {
        return Err(InvalidHash::TooCostly);
    }
    Ok(Function::Argon2(algorithm, version, params))
}

fn read_scrypt(phc: &phc::PasswordHash, _: &Output) -> Result<Function, InvalidHash> {
    let (log_n, r, p) = (number(phc, "ln")?, number(phc, "r")?, number(phc, "p")?);
    // Before anything is multiplied: none of the products below can overflow.
    for factor in [u64::from(log_n), u64::from(r), u64::from(p)] {
        within(factor, 1, 1 << 20)?;
    }
    let memory = 1u64.checked_shl(log_n).unwrap_or(u64::MAX).saturating_mul(128 * u64::from(r));
    within(memory, 1, MOST_SCRYPT_MEMORY)?;
    within(memory * u64::from(p), 1, MOST_SCRYPT_WORK)?;
    let log_n = u8::try_from(log_n).map_err(malformed)?;
    scrypt::Params::new(log_n, r, p).map(Function::Scrypt).map_err(malformed)
}

/// The rounds, of which each block of `block` bytes takes as many again.
fn read_rounds(phc: &phc::PasswordHash, output: &Output, block: usize) -> Result<u32, InvalidHash> {
    let rounds = number(phc, "i")?;
    let blocks = u64::try_from(output.len().div_ceil(block)).map_err(malformed)?;
    within(u64::from(rounds) * blocks, 1, MOST_PBKDF2_ROUNDS)?;
    Ok(rounds)
}

/// passlib writes `$1000$` for `$i=1000$`, and has a dot for the plus of base64.
fn with_named_rounds(text: &str) -> Cow<'_, str> {
    match text.split('$').collect::<Vec<_>>()[..] {
        ["", id, rounds, salt, output] if !rounds.contains('=') => {
            let [salt, output] = [salt, output].map(|part| part.replace('.', "+"));
            format!("${id}$i={rounds}${salt}${output}").into()
        }
        _ => text.into(),
    }
}

fn number(phc: &phc::PasswordHash, name: &str) -> Result<u32, InvalidHash> {
    phc.params.get_decimal(name).ok_or_else(|| malformed(format_args!("it has no parameter {name}")))
}

fn within(value: u64, least: u64, most: u64) -> Result<(), InvalidHash> {
    if value > most {
        return Err(InvalidHash::TooCostly);
    }
    if value < least { Err(malformed("a parameter is too small")) } else { Ok(()) }
}

fn malformed(error: impl std::fmt::Display) -> InvalidHash {
    InvalidHash::Malformed(error.to_string())
}

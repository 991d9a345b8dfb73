//! Hashes of other functions than argon2, which other systems made.

use std::borrow::Cow;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use denizen_services::{HashError, InvalidHash};
use pbkdf2::pbkdf2_hmac;
use sha2::{Sha256, Sha512};

use crate::phc::{self, failed, malformed, same};

/// 2^16 rounds of its key schedule, several seconds.
const MOST_BCRYPT_COST: u32 = 16;
/// Memory of scrypt (128·N·r bytes), as for argon2.
const MOST_SCRYPT_MEMORY: u64 = 256 << 20;
/// And what it goes through in one lane after the other (128·N·r·p bytes), several seconds.
const MOST_SCRYPT_WORK: u64 = 1 << 30;
/// Rounds of PBKDF2 for all blocks of the output, a few seconds. OWASP asks for 600,000.
const MOST_PBKDF2_ROUNDS: u64 = 10_000_000;

// What takes as long as argon2id takes to write 1 KiB, or how much longer it takes: measured beside each other on x86-64
// with SHA and AVX2 instructions, and rounded. Other machines differ by half.
/// Of one round of bcrypt's key schedule.
const BCRYPT_WORK: u64 = 100;
/// Of 1 KiB of scrypt's memory, which is written once and read once.
const SCRYPT_WORK: u64 = 3;
const PBKDF2_SHA256_ROUNDS: u64 = 4;
const PBKDF2_SHA512_ROUNDS: u64 = 1;

/// A hash that is readable and affordable.
pub(crate) enum Imported {
    Bcrypt { text: String, cost: u32 },
    Scrypt { params: scrypt::Params, salt: Salt, output: Output },
    Pbkdf2 { function: Pbkdf2, rounds: u32, salt: Salt, output: Output, work: u64 },
}

/// Takes the password, the salt and the rounds, and fills the output.
type Pbkdf2 = fn(&[u8], &[u8], u32, &mut [u8]);

impl Imported {
    pub fn read(text: &str) -> Result<Self, InvalidHash> {
        match text.split('$').nth(1) {
            Some("2a" | "2b" | "2y") => {
                let parts: bcrypt::HashParts = text.parse().map_err(malformed)?;
                within(u64::from(parts.get_cost()), 4, u64::from(MOST_BCRYPT_COST))?;
                Ok(Self::Bcrypt { text: text.to_owned(), cost: parts.get_cost() })
            }
            Some("scrypt") => {
                let (phc, salt, output) = phc::read(text)?;
                Ok(Self::Scrypt { params: read_scrypt(&phc)?, salt, output })
            }
            Some("pbkdf2-sha256") => Self::read_pbkdf2(text, pbkdf2_hmac::<Sha256>, 32, PBKDF2_SHA256_ROUNDS),
            Some("pbkdf2-sha512") => Self::read_pbkdf2(text, pbkdf2_hmac::<Sha512>, 64, PBKDF2_SHA512_ROUNDS),
            _ => Err(InvalidHash::Unsupported),
        }
    }

    /// Each block of `block` bytes of the output takes all the rounds again.
    fn read_pbkdf2(
        text: &str,
        function: Pbkdf2,
        block: usize,
        rounds_of_work: u64,
    ) -> Result<Self, InvalidHash> {
        let (phc, salt, output) = phc::read(&with_named_rounds(text))?;
        let rounds = number(&phc, "i")?;
        let blocks = u64::try_from(output.len().div_ceil(block)).map_err(malformed)?;
        let all_rounds = u64::from(rounds) * blocks;
        within(all_rounds, 1, MOST_PBKDF2_ROUNDS)?;
        Ok(Self::Pbkdf2 { function, rounds, salt, output, work: all_rounds / rounds_of_work })
    }

    /// How long a comparison takes, in the unit of [`Argon2Cost::work`](crate::Argon2Cost::work).
    pub fn work(&self) -> u64 {
        match self {
            Self::Bcrypt { cost, .. } => BCRYPT_WORK << cost,
            Self::Scrypt { params, .. } => {
                // Of the 128·N·r·p bytes that it goes through.
                ((SCRYPT_WORK * u64::from(params.r()) * u64::from(params.p())) << params.log_n()) / 8
            }
            Self::Pbkdf2 { work, .. } => *work,
        }
    }

    /// Whether it was made from these bytes.
    pub fn is_of(&self, password: &[u8]) -> Result<bool, HashError> {
        match self {
            Self::Bcrypt { text, .. } => {
                bcrypt::verify(password, text).map_err(|error| failed(error.to_string()))
            }
            Self::Scrypt { params, salt, output } => {
                same(output, |computed| scrypt::scrypt(password, salt, params, computed).map_err(failed))
            }
            Self::Pbkdf2 { function, rounds, salt, output, .. } => same(output, |computed| {
                function(password, salt, *rounds, computed);
                Ok(())
            }),
        }
    }
}

fn read_scrypt(phc: &PasswordHash) -> Result<scrypt::Params, InvalidHash> {
    let (log_n, r, p) = (number(phc, "ln")?, number(phc, "r")?, number(phc, "p")?);
    // Before anything is multiplied: none of the products below can overflow.
    for factor in [u64::from(log_n), u64::from(r), u64::from(p)] {
        within(factor, 1, 1 << 20)?;
    }
    let memory = 1u64.checked_shl(log_n).unwrap_or(u64::MAX).saturating_mul(128 * u64::from(r));
    within(memory, 1, MOST_SCRYPT_MEMORY)?;
    within(memory * u64::from(p), 1, MOST_SCRYPT_WORK)?;
    let log_n = u8::try_from(log_n).map_err(malformed)?;
    scrypt::Params::new(log_n, r, p).map_err(malformed)
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

fn number(phc: &PasswordHash, name: &str) -> Result<u32, InvalidHash> {
    phc.params.get_decimal(name).ok_or_else(|| malformed(format_args!("it has no parameter {name}")))
}

fn within(value: u64, least: u64, most: u64) -> Result<(), InvalidHash> {
    if value > most {
        return Err(InvalidHash::TooCostly);
    }
    if value < least { Err(malformed("a parameter is too small")) } else { Ok(()) }
}

//! Hashes as a store keeps them: reading them, and comparing passwords with them.

use argon2::{
    Algorithm, Argon2, Block, Params, RECOMMENDED_SALT_LEN, Version,
    password_hash::phc::{Output, Salt},
};
use denizen_models::Password;
#[cfg(feature = "imported")]
use denizen_services::PasswordHash;
use denizen_services::{HashError, InvalidHash};

#[cfg(feature = "imported")]
use crate::imported::Imported;
use crate::{
    cost::Argon2Cost,
    phc::{self, failed, malformed, same},
};

/// What precedes an imported hash that could be one of ours: their passwords may not have been composed.
const IMPORTED: &str = "$imported";

/// How much dearer an imported hash may be than those of our own: bcrypt of cost 12, which many systems make, takes 9 to 12
/// times as long as our recommended cost (230 ms beside 20 to 26 ms of a core, measured together).
#[cfg(feature = "imported")]
const DEAREST: u64 = 12;

/// See [`crate::Argon2Hasher::import`].
#[cfg(feature = "imported")]
pub(super) fn import(text: &str, own: Argon2Cost) -> Result<PasswordHash, InvalidHash> {
    // The mark is ours to give.
    let stored = StoredHash::read(text.strip_prefix(IMPORTED).map_or(text, |_| ""))?;
    if stored.work() > DEAREST * own.work() {
        return Err(InvalidHash::TooCostly);
    }
    Ok(PasswordHash::new(if stored.is_imported() { text.to_owned() } else { format!("{IMPORTED}{text}") }))
}

/// A hash that is readable and affordable.
pub(super) enum StoredHash {
    Argon2 {
        algorithm: Algorithm,
        version: Version,
        params: Params,
        salt: Salt,
        output: Output,
        marked: bool,
    },
    #[cfg(feature = "imported")]
    Imported(Imported),
}

impl StoredHash {
    pub fn read(text: &str) -> Result<Self, InvalidHash> {
        let (text, marked) = text.strip_prefix(IMPORTED).map_or((text, false), |text| (text, true));
        match text.split('$').nth(1) {
            Some("argon2id" | "argon2i" | "argon2d") => Self::read_argon2(text, marked),
            #[cfg(feature = "imported")]
            _ => Imported::read(text).map(Self::Imported),
            #[cfg(not(feature = "imported"))]
            _ => Err(InvalidHash::Unsupported),
        }
    }

    fn read_argon2(text: &str, marked: bool) -> Result<Self, InvalidHash> {
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
        Ok(Self::Argon2 { algorithm, version, params, salt, output, marked })
    }

    /// What of a password is to be compared, in this order. Our own hashes are of composed passwords; other systems may
    /// have hashed what was typed.
    pub fn forms_of<'p>(&self, password: &'p Password) -> impl Iterator<Item = &'p [u8]> + use<'p> {
        let typed = password.as_typed().filter(|_| self.is_imported());
        typed.into_iter().chain([password.as_bytes()])
    }

    fn is_imported(&self) -> bool {
        match self {
            Self::Argon2 { marked, .. } => *marked || !self.has_our_form(),
            #[cfg(feature = "imported")]
            Self::Imported(_) => true,
        }
    }

    /// Whether this is what a hasher of `cost` makes, or better.
    pub fn is_at_least(&self, cost: Argon2Cost) -> bool {
        match self {
            Self::Argon2 { params, .. } => self.has_our_form() && Argon2Cost::from(params).is_at_least(cost),
            #[cfg(feature = "imported")]
            Self::Imported(_) => false,
        }
    }

    fn has_our_form(&self) -> bool {
        match self {
            Self::Argon2 {
                algorithm: Algorithm::Argon2id, version: Version::V0x13, salt, output, ..
            } => salt.len() >= RECOMMENDED_SALT_LEN && output.len() >= Params::DEFAULT_OUTPUT_LEN,
            _ => false,
        }
    }

    /// How long a comparison takes, in the unit of [`Argon2Cost::work`].
    #[cfg(feature = "imported")]
    pub fn work(&self) -> u64 {
        match self {
            Self::Argon2 { params, .. } => Argon2Cost::from(params).work(),
            Self::Imported(imported) => imported.work(),
        }
    }

    /// Whether it was made from these bytes. `memory` serves argon2 if it has the right size.
    pub fn is_of(&self, password: &[u8], memory: &mut Vec<Block>) -> Result<bool, HashError> {
        match self {
            Self::Argon2 { algorithm, version, params, salt, output, .. } => same(output, |computed| {
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

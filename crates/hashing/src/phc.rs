//! The form of hashes (PHC strings), and the comparison that all of them have in common.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use denizen_services::{Cause, HashError, InvalidHash};
use zeroize::Zeroizing;

/// Whether `compute` fills as many bytes as `output` has with the same.
pub(crate) fn same(
    output: &Output,
    compute: impl FnOnce(&mut [u8]) -> Result<(), HashError>,
) -> Result<bool, HashError> {
    let mut computed = Zeroizing::new(vec![0; output.len()]);
    compute(&mut computed)?;
    // `Output` compares in constant time.
    Ok(Output::new(&computed).map_err(failed)? == *output)
}

pub(crate) fn read(text: &str) -> Result<(PasswordHash, Salt, Output), InvalidHash> {
    // The error types name what is wrong with the form, never its content.
    let phc = PasswordHash::new(text).map_err(malformed)?;
    let (Some(salt), Some(output)) = (phc.salt, phc.hash) else {
        return Err(malformed("it has no salt or no output"));
    };
    Ok((phc, salt, output))
}

pub(crate) fn malformed(error: impl std::fmt::Display) -> InvalidHash {
    InvalidHash::Malformed(error.to_string())
}

pub(crate) fn failed(error: impl Into<Cause>) -> HashError {
    HashError::Failed(error.into())
}

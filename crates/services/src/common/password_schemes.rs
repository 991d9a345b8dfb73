//! The schemes of the users' password hashes, and which of them the work of an unknown name is.
//!
//! After the cost of hashes was raised, and after an import, users have hashes of different costs. If unknown names had the
//! cost of today, the time of a failed sign-in would tell which names exist. So each unknown name has the scheme of some
//! user, and the schemes of unknown names are distributed like those of users.

use std::sync::Mutex;

use crate::{
    common::lock::lock,
    ports::{PasswordHash, store::PasswordScheme},
};

/// The schemes as they were when they were read last. Before that there are none, and unknown names have the cost of today.
#[derive(Default)]
pub(crate) struct PasswordSchemes(Mutex<Vec<PasswordScheme>>);

impl PasswordSchemes {
    pub fn replace(&self, schemes: Vec<PasswordScheme>) {
        *lock(&self.0) = schemes;
    }

    /// Returns the scheme of the user at `point`, were all users lined up by their schemes, and the line as long as the
    /// range of numbers. When users move from one scheme to another, few names move, and they move with the users.
    pub fn at(&self, point: u64) -> Option<PasswordHash> {
        let schemes = lock(&self.0);
        let all: u64 = schemes.iter().map(|scheme| scheme.users).sum();
        let mut rest = (u128::from(point) * u128::from(all)) >> u64::BITS;
        let here = |scheme: &&PasswordScheme| match rest.checked_sub(u128::from(scheme.users)) {
            Some(behind) => {
                rest = behind;
                false
            }
            None => true,
        };
        schemes.iter().find(here).map(|found| found.scheme.clone())
    }
}

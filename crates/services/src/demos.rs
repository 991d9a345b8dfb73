//! Demonstrations of the original application; not needed for user accounts.

pub(crate) mod calculate;
pub(crate) mod tasks;

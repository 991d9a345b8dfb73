//! Requests and answers of the demonstrations; not needed for user accounts.

pub(crate) mod calculate;
pub(crate) mod tasks;

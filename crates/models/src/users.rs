//! Users: the requests that create and change them, and what makes these valid.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod export;
pub(crate) mod patch;
pub(crate) mod update;

//! Wrapped around every route.

pub(crate) mod access_guard;
pub(crate) mod access_log;
pub(crate) mod authenticated;
pub(crate) mod cors;
pub(crate) mod credentials;
pub(crate) mod endpoint;

pub(crate) mod rate_limit;
pub(crate) mod service_keys;
pub(crate) mod wrap;

pub(crate) use self::endpoint::{Endpoint, route};

//! Wrapped around every route.

pub(crate) mod access_guard;
pub(crate) mod access_log;
pub(crate) mod client_ip;
pub(crate) mod cors;
pub(crate) mod credentials;
pub(crate) mod log_line;
pub(crate) mod observe;
pub(crate) mod rate_limit;

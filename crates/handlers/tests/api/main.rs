//! The handlers over fake services: what the services answer is set by the test, what a client sees is asserted.
//!
//! Business rules have their tests in `denizen-services`; here only the mapping to and from HTTP is looked at.

// Clippy grants `expect` and `panic!` to `#[cfg(test)]` modules, but not to the helpers of a test binary; saying so
// of the modules makes the helpers count as tests.
#[cfg(test)]
mod access;
#[cfg(test)]
mod account_errors;
#[cfg(all(test, feature = "openapi"))]
mod api_docs;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod auth;
#[cfg(test)]
mod bodies;
#[cfg(all(test, feature = "demos"))]
mod calculate;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod context;
#[cfg(test)]
mod cors;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod descriptions;
#[cfg(test)]
mod documentation;
#[cfg(test)]
mod embedding;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod forward_auth;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod ids;
#[cfg(test)]
mod introspection;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod local_only;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod mail_jobs;
#[cfg(test)]
mod mailed_tokens;
#[cfg(all(test, feature = "messages"))]
mod messages;
#[cfg(test)]
mod methods;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod panics;
#[cfg(test)]
mod password_reset;
#[cfg(test)]
mod patches;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod rate_limits;
#[cfg(test)]
mod request_ids;
#[cfg(test)]
mod slow_bodies;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod successes;
#[cfg(test)]
mod support;
#[cfg(all(test, feature = "demos"))]
mod tasks;
#[cfg(test)]
mod too_often;
#[cfg(test)]
mod unknown_paths;
#[cfg(test)]
mod uploads;

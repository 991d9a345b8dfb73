//! Black-box tests: a whole server on a socket of its own, driven over HTTP.

// Clippy grants `expect` and `panic!` to `#[cfg(test)]` modules, but not to the helpers of a test binary; saying so
// of the modules makes the helpers count as tests.
#[cfg(test)]
mod access;
#[cfg(test)]
mod api_reference;
#[cfg(test)]
mod authority;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod conditions;
#[cfg(test)]
mod email_change;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod forgotten_password;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod health;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod metadata;
#[cfg(test)]
mod metrics;
#[cfg(target_os = "linux")]
#[cfg(test)]
mod one_client;
#[cfg(test)]
mod one_time_tokens;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod password_reset;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod races;
#[cfg(test)]
mod registration;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod store_failure;
#[cfg(all(test, target_os = "linux"))]
mod storm;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod uniform;
#[cfg(test)]
mod volume;
#[cfg(test)]
mod wire;

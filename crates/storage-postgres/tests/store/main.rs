//! The store as its users see it, and as the database looks to others.

// Clippy grants `unwrap` to `#[cfg(test)]` modules, but not to the helpers of a test binary; saying so of the modules
// makes the helpers count as tests.
#[cfg(test)]
mod contract;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod support;

//! Black-box tests: a whole server on a socket of its own, driven over HTTP.

// Clippy grants `expect` and `panic!` to `#[cfg(test)]` modules, but not to the helpers of a test binary; saying so
// of the modules makes the helpers count as tests.
#[cfg(test)]
mod support;
#[cfg(test)]
mod wire;

//! What the tests drive the server with.

pub mod http;

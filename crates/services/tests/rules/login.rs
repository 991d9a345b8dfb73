//! Signing in.

mod answers;
mod flow;
mod limits;

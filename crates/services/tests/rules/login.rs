//! Signing in.

mod answers;
mod equal_work;
mod flow;
mod limits;

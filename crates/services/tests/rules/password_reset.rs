//! Resetting a forgotten password.

mod capacity;
mod dead_tokens;
mod disclosure;
mod flow;
mod limits;
mod policy;
mod races;
mod send;
mod validate;

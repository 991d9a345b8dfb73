//! A forgotten password.

mod edges;
mod faults;
mod flow;
mod guide;
pub mod matrix;
mod messages;
mod pages;
mod races;
mod store_failure;
mod tokens;
mod two_processes;
mod verbs;
mod wire;

//! A forgotten password.

mod bench;
mod edges;
mod faults;
mod flow;
mod guide;
mod hosts;
mod killed;
mod leaks;
pub mod matrix;
mod messages;
mod pages;
mod postgres;
mod races;
mod siege;
mod smtp;
mod store_failure;
mod tokens;
mod tools;
mod trail;
mod two_processes;
mod uniform;
mod verbs;
mod wire;

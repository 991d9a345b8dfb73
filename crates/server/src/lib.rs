//! The denizen binary: configuration and wiring

pub mod cli;
pub mod config;

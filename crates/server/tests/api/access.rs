//! Who may do what.

mod directory;
mod keys;
pub mod matrix;
mod members;
mod pages;

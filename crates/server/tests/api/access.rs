//! Who may do what.

mod directory;
pub mod matrix;
mod members;
mod pages;

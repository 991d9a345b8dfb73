//! Who may do what.

mod directory;
mod matrix;
mod members;

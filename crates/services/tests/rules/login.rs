//! Signing in.

mod answers;
mod devices;
mod equal_work;
mod flow;
mod limits;
mod siege;

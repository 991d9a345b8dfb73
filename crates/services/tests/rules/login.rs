//! Signing in.

mod answers;
mod devices;
mod flow;
mod limits;
mod siege;

//! Sessions: how long they last, who sees them, and who ends them.

mod lifetime;
mod revocation;

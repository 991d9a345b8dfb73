//! Signing up.

mod confirmation;
mod requests;
mod tutorial;
mod uniform;

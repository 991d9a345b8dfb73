//! Signing up.

mod confirmation;
mod limits;
mod requests;
mod tutorial;
mod uniform;

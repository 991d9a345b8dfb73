//! Changing the address of an account.

mod confirm;
mod request;

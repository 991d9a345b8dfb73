//! Service keys: programs that ask and act in their own name.

mod authority;
mod commands;
mod forward_auth;
mod introspection;
mod secrecy;

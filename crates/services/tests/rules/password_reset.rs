//! Resetting a forgotten password.

mod capacity;
mod changed_users;
mod dead_tokens;
mod disclosure;
mod flow;
mod kept_out;
mod limits;
mod mails;
mod policy;
mod purposes;
mod races;
mod secrets;
mod send;
mod validate;
mod verbs;

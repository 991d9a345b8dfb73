//! Resetting a forgotten password.

mod authority;
mod capacity;
mod changed_users;
mod dead_tokens;
mod devices;
mod disclosure;
mod flow;
mod hashing_queue;
mod kept_out;
mod kinds;
mod limits;
mod mails;
mod metrics;
mod policy;
mod purposes;
mod races;
mod secrets;
mod send;
mod siege;
mod sign_up_limits;
mod unsent;
mod validate;
mod verbs;

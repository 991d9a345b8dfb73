//! Users: find, list, create, replace, patch, delete.

mod administrators;
mod create;
mod credentials;
mod delete;
mod delete_account;
mod expected;
mod get;
mod list;
mod members;
mod metadata;
mod names;
mod paging;
mod patch;
mod samples;
mod update;

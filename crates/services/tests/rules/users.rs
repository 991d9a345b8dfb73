//! Users: find, list, create, replace, patch, delete.

mod administrators;
mod create;
mod credentials;
mod delete;
mod expected;
mod get;
mod list;
mod members;
mod paging;
mod patch;
mod update;

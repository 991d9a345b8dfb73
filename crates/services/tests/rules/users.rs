//! Users: find, list, create, replace, delete.

mod create;
mod credentials;
mod delete;
mod get;
mod list;
mod members;
mod paging;
mod update;

//! Connections, threads and transactions.

pub(crate) mod check;
pub(crate) mod checkpoint;
pub(crate) mod column;
pub(crate) mod disk;
pub(crate) mod error;
pub(crate) mod migrations;
pub(crate) mod open;
pub(crate) mod options;
pub(crate) mod queue;
pub(crate) mod readers;
pub(crate) mod sql;
pub(crate) mod transaction;
pub(crate) mod writer;

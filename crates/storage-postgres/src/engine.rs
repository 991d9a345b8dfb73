//! The machinery: connections, statements, errors, migrations.

pub(crate) mod column;
pub(crate) mod connect;
pub(crate) mod error;
pub(crate) mod migrations;
pub(crate) mod options;
pub(crate) mod order;
pub(crate) mod pass_file;
pub(crate) mod pool;
pub(crate) mod session;
pub(crate) mod shared;
pub(crate) mod sql;
pub(crate) mod tls;

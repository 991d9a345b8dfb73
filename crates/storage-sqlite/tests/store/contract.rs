//! The store on SQLite keeps the contract of the ports.

use std::sync::Arc;

use denizen_storage_sqlite::{SqliteOptions, SqliteStore};

denizen_testkit::store_contract!(async || {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(SqliteOptions::new(folder.path().join("denizen.db"))).unwrap();
    (Arc::new(store), folder)
});

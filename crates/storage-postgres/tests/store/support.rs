//! A database for each test.

use std::sync::Arc;

use denizen_storage_postgres::{PostgresOptions, PostgresStore};
use denizen_testkit::{Cluster, Database};

/// A database of the current schema, which no other test sees.
pub fn database() -> Database {
    let migrate = |url: &str| {
        let options: PostgresOptions = url.parse().unwrap();
        let migrating = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { PostgresStore::open(options).await.unwrap().shutdown().await });
        });
        migrating.join().unwrap();
    };
    Cluster::shared(migrate).database()
}

/// Opens a store as one more process would.
pub async fn open(database: &Database) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(database.url().parse().unwrap()).await.unwrap())
}

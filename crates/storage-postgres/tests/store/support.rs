//! A database for each test.

use std::sync::Arc;

use denizen_services::store::UnitOfWork;
use denizen_storage_postgres::{PostgresOptions, PostgresStore};
use denizen_testkit::{Cluster, Database, FixedClock, user_values};

/// The cluster of this binary, with a template of the current schema.
fn cluster() -> &'static Cluster {
    let migrate = |url: &str| {
        let options: PostgresOptions = url.parse().unwrap();
        let migrating = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { PostgresStore::open(options).await.unwrap().shutdown().await });
        });
        migrating.join().unwrap();
    };
    Cluster::shared(migrate)
}

/// A database of the current schema, which no other test sees.
pub fn database() -> Database {
    cluster().database()
}

/// A database without tables.
pub fn empty_database(options: &str) -> Database {
    cluster().empty_database(options)
}

/// Creates a user of this name.
pub fn sign_up(name: &str) -> UnitOfWork {
    UnitOfWork::new().insert_user(user_values(name), None, FixedClock::start())
}

/// Opens a store as one more process would.
pub async fn open(database: &Database) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(database.url().parse().unwrap()).await.unwrap())
}

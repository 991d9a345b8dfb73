//! Opening databases: new ones, old ones, and ones that are not ours.

use std::sync::Arc;

use denizen_services::store::{ReadStore as _, WriteStore as _};
use denizen_storage_postgres::{OpenError, PostgresStore};
use denizen_testkit::Database;
use tokio::task::JoinSet;

use crate::support::{database, empty_database, open, sign_up};

async fn try_open(database: &Database) -> Result<PostgresStore, OpenError> {
    PostgresStore::open(database.url().parse().unwrap()).await
}

/// Why the database is refused, with `PLACE` instead of its name. It is left as it is.
async fn refused(database: &Database) -> String {
    let tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'";
    let before = database.sql(tables);
    let error = try_open(database).await.unwrap_err().to_string();
    assert_eq!(database.sql(tables), before, "the database was changed");
    let place = error.split(' ').find(|word| word.starts_with("postgres://")).unwrap_or_default();
    error.replace(place, "PLACE")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_can_create_one_database_at_once() {
    let database = empty_database("");
    let mut opening = JoinSet::new();
    for _ in 0..8 {
        let options = database.url().parse().unwrap();
        opening.spawn(async move { PostgresStore::open(options).await.map(Arc::new) });
    }
    let stores: Result<Vec<_>, _> = opening.join_all().await.into_iter().collect();
    let stores = stores.unwrap();
    let user = stores[0].commit(sign_up("ann")).await.unwrap().user().unwrap();
    for store in stores {
        assert!(store.find_user(user).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_database_is_opened_again() {
    let database = database();
    let store = open(&database).await;
    let user = store.commit(sign_up("ann")).await.unwrap().user().unwrap();
    store.shutdown().await;
    assert!(store.commit(sign_up("ben")).await.is_err(), "it was shut down");
    store.shutdown().await;
    assert!(open(&database).await.find_user(user).await.unwrap().is_some());
}

#[tokio::test]
async fn the_database_of_another_program_is_left_alone() {
    let database = empty_database("");
    let _ = database.sql("CREATE TABLE notes (text TEXT)");
    assert_eq!(
        refused(&database).await,
        "the database PLACE has tables of another program; name another database"
    );
}

#[tokio::test]
async fn the_database_of_a_newer_program_is_left_alone() {
    let database = database();
    let _ =
        database.sql("INSERT INTO denizen_migrations (version, name, checksum) VALUES (1000, '1000_x', 1)");
    let expected = format!(
        "the database PLACE has schema 1000, this program knows schemas up to {}; use a newer program",
        PostgresStore::SCHEMA
    );
    assert_eq!(refused(&database).await, expected);
}

#[tokio::test]
async fn a_changed_migration_is_noticed() {
    let database = database();
    let _ = database.sql("UPDATE denizen_migrations SET checksum = checksum + 1");
    let expected = "the database PLACE was made with another form of migration 0001_accounts; use the program that made it";
    assert_eq!(refused(&database).await, expected);
}

#[tokio::test]
async fn another_encoding_is_refused() {
    let database = empty_database("ENCODING 'LATIN1' LOCALE 'C'");
    assert!(
        refused(&database).await.starts_with("the database PLACE cannot be used: its encoding must be UTF8")
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let options = "postgres://ann:hunter2@127.0.0.1:1/users".parse().unwrap();
    let error = PostgresStore::open(options).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot open the database postgres://ann@127.0.0.1:1/users: "), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

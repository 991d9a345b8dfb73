//! The database of a test: a file, or with `DENIZEN_TEST_DATABASE=postgres` one of a PostgreSQL server that ends with the tests.

use std::{
    collections::BTreeMap,
    env,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use denizen_testkit::{Cluster, Database};

/// Those of all folders so far. Servers in one folder share one.
static DATABASES: Mutex<BTreeMap<PathBuf, &'static Database>> = Mutex::new(BTreeMap::new());

/// The `database` setting of servers in this folder.
pub fn url(folder: &Path) -> String {
    on_postgres(folder).unwrap_or_else(|| format!("sqlite://{}", folder.join("denizen.db").display()))
}

/// The same, if it is not a file.
pub fn on_postgres(folder: &Path) -> Option<String> {
    let chosen = env::var("DENIZEN_TEST_DATABASE").ok()?;
    assert_eq!(chosen, "postgres", "DENIZEN_TEST_DATABASE");
    Some(of_folder(folder).url())
}

/// The database on PostgreSQL of servers in this folder. It stays until the tests are over, as their servers may.
pub fn of_folder(folder: &Path) -> &'static Database {
    let mut databases = DATABASES.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || &*Box::leak(Box::new(Cluster::shared(|_| {}).database()));
    databases.entry(folder.to_owned()).or_insert_with(make)
}

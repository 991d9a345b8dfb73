//! Opening files: new ones, old ones, and ones that are not ours.

use std::{
    fs,
    path::{Path, PathBuf},
};

use denizen_models::Username;
use denizen_services::store::{ReadStore as _, UnitOfWork, WriteStore as _};
use denizen_storage_sqlite::{OpenError, SqliteOptions, SqliteStore};
use denizen_testkit::{FixedClock, user_values};
use rusqlite::Connection;
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    (folder, path)
}

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(SqliteOptions::new(path))
}

/// A database of ours, changed by `sql` behind our back.
fn tampered(sql: &str) -> (TempDir, PathBuf) {
    let (folder, path) = folder();
    drop(open(&path).unwrap());
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    (folder, path)
}

fn refused(path: &Path) -> String {
    let before = fs::read(path).unwrap();
    let error = open(path).unwrap_err();
    assert_eq!(fs::read(path).unwrap(), before, "the file was changed");
    error.to_string().replace(&path.display().to_string(), "PATH")
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_file_is_opened_again() {
    let (_folder, path) = folder();
    let store = open(&path).unwrap();
    let work = UnitOfWork::new().insert_user(user_values("ann"), None, FixedClock::start());
    store.commit(work).await.unwrap();
    drop(store);

    let store = open(&path).unwrap();
    let ann = store.find_user_by_username(&Username::parse("Ann").unwrap()).await.unwrap().unwrap();
    assert_eq!(ann.values, user_values("ann"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, path) = folder();
    let store = open(&path).unwrap();
    let work = UnitOfWork::new().insert_user(user_values("ann"), None, FixedClock::start());
    store.commit(work).await.unwrap();
    let modes = fs::read_dir(folder.path()).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777)
    });
    let mut modes: Vec<_> = modes.collect();
    modes.sort();
    let expected = ["denizen.db", "denizen.db-shm", "denizen.db-wal"].map(|name| (name.to_owned(), 0o600));
    assert_eq!(modes, expected);
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let (_folder, path) = folder();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE notes (text)").unwrap();
    assert_eq!(refused(&path), "PATH is not a denizen database; name another file");
    let (_folder, path) = folder();
    Connection::open(&path).unwrap().execute_batch("PRAGMA application_id = 7").unwrap();
    assert_eq!(refused(&path), "PATH is not a denizen database; name another file");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let (_folder, path) = folder();
    fs::write(&path, "dear diary, ".repeat(1000)).unwrap();
    assert_eq!(refused(&path), "PATH is not a denizen database; name another file");
}

#[test]
fn the_database_of_a_newer_program_is_left_alone() {
    let (_folder, path) =
        tampered("INSERT INTO migrations (version, name, checksum) VALUES (1000, '1000_x', 1)");
    let error = refused(&path);
    let known = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap().count();
    let expected = format!(
        "the database PATH has schema 1000, this program knows schemas up to {known}; use a newer program"
    );
    assert_eq!(error, expected);
}

#[test]
fn a_changed_migration_is_noticed() {
    let (_folder, path) = tampered("UPDATE migrations SET checksum = checksum + 1 WHERE version = 2");
    let expected = "the database PATH was made with another form of migration 0002_user_lists; use the program that made it";
    assert_eq!(refused(&path), expected);
}

#[test]
fn a_missing_folder_is_named() {
    let (folder, _) = folder();
    let path = folder.path().join("missing").join("denizen.db");
    let error = open(&path).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("cannot open or create the database {}: ", path.display())),
        "{error}"
    );
    assert!(!path.exists());
}

#[test]
fn a_folder_is_no_database() {
    let (folder, _) = folder();
    assert!(matches!(open(folder.path()), Err(OpenError::Unusable { path, .. }) if path == folder.path()));
    assert!(matches!(open(Path::new("")), Err(OpenError::Unusable { .. })));
}

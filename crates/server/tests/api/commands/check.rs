//! `denizen check`

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
    os::unix::fs::symlink,
    path::Path,
};

use rusqlite::Connection;
use tempfile::TempDir;

use super::denizen;
use crate::support::process::Process;

/// A database with the sample users, and the server's hands off it.
async fn folder_with_database() -> TempDir {
    let folder = TempDir::new().unwrap();
    Process::start(folder.path()).await.stop().await;
    folder
}

fn change(folder: &Path, sql: &str) {
    Connection::open(folder.join("denizen.db")).unwrap().execute_batch(sql).unwrap();
}

/// Security checklist: 74.
#[tokio::test]
async fn a_sound_database_is_called_so_beside_a_server_and_without() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    let path = folder.path().join("denizen.db");
    let sound = format!("the database {} is sound\n", path.display());
    assert_eq!(denizen(folder.path(), "check").await.done(), sound);
    server.stop().await;
    let before = fs::read(&path).unwrap();
    assert_eq!(denizen(folder.path(), "check").await.done(), sound);
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// Security checklist: 74.
#[tokio::test]
async fn damage_is_named_with_exit_code_1() {
    let folder = folder_with_database().await;
    let path = folder.path().join("denizen.db");
    let page = 4096;
    let pages = fs::metadata(&path).unwrap().len() / page;
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Every other page, from the second half on: some of them are tables and some are indexes.
    for number in (pages / 2..pages).step_by(2) {
        file.seek(SeekFrom::Start(number * page)).unwrap();
        file.write_all(&[0xa5; 512]).unwrap();
    }
    let refused = denizen(folder.path(), "check").await.refused(1);
    let head = format!("the database {} is damaged; restore a backup:\n- ", path.display());
    assert!(refused.starts_with(&head) || refused.contains("malformed"), "{refused}");
}

/// Security checklist: 74.
#[tokio::test]
async fn a_row_that_refers_to_nothing_is_damage() {
    let folder = folder_with_database().await;
    change(
        folder.path(),
        "PRAGMA foreign_keys = OFF; INSERT INTO tokens VALUES (99, 'password_reset', zeroblob(32), 1, NULL)",
    );
    let refused = denizen(folder.path(), "check").await.refused(1);
    assert!(refused.ends_with(" of tokens refers to a row of users that does not exist"), "{refused}");
}

#[tokio::test]
async fn what_is_no_database_of_ours_is_called_so_and_nothing_is_made_or_changed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("denizen.db");
    let missing = denizen(folder.path(), "check").await.refused(1);
    assert_eq!(missing, format!("there is no database {}", path.display()));
    assert!(!path.exists());
    let empty = format!("there is no database in {}, the file is empty", path.display());
    let not_ours = format!("{} is not a denizen database; name another file", path.display());
    let no_database = format!("cannot open the database {}: file is not a database", path.display());
    for (contents, expected) in [("", &empty), (&*"some text\n".repeat(20), &no_database)] {
        fs::write(&path, contents).unwrap();
        assert_eq!(denizen(folder.path(), "check").await.refused(1), *expected, "{contents:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), contents);
    }
    fs::remove_file(&path).unwrap();
    symlink("gone.db", &path).unwrap();
    let link = denizen(folder.path(), "check").await.refused(1);
    assert!(link.ends_with("denizen.db: it is a link to a file that does not exist"), "{link}");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let is_folder = denizen(folder.path(), "check").await.refused(1);
    assert!(is_folder.ends_with("denizen.db: is a directory"), "{is_folder}");
    fs::remove_dir(&path).unwrap();
    change(folder.path(), "CREATE TABLE other (x)");
    assert_eq!(denizen(folder.path(), "check").await.refused(1), not_ours);
    let memory = denizen(folder.path(), "check --database memory:").await.refused(2);
    assert!(memory.starts_with("the in-memory database is only visible to the server"), "{memory}");
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_called_so() {
    let folder = folder_with_database().await;
    change(folder.path(), "INSERT INTO migrations (version, name, checksum) VALUES (999, '0999_later', 1)");
    let refused = denizen(folder.path(), "check").await.refused(1);
    assert!(refused.contains(" has schema 999, this program knows schemas up to "), "{refused}");
}

//! How long the log grows.

use std::{
    path::{Path, PathBuf},
    sync::atomic::Ordering,
    time::Duration,
};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::{SqliteStore, tests::open};

/// Pages of 4 KiB that one commit writes.
const PAGES: u64 = 500;

/// Writes the same pages again and again: the database stays small, and the log would not. Returns the longest that the
/// log was.
async fn rewrite(store: &SqliteStore, log: &Path, commits: usize) -> u64 {
    let mut longest = 0;
    for _ in 0..commits {
        let rewrite = format!("UPDATE ballast SET text = hex(randomblob({}))", PAGES * 2048);
        store.writer.run(move |connection| Ok(connection.execute(&rewrite, [])?)).await.unwrap();
        longest = longest.max(std::fs::metadata(log).unwrap().len());
    }
    longest
}

fn open_with_ballast() -> (SqliteStore, TempDir, PathBuf) {
    let (store, folder) = open();
    let fill = "CREATE TABLE ballast (text TEXT); INSERT INTO ballast VALUES ('')";
    let log = folder.path().join("denizen.db-wal");
    Connection::open(folder.path().join("denizen.db")).unwrap().execute_batch(fill).unwrap();
    (store, folder, log)
}

/// Security checklist: 74.
#[tokio::test]
async fn the_log_stays_short_while_commits_never_pause_and_shrinks_when_they_do() {
    let (store, _folder, log) = open_with_ballast();
    let longest = rewrite(&store, &log, 300).await;
    assert!(longest < 64 << 20, "the log grew to {longest} bytes");

    let is_long = || std::fs::metadata(&log).unwrap().len() > 8 << 20;
    let shorter = async {
        while is_long() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), shorter).await.unwrap();
}

/// Security checklist: 74.
#[tokio::test]
async fn a_program_that_keeps_reading_costs_room_and_no_commit_and_the_log_shrinks_when_it_ends() {
    let (store, folder, log) = open_with_ballast();
    let mut other = Connection::open(folder.path().join("denizen.db")).unwrap();
    let reading = other.transaction().unwrap();
    reading.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, i64>(0)).unwrap();

    let stuck = rewrite(&store, &log, 50).await;
    assert!(stuck > 64 << 20, "the log has {stuck} bytes");
    assert!(store.disk.log_is_stuck.load(Ordering::Relaxed));

    reading.commit().unwrap();
    rewrite(&store, &log, 3).await;
    assert!(std::fs::metadata(&log).unwrap().len() <= 9 << 20);
    assert!(!store.disk.log_is_stuck.load(Ordering::Relaxed));
}

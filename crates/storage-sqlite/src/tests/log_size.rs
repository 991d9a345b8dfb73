//! How long the log grows.

use std::time::Duration;

use crate::tests::open;

/// Pages of 4 KiB that one commit writes.
const PAGES: u64 = 500;

/// Security checklist: 74.
#[tokio::test]
async fn the_log_stays_short_while_commits_never_pause_and_shrinks_when_they_do() {
    let (store, folder) = open();
    let fill = "CREATE TABLE ballast (text TEXT); INSERT INTO ballast VALUES ('')";
    store.writer.run(move |connection| Ok(connection.execute_batch(fill)?)).await.unwrap();

    let log = folder.path().join("denizen.db-wal");
    let (commits, mut longest) = (300, 0);
    for _ in 0..commits {
        // The same pages again and again: the database stays small, and the log would not.
        let rewrite = format!("UPDATE ballast SET text = hex(randomblob({}))", PAGES * 2048);
        store.writer.run(move |connection| Ok(connection.execute(&rewrite, [])?)).await.unwrap();
        longest = longest.max(std::fs::metadata(&log).unwrap().len());
    }
    assert!(longest < 64 << 20, "the log grew to {longest} bytes");

    let is_long = || std::fs::metadata(&log).unwrap().len() > 8 << 20;
    let shorter = async {
        while is_long() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), shorter).await.unwrap();
}

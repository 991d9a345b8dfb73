//! How long the log grows.

use crate::tests::open;

/// Pages of 4 KiB that one commit writes.
const PAGES: u64 = 500;

#[tokio::test]
async fn the_log_stays_short_while_commits_never_pause() {
    let (store, folder) = open();
    let fill = "CREATE TABLE ballast (text TEXT); INSERT INTO ballast VALUES ('')";
    store.writer.run(move |connection| Ok(connection.execute_batch(fill)?)).await.unwrap();

    let (commits, mut longest) = (300, 0);
    for _ in 0..commits {
        // The same pages again and again: the database stays small, and the log would not.
        let rewrite = format!("UPDATE ballast SET text = hex(randomblob({}))", PAGES * 2048);
        store.writer.run(move |connection| Ok(connection.execute(&rewrite, [])?)).await.unwrap();
        longest = longest.max(std::fs::metadata(folder.path().join("denizen.db-wal")).unwrap().len());
    }
    let written = commits * PAGES * 4096;
    assert!(longest < written / 2, "the log grew to {longest} of {written} bytes");
}

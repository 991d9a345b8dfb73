//! What the connections are set to.

use crate::{engine::open::setting, tests::open};

#[tokio::test]
async fn the_writer_waits_for_the_disk_and_leaves_checkpoints_to_others() {
    let (store, _folder) = open();
    let expected = [
        ("journal_mode", "wal"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("wal_autocheckpoint", "0"),
        ("busy_timeout", "1000"),
    ];
    let found = store
        .writer
        .run(move |connection| {
            let find = |(name, _): &(&str, &str)| setting(connection, name);
            Ok(expected.iter().map(find).collect::<rusqlite::Result<Vec<_>>>()?)
        })
        .await;
    assert_eq!(found, Ok(expected.map(|(_, value)| value.to_owned()).to_vec()));
}

#[tokio::test]
async fn readers_cannot_write() {
    let (store, _folder) = open();
    let found = store.readers.read(|connection| Ok(setting(connection, "query_only")?)).await;
    assert_eq!(found.as_deref(), Ok("1"));
    let refused = store.readers.read(|connection| Ok(connection.execute("DELETE FROM audit", [])?)).await;
    assert!(refused.is_err(), "{refused:?}");
}

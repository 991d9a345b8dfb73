//! Panics, and the end of threads.

use std::time::Duration;

use denizen_services::store::{ReadStore as _, StoreFailure, WriteStore as _};

use crate::tests::{Unit, names, open, open_with, sign_up, user_values, write_together};

fn unavailable<T, E: From<StoreFailure>>(reason: &str) -> Result<T, E> {
    Err(StoreFailure::Unavailable(reason.into()).into())
}

#[tokio::test]
async fn a_panicking_unit_leaves_its_neighbours_unharmed() {
    let (store, _folder) = open();
    let panicking = Unit::new(|connection| {
        connection.execute("DELETE FROM users", [])?;
        panic!("the test wants it");
    });
    let (ann, ben) = (Unit::of(sign_up(user_values("ann"))), Unit::of(sign_up(user_values("ben"))));
    let verdicts = write_together(&store, [ann, panicking, ben]).await;
    assert_eq!(verdicts, [Ok(()), Err(StoreFailure::Malformed("the unit panicked".into()).into()), Ok(())]);
    assert_eq!(names(&store).await, ["ann", "ben"]);
}

#[tokio::test]
async fn nobody_waits_for_a_dead_writer() {
    let (store, _folder) = open();
    store.commit(sign_up(user_values("ann"))).await.unwrap();
    let (mut fatal, answer) = Unit::of(sign_up(user_values("ben")));
    fatal.before_answer = Box::new(|| panic!("the test wants it"));
    let behind = Unit::of(sign_up(user_values("cleo")));
    let verdicts = write_together(&store, [(fatal, answer), behind]).await;
    assert_eq!(verdicts, [unavailable("no answer"), unavailable("no answer")]);

    assert_eq!(store.failed().await, StoreFailure::Unavailable("the writer has failed".into()));
    assert_eq!(store.commit(sign_up(user_values("dora"))).await, unavailable("the store has stopped"));
    let batch = store.commit_batch(vec![sign_up(user_values("dora"))]).await;
    assert_eq!(batch, [unavailable("the store has stopped")]);
    assert_eq!(store.ping().await, unavailable("the store has stopped"));
    // What was committed is there although its caller does not know, and readers go on.
    assert_eq!(names(&store).await, ["ann", "ben", "cleo"]);
    store.shutdown().await;
}

#[tokio::test]
async fn a_panicking_read_harms_no_other() {
    let (store, _folder) = open_with(|options| crate::SqliteOptions { readers: 1, ..options });
    let read = store.readers.read(|_| -> Result<(), _> { panic!("the test wants it") }).await;
    assert_eq!(read, unavailable("the read failed"));
    assert_eq!(store.ping().await, Ok(()));
}

/// Security checklist: 54.
#[tokio::test]
async fn a_read_that_takes_too_long_is_ended() {
    let limit = Duration::from_millis(20);
    let (store, _folder) = open_with(|options| crate::SqliteOptions { read_time_limit: limit, ..options });
    let endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let read = store.readers.read(move |connection| {
        crate::engine::sql::find(connection, endless, [], |row| Ok(row.get::<_, i64>(0)?))
    });
    assert_eq!(read.await, Err(StoreFailure::Busy("it took too long".into())));
    assert_eq!(store.ping().await, Ok(()));
}

#[tokio::test]
async fn shutting_down_writes_what_was_accepted_and_refuses_the_rest() {
    let (store, folder) = open();
    let path = folder.path().join("denizen.db");
    let accepted = (0..300).map(|number| Unit::of(sign_up(user_values(&format!("user_{number}")))));
    let (verdicts, ()) = tokio::join!(biased; write_together(&store, accepted), store.shutdown());
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");

    store.shutdown().await;
    assert_eq!(store.commit(sign_up(user_values("late"))).await, unavailable("the store has stopped"));
    assert_eq!(store.ping().await, unavailable("the store has stopped"));
    assert_eq!(store.failed().await, StoreFailure::Unavailable("the store has stopped".into()));
    assert!(!path.with_extension("db-wal").exists(), "the log is still there");

    let reopened = crate::SqliteStore::open(crate::SqliteOptions::new(path)).unwrap();
    assert_eq!(names(&reopened).await.len(), 300);
}

#[tokio::test]
async fn dropping_the_store_moves_the_log_into_the_database() {
    let (store, folder) = open();
    store.commit(sign_up(user_values("ann"))).await.unwrap();
    drop(store);
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(files.collect::<Vec<_>>(), ["denizen.db"]);
}

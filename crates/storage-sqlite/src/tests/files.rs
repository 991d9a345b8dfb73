//! Files that are taken away, replaced or damaged under an open store.

use std::{fs, path::Path};

use denizen_services::store::{ReadStore as _, StoreFailure, WriteStore as _};

use crate::{
    SqliteOptions, SqliteStore,
    tests::{names, open, sign_up, until_ready, user_values},
};

/// Why a ping fails, without the path.
async fn reason(store: &SqliteStore, path: &Path) -> String {
    let failure = store.ping().await.unwrap_err();
    failure.to_string().replace(&path.display().to_string(), "PATH")
}

/// Security checklist: 74.
#[tokio::test]
async fn a_file_that_is_gone_or_another_stops_writes_at_once_and_until_it_is_back() {
    let (store, folder) = open();
    store.commit(sign_up(user_values("ann"))).await.unwrap();
    for name in ["denizen.db", "denizen.db-wal", "denizen.db-shm"] {
        let (path, away) = (folder.path().join(name), folder.path().join("away"));
        fs::rename(&path, &away).unwrap();
        let gone = "the store is busy: PATH is gone: No such file or directory (os error 2)";
        assert_eq!(reason(&store, &path).await, gone);
        let failure = store.commit(sign_up(user_values("ben"))).await.unwrap_err();
        assert_eq!(failure.to_string(), gone.replace("PATH", &path.display().to_string()));
        fs::write(&path, "").unwrap();
        assert_eq!(reason(&store, &path).await, "the store is busy: PATH has been replaced by another file");
        assert_eq!(names(&store).await, ["ann"]);
        fs::rename(&away, &path).unwrap();
        assert_eq!(store.ping().await, Ok(()));
    }
    store.commit(sign_up(user_values("ben"))).await.unwrap();
    assert_eq!(names(&store).await, ["ann", "ben"]);
}

/// Security checklist: 74.
#[tokio::test]
async fn damage_stops_writes_until_the_file_is_sound() {
    let (store, folder) = open();
    store.commit(sign_up(user_values("ann"))).await.unwrap();
    let path = folder.path().join("denizen.db");
    // Everything is in the one file then.
    drop(store);
    let store = SqliteStore::open(SqliteOptions::new(&path)).unwrap();
    let sound = fs::read(&path).unwrap();
    let damage = |bytes: &[u8]| {
        use std::io::Write as _;
        // In place: a new file would be another one.
        fs::OpenOptions::new().write(true).open(&path).unwrap().write_all(bytes).unwrap();
    };
    damage(&vec![0x5a; sound.len()]);
    let damaged = StoreFailure::Corrupt("the database file is damaged".into());
    assert_eq!(store.ping().await, Err(damaged.clone()));
    assert_eq!(store.ping().await, Err(damaged));
    let failure = store.commit(sign_up(user_values("ben"))).await.unwrap_err();
    assert_eq!(failure.to_string(), "the store is busy: the database file is damaged");
    damage(&sound);
    until_ready(&store).await;
    store.commit(sign_up(user_values("ben"))).await.unwrap();
    assert_eq!(names(&store).await, ["ann", "ben"]);
}

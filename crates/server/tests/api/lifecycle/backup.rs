//! A backup of a server that works, as the pages recommend it.

use std::{
    fs::OpenOptions,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::spawn_blocking};

use super::crash::{check_integrity, create_users};
use crate::support::process::{Process, run};

/// `sqlite3 denizen.db "VACUUM INTO 'backup.db'"`, into a file that only its owner can read.
fn back_up(folder: &Path, copy: &str) {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(copy)).unwrap();
    let path = folder.join("denizen.db");
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let copy = folder.join(copy);
    database.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
}

/// Security checklist: 61.
#[tokio::test]
async fn a_backup_under_load_has_everything_that_was_acknowledged_before_it_began() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let (told, mut hear) = mpsc::unbounded_channel();
    let clients = create_users(process.address, "busy".to_owned(), told);
    let mut acknowledged = Vec::new();
    for _ in 0..50 {
        acknowledged.push(hear.recv().await.expect("clients that go on"));
    }
    let mut meanwhile = 0;
    for number in 0.. {
        while let Ok(user) = hear.try_recv() {
            acknowledged.push(user);
        }
        let (path, copy) = (folder.path().to_owned(), format!("backup_{number}.db"));
        let mut copying = spawn_blocking(move || back_up(&path, &copy));
        let mut late = Vec::new();
        loop {
            tokio::select! {
                copied = &mut copying => break copied.unwrap(),
                Some(user) = hear.recv() => late.push(user),
            }
        }
        let copy = folder.path().join(format!("backup_{number}.db"));
        assert_eq!(copy.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let database = Connection::open_with_flags(&copy, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut found = database.prepare("SELECT 1 FROM users WHERE id = ?1 AND username = ?2").unwrap();
        for (id, name) in &acknowledged {
            assert!(found.exists((i64::try_from(*id).unwrap(), name)).unwrap(), "{name} is not in the copy");
        }
        meanwhile += late.len();
        acknowledged.extend(late);
        if number >= 2 && meanwhile > 0 {
            break;
        }
    }
    process.kill().await;
    clients.await.unwrap();
    check_integrity(folder.path());
    let checked = run(folder.path(), &["check", "--database", "sqlite://backup_2.db"]).await;
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let restored = TempDir::new().unwrap();
    std::fs::copy(folder.path().join("backup_2.db"), restored.path().join("denizen.db")).unwrap();
    let process = Process::start(restored.path()).await;
    process.stop().await;
}

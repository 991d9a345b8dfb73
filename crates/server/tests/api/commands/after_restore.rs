//! `denizen after-restore`

use std::{
    fs,
    io::{Seek as _, SeekFrom, Write as _},
};

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::{actors, audit, denizen};
use crate::support::{
    account::{accept_invitation, logout, session_id},
    api::{self, user},
    process::Process,
};

/// Security checklist: 61.
#[tokio::test]
async fn what_ended_since_the_backup_stays_ended_and_no_id_is_given_twice() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    let session = api::token_of(server.address, "alice_dev").await;
    api::create(server.address, &user("frank")).await.succeeded(201);
    let invitation = server.token_for("frank@example.com").await;
    server.stop().await;
    fs::copy(folder.path().join("denizen.db"), folder.path().join("backup.db")).unwrap();
    // Since the backup, a session and a token end, and ids are given.
    let server = Process::start(folder.path()).await;
    logout(server.address, &session).await.succeeded(200);
    accept_invitation(server.address, &invitation, "newsecurepassword").await.succeeded(200);
    let grace = api::create(server.address, &user("grace")).await.succeeded(201)["data"]["id"].clone();
    let administrator = api::token_of(server.address, "diana_admin").await;
    let (last_session, last_event) = (
        session_id(server.address, &administrator).await,
        audit(&server, &administrator).await[0]["id"].clone(),
    );
    server.stop().await;
    fs::rename(folder.path().join("backup.db"), folder.path().join("denizen.db")).unwrap();

    let said = denizen(folder.path(), "after-restore --skip-ids 5000").await.done();

    assert!(
        said.starts_with("ended ")
            && said.ends_with(" sessions, mailed tokens and pending sign-ups; new ids are higher by 5000\n"),
        "{said}"
    );
    let server = Process::start(folder.path()).await;
    assert!(!api::is_open(server.address, &session).await);
    accept_invitation(server.address, &invitation, "newsecurepassword")
        .await
        .refused(400, "INVITATION_FAILED");
    let administrator = api::token_of(server.address, "diana_admin").await;
    let heidi = api::create(server.address, &user("heidi")).await.succeeded(201)["data"]["id"].clone();
    let trail = audit(&server, &administrator).await;
    for (before, after) in [
        (grace, heidi),
        (json!(last_session), json!(session_id(server.address, &administrator).await)),
        (last_event, trail[0]["id"].clone()),
    ] {
        assert!(after.as_u64() > before.as_u64(), "{after} after {before}");
    }
    assert_eq!(actors(&server, &administrator, "database.restored").await, ["cli"]);
}

/// Security checklist: 74.
#[tokio::test]
async fn a_restored_database_that_is_damaged_is_called_so() {
    let folder = TempDir::new().unwrap();
    Process::start(folder.path()).await.stop().await;
    let path = folder.path().join("denizen.db");
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'audit'";
    let page: i64 = Connection::open(&path).unwrap().query_row(root, [], |row| row.get(0)).unwrap();
    let mut file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start((page - 1).cast_unsigned() * 4096)).unwrap();
    file.write_all(&[0xa5; 4096]).unwrap();
    let refused = denizen(folder.path(), "after-restore").await.refused(1);
    assert!(refused.ends_with("the store is corrupt: the database file is damaged"), "{refused}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made() {
    let folder = TempDir::new().unwrap();
    let refused = denizen(folder.path(), "after-restore").await.refused(1);
    assert!(refused.starts_with("there is no database ") && refused.ends_with("denizen.db"), "{refused}");
    assert!(!folder.path().join("denizen.db").exists());
}

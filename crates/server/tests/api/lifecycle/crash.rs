//! Being killed in the middle of its work. (The machine's own crash cannot be staged here; against that, the store
//! waits for the disk before each answer.)

use std::{net::SocketAddr, path::Path};

use rusqlite::{Connection as Database, OpenFlags};
use tempfile::TempDir;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
};

use crate::support::{
    api::{self, user},
    http::{Connection, Request},
    process::Process,
};

/// A user that the server said it had created.
pub type Acknowledged = (u64, String);

/// Four clients who create one user after the other until the server is gone.
pub fn create_users(
    at: SocketAddr,
    prefix: String,
    told: mpsc::UnboundedSender<Acknowledged>,
) -> JoinHandle<()> {
    let mut clients = JoinSet::new();
    for client in 0..4 {
        let (prefix, told) = (prefix.clone(), told.clone());
        clients.spawn(async move {
            let mut connection = Connection::open(at).await.expect("a server that listens");
            for number in 0.. {
                let name = format!("{prefix}_{client}_{number}");
                let request = Request::post("/api/users").json(&user(&name));
                let Ok(response) = connection.send(&request).await else { return };
                let body = response.succeeded(201);
                told.send((body["data"]["id"].as_u64().expect("an id"), name)).expect("a listener");
            }
        });
    }
    tokio::spawn(async move { drop(clients.join_all().await) })
}

pub fn check_integrity(folder: &Path) {
    let path = folder.join("denizen.db");
    let database = Database::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let mut orphans = database.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(!orphans.exists([]).unwrap(), "rows refer to what is gone");
}

/// Security checklist: 22.
#[tokio::test]
async fn every_user_that_was_acknowledged_survives_kill_9() {
    let folder = TempDir::new().unwrap();
    let mut acknowledged: Vec<Acknowledged> = Vec::new();
    for (round, enough) in [1, 10, 33, 100, 250].into_iter().enumerate() {
        let process = Process::start(folder.path()).await;
        let (told, mut hear) = mpsc::unbounded_channel();
        let clients = create_users(process.address, format!("round_{round}"), told);
        let before = acknowledged.len();
        while acknowledged.len() < before + enough {
            acknowledged.push(hear.recv().await.expect("clients that go on"));
        }

        process.kill().await;

        clients.await.unwrap();
        // What was answered while the signal was on its way counts as well.
        while let Some(late) = hear.recv().await {
            acknowledged.push(late);
        }
        let process = Process::start(folder.path()).await;
        for (id, name) in &acknowledged[before..] {
            let found = api::get(process.address, *id).await.succeeded(200);
            assert_eq!(found["data"]["username"], **name);
        }
        check_integrity(folder.path());
        process.kill().await;
    }

    let process = Process::start(folder.path()).await;
    for (id, name) in &acknowledged {
        let found = api::list(process.address, &format!("?search={name}&limit=200")).await.succeeded(200);
        assert!(api::ids_of(&found).contains(id), "{name} is not found by its name");
    }
    process.stop().await;
    check_integrity(folder.path());
}

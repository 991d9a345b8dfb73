//! A disk that is full.

use std::collections::BTreeMap;

use serde_json::json;
use tempfile::TempDir;

use super::crash::check_integrity;
use crate::support::{
    api::{self, user, with},
    http::Request,
    process::Process,
};

/// Security checklist: 61.
#[tokio::test]
async fn a_full_disk_fails_writes_one_by_one_and_loses_nothing_that_was_acknowledged() {
    let folder = TempDir::new().unwrap();
    let process = Process::start_on_small_disk(folder.path()).await;
    let at = process.address;
    // 40 KB, so that the room for new users, which ends 8 MiB before the disk is full, is used up soon.
    let entries = vec!["\u{1f511}".repeat(100); 50];
    let large = json!({"profile": {"interests": entries.clone(), "skills": entries}});
    let mut acknowledged = BTreeMap::new();
    let mut refused = 0;
    for number in 0.. {
        let name = format!("user_{number}");
        let response = api::create(at, &with(user(&name), large.clone())).await;
        if response.status == 201 {
            let body = response.succeeded(201);
            acknowledged.insert(body["data"]["id"].as_u64().unwrap(), name);
        } else {
            response.refused(503, "SERVICE_UNAVAILABLE");
            refused += 1;
        }
        if refused == 10 {
            break;
        }
    }
    assert!(!acknowledged.is_empty(), "the disk was too small from the start");

    // What needs no room goes on.
    Request::get("/livez").send(at).await.succeeded(200);
    for (id, name) in &acknowledged {
        assert_eq!(api::get(at, *id).await.succeeded(200)["data"]["username"], **name);
    }
    process.stop().await;

    // Somebody has made room.
    let process = Process::start(folder.path()).await;
    check_integrity(folder.path());
    for (id, name) in &acknowledged {
        assert_eq!(api::get(process.address, *id).await.succeeded(200)["data"]["username"], **name);
    }
    api::create(process.address, &user("late_comer")).await.succeeded(201);
}

//! Clients that take their time, on a server without much patience.

use tempfile::TempDir;

use super::half_sent;
use crate::support::{
    api,
    http::{Connection, Request},
    process::Process,
};

async fn impatient(folder: &TempDir) -> Process {
    let settings = "header_timeout = \"1s\"\nbody_timeout = \"1s\"\nidle_timeout = \"1s\"\n";
    std::fs::write(folder.path().join("denizen.toml"), settings).unwrap();
    Process::start(folder.path()).await
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let process = impatient(&folder).await;
    let mut connection = Connection::open(process.address).await.unwrap();
    connection.write(b"GET /livez HTTP/1.1\r\nHost: loc").await.unwrap();
    assert_eq!(connection.read().await.unwrap().status, 408);
    assert!(connection.is_closed().await);
    api::get(process.address, 1).await.succeeded(200);
}

#[tokio::test]
async fn a_body_that_does_not_come_to_its_end_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let process = impatient(&folder).await;
    let mut half = half_sent(process.address).await;
    let response = half.connection.read().await.unwrap();
    let body = response.refused(408, "REQUEST_TIMEOUT");
    assert_eq!(body["error"], "The request body came too slowly");
    assert!(half.connection.is_closed().await, "where the next request would begin, nobody knows");
    api::get(process.address, 6).await.refused(404, "USER_NOT_FOUND");
}

#[tokio::test]
async fn a_connection_without_requests_is_closed() {
    let folder = TempDir::new().unwrap();
    let process = impatient(&folder).await;
    let mut connection = Connection::open(process.address).await.unwrap();
    connection.send(&Request::get("/api/users/1")).await.unwrap().succeeded(200);
    assert!(connection.is_closed().await);
    let mut silent = Connection::open(process.address).await.unwrap();
    assert!(silent.is_closed().await || silent.read().await.is_ok_and(|response| response.status == 408));
}

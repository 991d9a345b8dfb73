//! The listener of its own for health checks.

use std::fs;

use tempfile::TempDir;

use crate::support::{
    http::{Connection, Request},
    process::Process,
};

/// Strangers who take all connections must not have the service restarted.
#[tokio::test]
async fn health_checks_are_answered_while_all_connections_are_taken() {
    let folder = TempDir::new().unwrap();
    let settings = "health_bind = \"127.0.0.1:0\"\nmax_connections = 1\nworkers = 1\n";
    fs::write(folder.path().join("denizen.toml"), settings).unwrap();
    let process = Process::start(folder.path()).await;
    let line = process.line_with(" health checks on http://").await;
    let health = line.rsplit("http://").next().unwrap().parse().unwrap();
    let mut idle = Connection::open(process.address).await.unwrap();
    idle.send(&Request::get("/livez")).await.unwrap().succeeded(200);

    for path in ["/livez", "/readyz"] {
        Request::get(path).anonymous().send(health).await.succeeded(200);
    }
    let metrics = Request::get("/metrics").anonymous().send(health).await;
    assert!(metrics.status == 200 && metrics.text().contains("denizen_http_requests_total"), "{metrics:?}");
    for path in ["/", "/health", "/api/users", "/api/auth/login"] {
        assert_eq!(Request::get(path).anonymous().send(health).await.status, 404, "{path}");
    }
    drop(idle);
    process.stop().await;
}

//! The listener of its own for health checks.

use std::{fs, net::TcpListener};

use tempfile::TempDir;

use crate::support::{
    http::{Connection, Request},
    process::{Process, run_with},
};

/// Otherwise clients that take all connections could have the service restarted.
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

#[tokio::test]
async fn an_address_in_use_is_named_with_its_setting() {
    let folder = TempDir::new().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let output =
        run_with(folder.path(), &["--bind", "127.0.0.1:0"], &[("DENIZEN_HEALTH_BIND", &address)]).await;
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with(&format!("denizen: cannot listen on {address}: ")), "{stderr}");
    assert!(stderr.ends_with("; choose another address with health_bind\n"), "{stderr}");
}

//! A database that goes away and comes back.

use std::{net::SocketAddr, time::Duration};

use denizen_testkit::Cluster;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::timeout;

use super::start_three;
use crate::support::{
    api::{self, user},
    database,
    http::Request,
    process::Process,
};

/// Waits until `/readyz` answers with this status.
async fn becomes(at: SocketAddr, status: u16) {
    let change = async { while Request::get("/readyz").send(at).await.status != status {} };
    timeout(Duration::from_secs(10), change).await.unwrap_or_else(|_| panic!("not {status} in time"));
}

/// Security checklist: 61.
#[tokio::test]
async fn while_the_database_is_away_requests_are_put_off_and_then_it_goes_on() {
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::start()));
    let database = cluster.database();
    let folder = TempDir::new().unwrap();
    let server = Process::start_in(folder.path(), &[("DENIZEN_DATABASE", &database.url())]).await;
    let at = server.address;
    api::create(at, &user("frank")).await.succeeded(201);
    Request::get("/readyz").send(at).await.succeeded(200);

    cluster.stop();
    becomes(at, 503).await;
    api::get(at, 6).await.refused(503, "SERVICE_UNAVAILABLE");
    api::create(at, &user("grace")).await.refused(503, "SERVICE_UNAVAILABLE");
    api::login(at, "alice_dev", "whatever it was").await.refused(503, "SERVICE_UNAVAILABLE");
    Request::get("/livez").send(at).await.succeeded(200);

    cluster.start_again();
    becomes(at, 200).await;
    assert_eq!(api::get(at, 6).await.succeeded(200)["data"]["username"], "frank");
    api::create(at, &user("grace")).await.succeeded(201);
    let log = server.stop().await.join("\n");
    assert!(log.contains("the store is not ready") && log.contains("the store is ready again"), "{log}");
}

#[tokio::test]
async fn connections_that_are_cut_are_noticed_by_no_client() {
    let folder = TempDir::new().unwrap();
    let [one, two, _three] = start_three(folder.path(), &[]).await;
    let database = database::of_folder(folder.path());
    for round in 0..5 {
        let cut = "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        assert_eq!(database.sql(cut), "t");
        let created = api::create(one.address, &user(&format!("user_{round}"))).await.succeeded(201);
        let id = created["data"]["id"].as_u64().unwrap();
        assert_eq!(api::get(two.address, id).await.succeeded(200)["data"], created["data"]);
        let renamed = api::patch(two.address, id, &json!({ "first_name": "Renamed" })).await.succeeded(200);
        assert_eq!(api::get(one.address, id).await.succeeded(200)["data"], renamed["data"]);
        Request::get("/readyz").send(one.address).await.succeeded(200);
    }
}

/// Security checklist: 62.
#[tokio::test]
async fn the_password_of_the_database_is_in_no_output() {
    let folder = TempDir::new().unwrap();
    let url = database::of_folder(folder.path()).url().replace("denizen@", "denizen:hunter2@");
    let server = Process::start_in(folder.path(), &[("DENIZEN_DATABASE", &url)]).await;
    let log = server.stop().await.join("\n");
    assert!(log.contains("database postgres://denizen@"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
    let unreachable = [("DENIZEN_DATABASE", "postgres://ann:hunter2@127.0.0.1:1/users")];
    let refused = crate::support::process::run_with(folder.path(), &["serve"], &unreachable).await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("cannot open the database postgres://ann@127.0.0.1:1/users: "), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    assert_eq!(refused.status.code(), Some(1));
}

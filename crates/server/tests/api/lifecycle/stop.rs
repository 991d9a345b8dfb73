//! Stopping in good order.

use tempfile::TempDir;

use crate::{
    requests::half_sent,
    support::{
        account::accept_invitation,
        api::{self, user},
        http::{Connection, Request},
        process::Process,
    },
};

/// What is asked to stop finishes what it has begun: the answer arrives, and the user is there after the next start.
async fn a_running_request_finishes_when_asked_to_stop_by(signal: &str) {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let mut half = half_sent(process.address).await;

    process.signal(signal).await;
    process.line_with(" stopping").await;
    half.complete().await;

    let created = half.connection.read().await.expect("an answer").succeeded(201);
    let (status, log) = process.ended().await;
    assert_eq!(status.code(), Some(0), "{log:#?}");
    assert!(log.last().is_some_and(|line| line.ends_with(" stopped")), "{log:#?}");
    let process = Process::start(folder.path()).await;
    let id = created["data"]["id"].as_u64().unwrap();
    assert_eq!(api::get(process.address, id).await.succeeded(200)["data"], created["data"]);
}

#[tokio::test]
async fn a_running_request_finishes_when_the_service_manager_stops_the_server() {
    a_running_request_finishes_when_asked_to_stop_by("TERM").await;
}

#[tokio::test]
async fn a_running_request_finishes_when_somebody_types_ctrl_c() {
    a_running_request_finishes_when_asked_to_stop_by("INT").await;
}

/// The conventional exit status of what Ctrl-C ended: 128 and the number of SIGINT, 2.
#[tokio::test]
async fn a_second_ctrl_c_does_not_wait_for_what_was_begun() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let half = half_sent(process.address).await;
    process.signal("INT").await;
    process.line_with(" stopping").await;

    process.signal("INT").await;

    let (status, log) = process.ended().await;
    assert_eq!(status.code(), Some(130), "{log:#?}");
    drop(half);
}

#[tokio::test]
async fn clients_that_only_keep_their_connections_do_not_hold_it_up() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let mut connections = Vec::new();
    for _ in 0..20 {
        let mut connection = Connection::open(process.address).await.unwrap();
        connection.send(&Request::get("/api/users/1")).await.unwrap().succeeded(200);
        connections.push(connection);
    }

    let log = process.stop().await;

    assert!(log.last().is_some_and(|line| line.ends_with(" stopped")), "{log:#?}");
    for mut connection in connections {
        assert!(connection.is_closed().await);
    }
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_it_for_ever() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("denizen.toml"), "shutdown_timeout = \"1s\"\n").unwrap();
    let process = Process::start(folder.path()).await;
    let half = half_sent(process.address).await;
    process.stop().await;
    drop(half);
}

#[tokio::test]
async fn a_mail_that_was_asked_for_before_the_stop_is_sent_after_the_start() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    api::create(process.address, &user("frank")).await.succeeded(201);
    // Whether the mail goes out before the end or after it, it goes out.
    let told =
        |log: &[String]| log.iter().any(|line| line.contains("Invitation token for frank@example.com: "));
    let log = process.stop().await;
    let process = Process::start(folder.path()).await;
    if !told(&log) {
        process.token_for("frank@example.com").await;
    }
    let newest =
        log.iter().chain(&process.log()).rfind(|line| line.contains("token for frank@")).cloned().unwrap();
    let token = newest.rsplit(' ').next().unwrap().to_owned();
    accept_invitation(process.address, &token, "newsecurepassword").await.succeeded(200);
}

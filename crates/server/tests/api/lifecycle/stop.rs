//! Stopping in good order.

use std::{
    fs,
    time::{Duration, Instant},
};

use denizen_testkit::{SmtpCommand, SmtpSecurity, SmtpServer};
use tempfile::TempDir;
use tokio::time::timeout;

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
    let mut process = Process::start(folder.path()).await;
    let half = half_sent(process.address).await;

    let start = Instant::now();
    let status = process.signal_until_it_ends("INT").await;

    assert_eq!(status.code(), Some(130));
    assert!(start.elapsed() >= Duration::from_secs(1), "signals within a second are one");
    process.line_with("denizen: stopped at once: asked twice").await;
    drop(half);
}

/// `timeout` signals the process and then its group; a wrapper passes on the Ctrl-C that the process has had already.
#[tokio::test]
async fn two_signals_at_once_are_one() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let mut half = half_sent(process.address).await;

    process.signal("INT TERM INT").await;
    process.line_with(" stopping").await;
    half.complete().await;

    half.connection.read().await.expect("an answer").succeeded(201);
    let (status, log) = process.ended().await;
    assert_eq!(status.code(), Some(0), "{log:#?}");
}

#[tokio::test]
async fn a_terminal_that_is_closed_does_not_end_it() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    process.signal("HUP").await;
    process.line_with(" SIGHUP is ignored").await;
    api::get(process.address, 1).await.succeeded(200);
    process.stop().await;
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
    fs::write(folder.path().join("denizen.toml"), "shutdown_timeout = \"1s\"\n").unwrap();
    let process = Process::start(folder.path()).await;
    let half = half_sent(process.address).await;
    let log = process.stop().await;
    drop(half);
    for cut in [" WARN  denizen_server::application 1 requests were cut: ", " POST /api/users 499 "] {
        assert!(log.iter().any(|line| line.contains(cut)), "{log:#?}");
    }
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

#[tokio::test]
async fn a_stop_says_goodbye_to_the_mail_server() {
    let folder = TempDir::new().unwrap();
    let smtp = SmtpServer::start(SmtpSecurity::None);
    let process =
        Process::start_with(folder.path(), &["--mail", &format!("smtp://{}", smtp.address())]).await;
    api::create(process.address, &user("frank")).await.succeeded(201);
    timeout(Duration::from_secs(60), smtp.next_mail()).await.expect("a mail");
    assert_eq!(smtp.quits(), 0);
    process.stop().await;
    smtp.idle().await;
    assert_eq!((smtp.quits(), smtp.connections()), (1, 1));
}

/// The longest stop is `shutdown_timeout` and 9 seconds, for the mail server's answer may take a minute.
#[tokio::test]
async fn a_mail_server_that_says_nothing_does_not_hold_the_stop_up() {
    let folder = TempDir::new().unwrap();
    let smtp = SmtpServer::start(SmtpSecurity::None);
    smtp.hold_at(SmtpCommand::Greeting);
    let mail = format!("smtp://{}", smtp.address());
    let process = Process::start_with(folder.path(), &["--mail", &mail]).await;
    api::create(process.address, &user("frank")).await.succeeded(201);
    smtp.held().await;

    let start = Instant::now();
    let log = process.stop().await;

    assert!(start.elapsed() < Duration::from_secs(9), "{log:#?}");
    assert!(log.last().is_some_and(|line| line.ends_with(" stopped")), "{log:#?}");
    // The next process need not wait for the lease of the one that has ended.
    smtp.release();
    let process = Process::start_with(folder.path(), &["--mail", &mail]).await;
    let mail = timeout(Duration::from_secs(60), smtp.next_mail()).await.expect("a mail");
    assert_eq!(mail.to, ["frank@example.com"]);
    process.stop().await;
}

//! A reader of the log that stalls: a full pipe to a log shipper, a terminal that is paused with Ctrl-S.

use std::{
    fs,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::{
    requests::half_sent,
    support::{
        http::{Connection, Request},
        process::Process,
    },
};

const REQUESTS: usize = 10_000;

/// A server whose log is not read, after so many requests that the pipe and the queue are full.
async fn stalled() -> (TempDir, Process) {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("denizen.toml"), "database = \"memory:\"\nrate_limit = 0\n").unwrap();
    let process = Process::start(folder.path()).await;
    process.line_with(" POST /api/auth/login 200 ").await;
    process.read_log(false);
    let (mut clients, at) = (JoinSet::new(), process.address);
    for _ in 0..4 {
        clients.spawn(async move {
            let mut connection = Connection::open(at).await.expect("a server that listens");
            for _ in 0..REQUESTS / 4 {
                let answer = connection.send(&Request::get("/api/nope")).await.expect("an answer");
                answer.refused(404, "NOT_FOUND");
            }
        });
    }
    clients.join_all().await;
    (folder, process)
}

/// Security checklist: 73.
#[tokio::test]
async fn requests_are_served_while_the_log_is_not_read_and_no_line_goes_uncounted() {
    let (_folder, process) = stalled().await;
    process.read_log(true);

    let log = process.stop().await;

    let first = log.iter().position(|line| line.contains(" GET /api/nope 404 ")).unwrap();
    let counts = log.iter().map(|line| match line.split_once(" log lines dropped: ") {
        Some((head, _)) => head.rsplit(' ').next().unwrap().parse().unwrap(),
        None => 1,
    });
    // And two about its end.
    assert_eq!(counts.skip(first).sum::<usize>(), REQUESTS + 2);
    let reports =
        log.iter().filter(|line| line.ends_with(": standard error is not read fast enough")).count();
    assert!(reports > 0 && log.len() > 1_000, "{} lines, {reports} reports", log.len());
}

/// Security checklist: 73.
#[tokio::test]
async fn a_log_that_is_not_read_does_not_hold_up_the_stop() {
    let (_folder, process) = stalled().await;
    let start = Instant::now();
    process.signal("TERM").await;
    let status = process.exited().await;
    assert!(start.elapsed() <= Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(status.code(), Some(0));
}

/// Security checklist: 73.
#[tokio::test]
async fn a_second_signal_ends_it_whether_the_log_is_read_or_not() {
    let (_folder, mut process) = stalled().await;
    let half = half_sent(process.address).await;
    let start = Instant::now();
    let status = process.signal_until_it_ends("TERM").await;
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(status.code(), Some(130));
    drop(half);
}

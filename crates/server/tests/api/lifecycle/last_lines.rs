//! What is lost of the log when the process ends badly. (Nothing at a stop: see `stalled_log`.)

use std::{
    env,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use denizen_server::start_logging;
use tempfile::TempDir;

use crate::support::{
    http::{Connection, Request},
    process::Process,
};

const LOST_AT_MOST: Duration = Duration::from_millis(100);
/// Set for the test that ends its process.
const ENDS: &str = "DENIZEN_TEST_ENDS";
const LINES: usize = 500;

/// Security checklist: 73.
#[tokio::test]
async fn kill_9_costs_at_most_the_lines_of_the_last_100_milliseconds() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let mut connection = Connection::open(process.address).await.unwrap();
    let (start, mut answered) = (Instant::now(), Vec::new());
    while start.elapsed() < 4 * LOST_AT_MOST {
        let path = format!("/api/nothing/{}", answered.len());
        connection.send(&Request::get(&path)).await.unwrap().refused(404, "NOT_FOUND");
        answered.push((path, Instant::now()));
    }
    let killed = Instant::now();
    process.signal("KILL").await;
    let (_status, log) = process.ended().await;
    let old = answered.iter().filter(|(_, at)| *at + LOST_AT_MOST <= killed);
    let lines: Vec<_> = old.map(|(path, _)| format!(" GET {path} 404 ")).collect();
    assert!(!lines.is_empty());
    for expected in lines {
        assert!(log.iter().any(|line| line.contains(&expected)), "no {expected}: {:?}", log.last());
    }
}

/// Logs many lines, panics, and ends the process before anything else can be written.
#[test]
#[ignore = "it ends its process, and is run by the next test in one of its own"]
fn a_panic_ends_the_process() {
    assert!(env::var_os(ENDS).is_some());
    start_logging("info").unwrap();
    for number in 0..LINES {
        log::info!("line {number} before the panic");
    }
    assert!(thread::spawn(|| panic!("a secret")).join().is_err());
    std::process::abort();
}

/// Security checklist: 73.
#[test]
fn a_panic_costs_no_line_even_if_the_process_does_not_survive_it() {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["lifecycle::last_lines::a_panic_ends_the_process", "--exact", "--ignored", "--nocapture"]);
    let output = command.env(ENDS, "1").stdin(Stdio::null()).output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    let lines = log.lines().filter(|line| line.ends_with(" before the panic")).count();
    assert_eq!((output.status.success(), lines), (false, LINES), "{log}");
    assert!(log.contains(" ERROR denizen_server::logging panic at "), "{log}");
    assert!(!log.contains("a secret"), "{log}");
}

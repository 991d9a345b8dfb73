//! Two servers on one database.

use tempfile::TempDir;

use super::verbs;
use crate::{
    lifecycle::two_processes::{is_out_within_a_second, start_two, statuses},
    support::{api, process::Process, socket::Socket},
};

/// Security checklist: 14.
#[tokio::test]
async fn one_token_works_once_for_two_servers_together() {
    let folder = TempDir::new().unwrap();
    let processes = start_two(&folder).await;
    let [one, other] = &processes;
    verbs::request_reset(one.address, "eve@example.com").await.succeeded(200);
    // Whichever has a worker that looks first.
    let token = tokio::select! {
        token = one.token_for("eve@example.com") => token,
        token = other.token_for("eve@example.com") => token,
    };
    let confirmations = (0..50).map(|number| verbs::reset_request(&token, &format!("new password {number}")));

    let answers = statuses(&processes, confirmations.collect()).await;

    assert_eq!(answers, [(200, 1), (400, 49)]);
    let mails =
        processes.iter().flat_map(Process::log).filter(|line| line.contains("Password reset token for"));
    assert_eq!(mails.count(), 1, "one request is one mail, however many workers there are");
}

/// Security checklist: 18, 45.
#[tokio::test]
async fn a_session_that_a_reset_ends_at_one_server_has_ended_at_both() {
    let folder = TempDir::new().unwrap();
    let [one, other] = start_two(&folder).await;
    let reset = api::token_of(one.address, "alice_dev").await;
    assert!(api::is_open(other.address, &reset).await, "a session is known to both at once");
    let mut socket = Socket::open_as(other.address, &reset).await;
    verbs::request_reset(other.address, "alice@example.com").await.succeeded(200);
    let token = tokio::select! {
        token = one.token_for("alice@example.com") => token,
        token = other.token_for("alice@example.com") => token,
    };
    verbs::reset(one.address, &token, "newsecurepassword").await.succeeded(200);
    is_out_within_a_second(other.address, &reset).await;
    assert_eq!(socket.closed().await.0, 4401);
}

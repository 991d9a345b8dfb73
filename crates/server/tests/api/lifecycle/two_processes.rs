//! Two servers on one database.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};

use crate::support::{
    account::logout,
    api::{self, user, with},
    http::Request,
    process::Process,
};

pub async fn start_two(folder: &TempDir) -> [Process; 2] {
    [Process::start(folder.path()).await, Process::start(folder.path()).await]
}

/// Sends the requests to both in turn, all at the same time; gives how many were answered with each status.
pub async fn statuses(processes: &[Process; 2], requests: Vec<Request>) -> [(u16, usize); 2] {
    let mut clients = JoinSet::new();
    for (number, request) in requests.into_iter().enumerate() {
        let at = processes[number % 2].address;
        clients.spawn(async move { request.send(at).await.status });
    }
    let answers = clients.join_all().await;
    let (success, refusal) = (answers.iter().min().unwrap(), answers.iter().max().unwrap());
    [*success, *refusal].map(|status| (status, answers.iter().filter(|answer| **answer == status).count()))
}

#[tokio::test]
async fn what_one_server_acknowledged_the_other_one_shows_at_once() {
    let folder = TempDir::new().unwrap();
    let [one, other] = start_two(&folder).await;
    for number in 0..50 {
        let created = api::create(one.address, &user(&format!("user_{number}"))).await.succeeded(201);
        let id = created["data"]["id"].as_u64().unwrap();
        assert_eq!(api::get(other.address, id).await.succeeded(200)["data"], created["data"]);
        let renamed = user(&format!("renamed_{number}"));
        let renamed = api::put(other.address, id, &renamed).await.succeeded(200);
        assert_eq!(api::get(one.address, id).await.succeeded(200)["data"], renamed["data"]);
    }
}

#[tokio::test]
async fn one_name_is_given_once_by_both_together() {
    let folder = TempDir::new().unwrap();
    let processes = start_two(&folder).await;
    for name in ["wanted", "coveted", "desired"] {
        let sign_up = |number| {
            let members = json!({"email": format!("{name}{number}@example.com")});
            Request::post("/api/users").json(&with(user(name), members))
        };
        let answers = statuses(&processes, (0..20).map(sign_up).collect()).await;
        assert_eq!(answers, [(201, 1), (409, 19)]);
    }
}

/// Security checklist: 14.
#[tokio::test]
async fn one_token_works_once_for_both_together() {
    let folder = TempDir::new().unwrap();
    let processes = start_two(&folder).await;
    let [one, other] = &processes;
    api::create(one.address, &user("frank")).await.succeeded(201);
    // Whichever has a worker that looks first.
    let token = tokio::select! {
        token = one.token_for("frank@example.com") => token,
        token = other.token_for("frank@example.com") => token,
    };
    let accept = |number| {
        let body = json!({ "token": token, "password": format!("new password {number}") });
        Request::post("/api/users/accept-invitation").json(&body)
    };

    let answers = statuses(&processes, (0..50).map(accept).collect()).await;

    assert_eq!(answers, [(200, 1), (400, 49)]);
    let mails = processes.iter().flat_map(Process::log).filter(|line| line.contains("Invitation token for"));
    assert_eq!(mails.count(), 1, "one invitation is one mail, however many workers there are");
}

/// Waits until the token opens nothing at this server, which must not take longer than a second.
pub async fn is_out_within_a_second(at: SocketAddr, token: &str) {
    let out = async { while api::is_open(at, token).await {} };
    timeout(Duration::from_secs(1), out).await.expect("a session that has ended");
}

/// Security checklist: 18, 45.
#[tokio::test]
async fn a_session_that_ends_at_one_server_has_ended_at_both() {
    let folder = TempDir::new().unwrap();
    let [one, other] = start_two(&folder).await;
    let session = async || {
        let token = api::token_of(one.address, "alice_dev").await;
        assert!(api::is_open(other.address, &token).await, "a session is known to both at once");
        token
    };
    let signed_out = session().await;
    logout(one.address, &signed_out).await.succeeded(200);
    is_out_within_a_second(other.address, &signed_out).await;

    let disabled = session().await;
    api::patch(one.address, 1, &json!({ "active": false })).await.succeeded(200);
    is_out_within_a_second(other.address, &disabled).await;
    api::patch(one.address, 1, &json!({ "active": true })).await.succeeded(200);
}

/// Security checklist: 45, 50.
#[tokio::test]
async fn a_role_that_was_taken_away_at_one_server_counts_at_neither() {
    let folder = TempDir::new().unwrap();
    let [one, other] = start_two(&folder).await;
    let token = api::token_of(one.address, "alice_dev").await;
    let list = async || Request::get("/api/users").bearer(&token).send(other.address).await;
    list().await.refused(403, "FORBIDDEN");
    api::patch(one.address, 1, &json!({ "roles": ["user", "admin"] })).await.succeeded(200);
    let allowed = async { while list().await.status != 200 {} };
    timeout(Duration::from_secs(1), allowed).await.expect("a role that was given");
    api::patch(one.address, 1, &json!({ "roles": ["user"] })).await.succeeded(200);
    let refused = async { while list().await.status != 403 {} };
    timeout(Duration::from_secs(1), refused).await.expect("a role that was taken away");
}

#[tokio::test]
async fn either_can_go_without_the_other_one_noticing() {
    let folder = TempDir::new().unwrap();
    let [one, other] = start_two(&folder).await;
    let created = api::create(one.address, &user("somebody")).await.succeeded(201);
    one.stop().await;
    assert_eq!(api::get(other.address, 6).await.succeeded(200)["data"], created["data"]);
    let third = Process::start(folder.path()).await;
    api::create(other.address, &user("another")).await.succeeded(201);
    other.kill().await;
    assert_eq!(api::get(third.address, 7).await.succeeded(200)["data"]["username"], "another");
    api::create(third.address, &user("last")).await.succeeded(201);
    third.stop().await;
}

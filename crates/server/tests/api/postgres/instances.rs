//! Three instances on one database.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};

use super::start_three;
use crate::{
    lifecycle::two_processes::is_out_within_a_second,
    messages::{connected, events::event, timeless},
    support::{
        account::logout,
        api::{self, user},
        database,
        http::Request,
        process::Process,
        socket::Socket,
    },
};

/// Sends the requests to all in turn, at the same time; gives the statuses of the answers, in order.
async fn statuses(instances: &[Process; 3], requests: impl Iterator<Item = Request>) -> Vec<u16> {
    let mut clients = JoinSet::new();
    for (number, request) in requests.enumerate() {
        let at = instances[number % 3].address;
        clients.spawn(async move { request.send(at).await.status });
    }
    let mut statuses = clients.join_all().await;
    statuses.sort_unstable();
    statuses
}

/// The next message that is no presence.
async fn heard(socket: &mut Socket) -> Value {
    loop {
        let message = timeless(socket.next().await);
        if !["user_joined", "user_left"].contains(&message["type"].as_str().unwrap_or_default()) {
            return message;
        }
    }
}

async fn lists(at: SocketAddr, names: &[&str]) {
    let listed = async { while connected(at).await != json!(names) {} };
    timeout(Duration::from_secs(5), listed).await.unwrap_or_else(|_| panic!("{names:?} at {at}"));
}

/// Security checklist: 14.
#[tokio::test]
async fn one_token_works_once_for_all_together_and_is_mailed_once() {
    let folder = TempDir::new().unwrap();
    let instances = start_three(folder.path(), &[]).await;
    let [one, two, three] = &instances;
    api::create(one.address, &user("frank")).await.succeeded(201);
    // Whichever has a worker that looks first.
    let token = tokio::select! {
        token = one.token_for("frank@example.com") => token,
        token = two.token_for("frank@example.com") => token,
        token = three.token_for("frank@example.com") => token,
    };
    let accept = |number: usize| {
        let body = json!({ "token": token, "password": format!("new password {number}") });
        Request::post("/api/users/accept-invitation").json(&body)
    };

    let statuses = statuses(&instances, (0..50).map(accept)).await;

    assert_eq!(statuses, [vec![200], vec![400; 49]].concat());
    let mails = instances.iter().flat_map(Process::log).filter(|line| line.contains("Invitation token for"));
    assert_eq!(mails.count(), 1);
}

/// Security checklist: 18, 45.
#[tokio::test]
async fn a_session_that_ends_at_one_has_ended_at_all_and_its_socket_is_closed() {
    let folder = TempDir::new().unwrap();
    let [one, two, three] = start_three(folder.path(), &[]).await;
    let token = api::token_of(one.address, "alice_dev").await;
    let mut socket = Socket::open_as(two.address, &token).await;
    logout(one.address, &token).await.succeeded(200);
    is_out_within_a_second(two.address, &token).await;
    is_out_within_a_second(three.address, &token).await;
    assert_eq!(timeout(Duration::from_secs(2), socket.closed()).await.expect("a goodbye").0, 4401);
}

#[tokio::test]
async fn messages_events_and_presence_reach_the_clients_of_all() {
    let folder = TempDir::new().unwrap();
    let [one, two, three] = start_three(folder.path(), &[]).await;
    let mut diana = Socket::open(one.address, "diana_admin").await;
    let mut bob = Socket::open(two.address, "bob").await;
    lists(three.address, &["bob", "diana_admin"]).await;
    lists(one.address, &["bob", "diana_admin"]).await;
    lists(two.address, &["bob", "diana_admin"]).await;

    diana.say("broadcast", json!({"text": "hi"})).await;
    let broadcast = json!({"type": "broadcast", "from": "diana_admin", "content": {"text": "hi"}});
    assert_eq!(heard(&mut bob).await, broadcast);
    assert_eq!(heard(&mut diana).await, broadcast);

    let psst = json!({"type": "direct", "to": "DIANA_admin", "content": {"text": "psst"}});
    let sent = Request::post("/ws").json(&psst).send(three.address).await.succeeded(200);
    assert_eq!(heard(&mut diana).await["content"], json!({"text": "psst"}), "{sent}");

    diana.say("subscribe", json!({"topic": "user_events"})).await;
    diana.settle().await;
    // What another instance tells is told to those of whom it knows that they want to hear it.
    let told = async {
        for number in 0.. {
            let created = api::create(three.address, &user(&format!("user_{number}"))).await.succeeded(201);
            let id = created["data"]["id"].as_u64().unwrap();
            if timeout(Duration::from_millis(500), heard(&mut diana)).await == Ok(event("user.created", id)) {
                return;
            }
        }
    };
    timeout(Duration::from_secs(10), told).await.expect("an event");

    bob.leave().await;
    lists(three.address, &["diana_admin"]).await;
    two.stop().await;
    one.kill().await;
}

#[tokio::test]
async fn limits_are_counted_together() {
    let folder = TempDir::new().unwrap();
    let instances = start_three(folder.path(), &[("DENIZEN_LIMIT_LOGIN_PER_ACCOUNT", "5/1h")]).await;
    let guess = |number: usize| {
        let body = json!({ "login": "eve_tester", "password": format!("wrong password {number}") });
        Request::post("/api/auth/login").anonymous().json(&body)
    };
    assert_eq!(statuses(&instances, (0..15).map(guess)).await, [vec![401; 5], vec![429; 10]].concat());
}

/// Security checklist: 50.
#[tokio::test]
async fn of_two_administrators_who_demote_each_other_at_two_instances_one_stays() {
    let folder = TempDir::new().unwrap();
    let [one, two, _three] = start_three(folder.path(), &[]).await;
    let database = database::of_folder(folder.path());
    for round in 0..5 {
        assert_eq!(
            database.sql("UPDATE users SET roles = '{user,admin}' WHERE id IN (1, 4) RETURNING id").len(),
            3
        );
        let alice = api::token_of(one.address, "alice_dev").await;
        let diana = api::token_of(two.address, "diana_admin").await;
        let demote = |id: u64, token: &str| {
            let body = json!({ "roles": ["user"] });
            Request::new("PATCH", &format!("/api/users/{id}")).bearer(token).json(&body)
        };
        let (first, second) = (demote(4, &alice), demote(1, &diana));
        let (first, second) = tokio::join!(first.send(one.address), second.send(two.address));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200, "round {round}");
        // To users who are not administrators, others do not exist.
        assert!([403, 404, 409].contains(&statuses[1]), "round {round}: {statuses:?}");
        let left = database.sql("SELECT count(*) FROM users WHERE 'admin' = ANY(roles) AND active");
        assert_eq!(left, "1", "round {round}");
    }
}

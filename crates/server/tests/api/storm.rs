//! More people want to sign in at once than there is memory for.

use std::collections::BTreeMap;

use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::support::{
    api,
    http::{Connection, Request, Response},
    process::{Process, run_with_input},
    production::PASSWORD,
};

/// Two passwords are hashed at a time, and sixteen wait: the rest of two hundred has to come back. The limits would
/// refuse them all, because they come from one address.
const SETTINGS: &str = r#"
profile = "production"
database = "sqlite://denizen.db"
public_url = "https://id.example.com"
mail = "file:mail"
mail_from = "accounts@example.com"
hash_threads = 2
hash_queue = 16
rate_limit = 0
limit_login_per_ip = "generous"
limit_login_per_account = "generous"
"#;
const MEBIBYTE: u64 = 1024 * 1024;

/// Creates a user of this name, as an operator does, with a hash of full cost.
async fn create_user(folder: &TempDir, name: &str) {
    let email = format!("{name}@example.com");
    // The first one creates the database, which only an administrator's account does in production.
    let line = ["user", "create", "--admin", "--username", name, "--email", &email, "--password-stdin"];
    let output = run_with_input(folder.path(), &line, &format!("{PASSWORD}\n")).await;
    assert!(output.status.success(), "{output:?}");
}

/// Security checklist: 33.
#[tokio::test]
async fn two_hundred_who_sign_in_at_once_get_in_or_are_told_to_come_back_and_memory_is_bounded() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("denizen.toml"), SETTINGS).unwrap();
    // Several, because fifty failures in a row lock one of them out, and all attempts are counted before one succeeds.
    let known = ["alice", "bob", "carol", "dave"];
    for name in known {
        create_user(&folder, name).await;
    }
    let server = Process::start(folder.path()).await;
    let at = server.address;
    let session = api::session(at, "alice", PASSWORD).await;
    // One of the hashing threads has taken its memory by now, 19 MiB; the other will.
    let at_rest = server.peak_memory() + 19 * MEBIBYTE;

    let mut storm = JoinSet::new();
    for number in 0..200 {
        let name = if number % 2 == 0 { known[number / 2 % 4].to_owned() } else { format!("nobody{number}") };
        let body = json!({ "login": name, "password": PASSWORD });
        let request = Request::post("/api/auth/login").json(&body);
        let mut connection = Connection::open(at).await.unwrap();
        storm.spawn(async move { connection.send(&request).await.unwrap() });
    }
    let bystanders = async {
        Request::get("/livez").send(at).await.succeeded(200);
        assert!(api::is_open(at, &session).await);
    };
    let (answers, ()) = tokio::join!(storm.join_all(), bystanders);

    let mut counts = BTreeMap::new();
    for answer in &answers {
        *counts.entry(checked(answer)).or_insert(0) += 1;
    }
    assert!([200, 401].iter().any(|status| counts.contains_key(status)), "{counts:?}");
    assert!(counts.contains_key(&503), "everybody found room: {counts:?}");
    let grown = server.peak_memory() - at_rest;
    assert!(grown < 32 * MEBIBYTE, "{grown} bytes more than the {at_rest} that it has at rest");
    server.stop().await;
}

/// The status, if it is one of those that are allowed, with a body that says the same.
#[track_caller]
fn checked(answer: &Response) -> u16 {
    match answer.status {
        200 => drop(api::token_in(answer)),
        401 => drop(answer.refused(401, "INVALID_CREDENTIALS")),
        _ => {
            answer.refused(503, "SERVICE_UNAVAILABLE");
            let seconds = answer.header("Retry-After").and_then(|seconds| seconds.parse::<u32>().ok());
            assert!(seconds.is_some_and(|seconds| seconds > 0), "{answer:?}");
        }
    }
    answer.status
}

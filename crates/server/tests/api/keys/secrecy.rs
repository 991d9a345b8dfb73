//! Where a service key can be found: nowhere.

use std::fs;

use tempfile::TempDir;

use denizen_models::KeyScope;
use denizen_server::SAMPLE_PASSWORD;

use crate::support::{
    account::{introspect, new_key},
    api,
    http::{Request, Response},
    process::Process,
};

/// Security checklist: 79.
#[tokio::test]
async fn a_key_is_in_no_log_no_error_no_event_and_no_table() {
    let folder = TempDir::new().unwrap();
    let server = Process::start_with(folder.path(), &["--log", "trace"]).await;
    let at = server.address;
    api::act_as_administrator(at).await;
    let (id, key) = new_key(at, SAMPLE_PASSWORD, &KeyScope::ALL).await;
    let secret = key.rsplit('_').next().expect("a secret").to_owned();
    let wrong = format!("{}0", &key[..key.len() - 1]);
    let mut answers: Vec<Response> = Vec::new();
    for key in [&key, &wrong] {
        answers.push(introspect(at, key, "x").await);
        answers.push(introspect(at, "x", key).await);
        for (method, target) in [
            ("GET", "/api/users"),
            ("GET", "/api/users/1"),
            ("PATCH", "/api/users/1"),
            ("DELETE", "/api/users/1"),
            ("GET", "/api/keys"),
            ("GET", "/nope"),
        ] {
            let request = Request::new(method, target).bearer(key);
            answers.push(request.json(&serde_json::json!({ "first_name": "A" })).send(at).await);
        }
    }
    for target in ["/api/keys", "/api/audit?limit=200"] {
        answers.push(Request::get(target).send(at).await);
    }
    Request::new("DELETE", &format!("/api/keys/{id}")).send(at).await.succeeded(200);
    for answer in answers {
        assert!(!answer.text().contains(&secret), "{}", answer.text());
        assert!(answer.headers.iter().all(|(_, value)| !value.contains(&secret)), "{:?}", answer.headers);
    }
    let log = server.stop().await;
    assert!(log.len() > 10, "a log");
    assert!(log.iter().all(|line| !line.contains(&secret[..32])), "the log has it");
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let found = bytes.windows(32).any(|part| part == &secret.as_bytes()[..32]);
        assert!(!found, "{} has it", path.display());
    }
}

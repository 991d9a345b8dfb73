//! `denizen key`

use tempfile::TempDir;

use crate::support::{
    account::introspect,
    api,
    http::Request,
    process::{Process, run},
};

async fn said(folder: &TempDir, line: &str) -> (Option<i32>, String, String) {
    let output = run(folder.path(), &line.split(' ').collect::<Vec<_>>()).await;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Security checklist: 79.
#[tokio::test]
async fn a_new_key_is_all_that_is_printed_and_a_running_server_knows_it() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    let line = "key create billing --scope sessions:introspect users:read --expires 90d";
    let (code, stdout, stderr) = said(&folder, line).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let key = stdout.strip_suffix('\n').expect("a line");
    let secret = key.strip_prefix("dk_1_").expect("the number");
    assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    assert_eq!(introspect(server.address, key, "x").await.status, 200);
    Request::get("/api/users").bearer(key).send(server.address).await.succeeded(200);

    let (_, list, _) = said(&folder, "key list").await;
    let lines: Vec<_> = list.lines().collect();
    assert!(lines[0].starts_with("ID  CREATED"), "{list}");
    let row: Vec<_> = lines[1].split_whitespace().collect();
    assert_eq!((row[0], row.len(), row[row.len() - 1]), ("1", 7, "billing"), "{list}");
    assert!(list.contains("sessions:introspect users:read") && !list.contains(secret), "{list}");

    let (code, stdout, _) = said(&folder, "key revoke 1").await;
    assert_eq!((code, stdout.as_str()), (Some(0), "service key 1 is revoked\n"));
    assert_eq!(introspect(server.address, key, "x").await.status, 401);
    let (code, _, stderr) = said(&folder, "key revoke 1").await;
    assert_eq!((code, stderr.as_str()), (Some(1), "denizen: service key not found\n"));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_the_reason() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    for (line, reason) in [
        ("key create billing", "--scope"),
        ("key create billing --scope admin", "sessions:introspect"),
        ("key create billing --scope users:read --expires soon", "expected a duration"),
        ("key revoke x", "invalid digit"),
    ] {
        let (code, stdout, stderr) = said(&folder, line).await;
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{line}: {stderr}");
        assert!(stderr.contains(reason), "{line}: {stderr}");
    }
    let blank = run(folder.path(), &["key", "create", " ", "--scope", "users:read"]).await;
    assert_eq!(String::from_utf8_lossy(&blank.stderr), "denizen: name cannot be empty\n");
    api::act_as_administrator(server.address).await;
    let keys = Request::get("/api/keys").send(server.address).await.succeeded(200);
    assert_eq!(keys["data"], serde_json::json!([]));
}

/// Security checklist: 79.
#[tokio::test]
async fn after_a_restore_no_key_works_any_more() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path()).await;
    let (_, stdout, _) = said(&folder, "key create old --scope users:read").await;
    server.stop().await;
    said(&folder, "after-restore").await;
    let server = Process::start(folder.path()).await;
    let refused = Request::get("/api/users").bearer(stdout.trim()).send(server.address).await;
    refused.refused(401, "UNAUTHENTICATED");
}

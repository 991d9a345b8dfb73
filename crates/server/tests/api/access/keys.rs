//! The column of service keys.

use denizen_models::KeyScope;
use serde_json::Value;

use super::matrix::{Target, request, rows, somebody};
use crate::support::{
    TestServer,
    account::new_key,
    api,
    http::{Request, act_as},
    production::{PASSWORD, UNLIMITED},
};

/// Security checklist: 51, 79.
#[tokio::test]
async fn a_key_does_what_its_column_says_and_nothing_else() {
    let server = TestServer::start_in_production(&UNLIMITED).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    let mut keys = Vec::new();
    for scope in KeyScope::ALL {
        keys.push((scope, new_key(at, PASSWORD, &[scope]).await.1));
    }
    let closed = rows().filter(|row| row.statuses[0] == 401 && row.path.starts_with("/api/"));
    let demos = ["/api/calculate", "/api/tasks", "/api/goroutines", "/api/auth/forward"];
    let mut passed = 0;
    for (number, row) in closed.filter(|row| !demos.contains(&row.path)).enumerate() {
        let target: Target = somebody(at, &format!("target_{number}"), &["user"]).await;
        // The one that may comes last: the others must find nothing done.
        let (may, may_not): (Vec<_>, Vec<_>) = keys.iter().partition(|(scope, _)| row.scope == Some(*scope));
        for (scope, key) in may_not.into_iter().chain(may) {
            let cell = format!("{} {} with {}", row.method, row.path, scope.as_str());
            let before = api::get(at, target.id).await.succeeded(200)["data"].clone();
            let asked = request(&row, &target, None).bearer(key);
            let asked = match row.path {
                "/api/auth/introspect" => asked
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .body(format!("token={}", target.token)),
                _ => asked,
            };
            let answer = asked.send(at).await;
            if row.scope == Some(*scope) {
                assert_eq!(answer.status, 200, "{cell}: {}", answer.text());
                passed += 1;
                continue;
            }
            assert_eq!(answer.status, 403, "{cell}: {}", answer.text());
            if row.path != "/api/auth/introspect" {
                answer.refused(403, "FORBIDDEN");
            }
            assert_eq!(api::get(at, target.id).await.succeeded(200)["data"], before, "{cell}");
            assert!(api::is_open(at, &target.token).await, "{cell}");
        }
    }
    assert_eq!(passed, 5);
}

/// Security checklist: 79.
#[tokio::test]
async fn a_key_gives_nobody_a_role_a_password_or_an_address_and_changes_no_administrator() {
    use KeyScope::{AppMetadataWrite, UsersWrite};
    let server = TestServer::start_in_production(&UNLIMITED).await;
    let at = server.address;
    let olga = server.enrol_administrator("olga").await;
    act_as(at, Some(server.session_of("olga").await));
    let alice = somebody(at, "alice", &["user"]).await;
    let writer = new_key(at, PASSWORD, &[UsersWrite]).await.1;
    let metadata = new_key(at, PASSWORD, &[AppMetadataWrite]).await.1;
    let both = new_key(at, PASSWORD, &[UsersWrite, AppMetadataWrite]).await.1;
    let patch = async |key: &str, id: u64, body: &str| {
        let value: Value = serde_json::from_str(body).expect("JSON");
        Request::new("PATCH", &format!("/api/users/{id}")).bearer(key).json(&value).send(at).await
    };
    let seen = async || api::get(at, alice.id).await.succeeded(200)["data"].clone();
    let before = seen().await;
    for (key, body) in [
        (&both, r#"{"roles": ["user", "admin"]}"#),
        (&both, r#"{"active": false}"#),
        (&both, r#"{"email": "mallory@example.com"}"#),
        (&metadata, r#"{"first_name": "Pwned"}"#),
        (&metadata, r#"{"first_name": "Pwned", "app_metadata": {"plan": "x"}}"#),
        (&writer, r#"{"app_metadata": {"plan": "x"}}"#),
        (&writer, r#"{"first_name": "Pwned", "app_metadata": {"plan": "x"}}"#),
    ] {
        patch(key, alice.id, body).await.refused(403, "FORBIDDEN");
        assert_eq!(seen().await, before, "{body}");
    }
    patch(&both, alice.id, r#"{"password": "another horse battery"}"#)
        .await
        .refused(400, "INVALID_REQUEST_BODY");
    for key in [&writer, &metadata, &both] {
        patch(key, olga, r#"{"first_name": "Pwned", "app_metadata": {"plan": "x"}}"#)
            .await
            .refused(403, "FORBIDDEN");
    }
    patch(&writer, alice.id, r#"{"first_name": "Alicia"}"#).await.succeeded(200);
    patch(&metadata, alice.id, r#"{"app_metadata": {"plan": "pro"}}"#).await.succeeded(200);
    let changed = patch(&both, alice.id, r#"{"last_name": "L", "app_metadata": {"seats": 3}}"#).await;
    let answer = changed.succeeded(200)["data"].clone();
    assert!(answer.get("email").is_none(), "without users:read, a key sees names only: {answer}");
    let expected = serde_json::json!({
        "first_name": "Alicia", "last_name": "L", "app_metadata": { "plan": "pro", "seats": 3 },
    });
    let after = seen().await;
    for (member, value) in expected.as_object().expect("an object") {
        assert_eq!(&after[member], value, "{member}");
    }
}

//! What each route answers when all goes well, and what arrived at the service.

use denizen_models::{Profile, UserId};
use denizen_services::UserList;
use denizen_testkit::{FixedClock, sample_user};
use serde_json::{Value, json};

use crate::support::{
    Api, Setup,
    auth::MEMBER,
    fakes::Asked,
    requests::{delete_user, get, request_of, send_json},
};

/// User 7 as an administrator sees it.
fn alice() -> Value {
    json!({
        "id": 7, "username": "alice", "email": "alice@example.com", "first_name": "Sample", "last_name": "User",
        "age": 0, "active": true, "email_verified": false, "roles": ["user"],
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    })
}

#[actix_web::test]
async fn health_says_what_runs() {
    let answer = Api::start().await.send(get("/health")).await;
    let (data, metadata) = answer.expect_success(200, "Server is healthy and running");
    let now = FixedClock::start().timestamp();
    let version = env!("CARGO_PKG_VERSION");
    let expected = json!({ "service": "denizen", "status": "healthy", "timestamp": now, "version": version });
    assert_eq!(data, expected);
    assert_eq!(metadata, json!({ "endpoint": "/health", "method": "GET" }));
}

#[actix_web::test]
async fn a_process_that_is_up_and_ready_says_so() {
    let api = Api::start().await;
    let parts = api.send(get("/livez")).await.expect_success(200, "Process is up");
    assert_eq!(parts, (json!({ "status": "alive" }), Value::Null));
    let parts = api.send(get("/readyz")).await.expect_success(200, "Service is ready");
    assert_eq!(parts, (json!({ "store": true, "mail_worker": true }), Value::Null));
}

#[actix_web::test]
async fn a_user_is_returned_with_what_the_caller_may_see() {
    let message = "User retrieved successfully";
    let api = Api::start().await;
    let parts = api.send(get("/api/users/7")).await.expect_success(200, message);
    assert_eq!(parts, (alice(), Value::Null));
    assert!(matches!(api.users.last_asked(), Asked::Get(id) if id == UserId::new(7)));

    let bob = |setup: &mut Setup| setup.answers.get = Ok(sample_user(8, "bob"));
    let api = Api::start_with(bob).await;
    let (data, _) = api.send(request_of(MEMBER, "GET", "/api/users/8")).await.expect_success(200, message);
    assert_eq!((&data["username"], &data["email"]), (&json!("bob"), &Value::Null));
}

#[actix_web::test]
async fn a_profile_is_returned_whole() {
    let profile = Profile { bio: "<b>&\u{2028}".to_owned(), experience: 3, ..Profile::default() };
    let change = |setup: &mut Setup| {
        let mut user = sample_user(7, "alice");
        user.values.profile = Some(profile);
        setup.answers.get = Ok(user);
    };
    let answer = Api::start_with(change).await.send(get("/api/users/7")).await;
    let (data, _) = answer.expect_success(200, "User retrieved successfully");
    let expected = json!({
        "bio": "<b>&\u{2028}", "avatar_url": "", "location": "", "website": "", "interests": [], "skills": [],
        "experience": 3,
    });
    assert_eq!(data["profile"], expected);
    assert!(answer.text().contains("<b>&"), "{answer:?}");
}

#[actix_web::test]
async fn an_export_is_saved_as_a_file() {
    let api = Api::start().await;
    let answer = api.send(get("/api/users/7/export")).await;
    let expected = json!({
        "user": alice(), "has_password": true, "failed_attempts": 0, "sessions": [], "tokens": [], "mails": [], "audit": [],
    });
    assert_eq!(answer.expect_success(200, "User exported successfully"), (expected, Value::Null));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"user-7.json\""));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    assert!(matches!(api.users.last_asked(), Asked::Export(id) if id == UserId::new(7)));
}

#[actix_web::test]
async fn a_list_counts_what_it_shows() {
    let change = |setup: &mut Setup| {
        let users = vec![sample_user(7, "alice"), sample_user(8, "bob")];
        setup.answers.list = Ok(UserList { users, next_cursor: None, total: None });
    };
    let answer = Api::start_with(change).await.send(get("/api/users?search=%20X%20")).await;
    let (data, metadata) = answer.expect_success(200, "Successfully retrieved 2 users");
    assert_eq!((&data[0], &data[1]["username"]), (&alice(), &json!("bob")));
    let now = FixedClock::start().timestamp();
    let expected = json!({ "count": 2, "search": " X ", "timestamp": now, "next_cursor": null });
    assert_eq!(metadata, expected);
}

#[actix_web::test]
async fn an_empty_list_is_a_list() {
    let change = |setup: &mut Setup| {
        setup.answers.list = Ok(UserList { users: Vec::new(), next_cursor: None, total: None });
    };
    let answer = Api::start_with(change).await.send(get("/api/users")).await;
    let (data, metadata) = answer.expect_success(200, "Successfully retrieved 0 users");
    assert_eq!(data, json!([]));
    assert_eq!((&metadata["count"], &metadata["search"]), (&json!(0), &json!("")));
}

#[actix_web::test]
async fn a_list_shows_no_addresses_to_those_who_may_not_see_them() {
    let bob = |setup: &mut Setup| {
        let users = vec![sample_user(7, "alice"), sample_user(8, "bob")];
        setup.answers.list = Ok(UserList { users, next_cursor: None, total: None });
    };
    let answer = Api::start_with(bob).await.send(request_of(MEMBER, "GET", "/api/users")).await;
    let (data, _) = answer.expect_success(200, "Successfully retrieved 2 users");
    // Alice sees her own.
    assert_eq!(data[0], alice());
    assert_eq!((&data[1]["username"], &data[1]["email"]), (&json!("bob"), &Value::Null));
}

#[actix_web::test]
async fn a_new_user_is_returned_with_its_address() {
    let api = Api::start().await;
    let body = json!({
        "username": "alice", "email": "alice@example.com", "first_name": "A", "last_name": "B", "age": 30,
        "active": false, "roles": ["x", "y"], "password": "correct horse", "profile": { "skills": ["Go"] },
    });
    let answer = api.send(send_json("POST", "/api/users", &body)).await;
    let parts = answer.expect_success(201, "User created successfully");
    assert_eq!(parts, (alice(), json!({ "user_id": 7 })));
    assert_eq!(answer.header("location"), Some("/api/users/7"));

    let Asked::Create(request) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((request.username.as_str(), request.email.as_str()), ("alice", "alice@example.com"));
    assert_eq!((request.first_name.as_str(), request.last_name.as_str()), ("A", "B"));
    assert_eq!((request.age, request.active), (Some(30), Some(false)));
    assert_eq!(request.roles, Some(vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!(request.password.expect("a password").expose(), "correct horse");
    assert_eq!(request.profile.expect("a profile").skills, ["Go"]);
    assert_eq!((request.id, request.created_at, request.updated_at), (None, None, None));
}

#[actix_web::test]
async fn a_replaced_user_is_returned() {
    let api = Api::start().await;
    let body = json!({ "id": 7, "username": "alice", "created_at": "2026-01-01T00:00:00Z", "profile": null });
    let answer = api.send(send_json("PUT", "/api/users/7", &body)).await;
    assert_eq!(answer.expect_success(200, "User updated successfully"), (alice(), Value::Null));

    let Asked::Update(id, request, _) = api.users.last_asked() else { panic!("another call") };
    assert_eq!((id, request.id, request.username.as_str()), (UserId::new(7), Some(7), "alice"));
    assert_eq!((request.created_at, request.updated_at), (Some(FixedClock::start()), None));
    assert!(request.profile.is_none());
}

#[actix_web::test]
async fn a_deleted_user_leaves_a_sentence() {
    let api = Api::start().await;
    let parts = api.send(delete_user()).await.expect_success(200, "User deleted successfully");
    assert_eq!(parts, (Value::Null, Value::Null));
    assert!(matches!(api.users.last_asked(), Asked::Delete(id, _) if id == UserId::new(7)));
}

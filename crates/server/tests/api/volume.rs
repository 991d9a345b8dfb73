//! A hundred thousand users in a file: everything still answers, and rightly. (How fast is the benchmark's business.)

use denizen_services::{
    Clock as _,
    store::{UnitOfWork, WriteStore as _},
};
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use denizen_testkit::{FixedClock, user_values};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    TestServer,
    account::{request_verification, verify_email},
    api::{self, ids_of, user},
    http::act_as,
    production::enrol,
};

const USERS: u64 = 100_000;

/// A database with users whose names are `user_000001` and so on, like their ids. The last one is the administrator.
async fn filled() -> TempDir {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(SqliteOptions::new(folder.path().join("denizen.db"))).unwrap();
    let now = FixedClock::new().now();
    let names: Vec<u64> = (1..=USERS).collect();
    for names in names.chunks(10_000) {
        let insert = |id| UnitOfWork::new().insert_user(user_values(&format!("user_{id:06}")), None, now);
        let answers = store.commit_batch(names.iter().map(insert).collect()).await;
        assert!(answers.iter().all(Result::is_ok));
    }
    store.shutdown().await;
    assert_eq!(enrol(folder.path(), "olga", &["admin"]).await, USERS + 1);
    folder
}

/// Security checklist: 54.
#[tokio::test]
async fn among_a_hundred_thousand_users_everything_answers() {
    let server = TestServer::start_in(filled().await).await;
    let at = server.address;
    act_as(at, Some(server.session_of("olga").await));

    // No sample users: the database was not empty.
    let middle = api::get(at, USERS / 2).await.succeeded(200);
    assert_eq!(middle["data"]["username"], "user_050000");
    api::get(at, USERS + 2).await.refused(404, "USER_NOT_FOUND");

    let found = api::list(at, "?search=R_099999").await.succeeded(200);
    assert_eq!(ids_of(&found), [99_999]);
    let found = api::list(at, "?search=user_0999&limit=200").await.succeeded(200);
    assert_eq!(ids_of(&found), (99_900..=99_999).collect::<Vec<_>>());
    let nobody = api::list(at, "?search=user_1000001").await.succeeded(200);
    assert_eq!((&nobody["data"], &nobody["metadata"]["next_cursor"]), (&json!([]), &Value::Null));
    let everybody = api::list(at, "?search=example.com&limit=3").await.succeeded(200);
    assert_eq!(ids_of(&everybody), [1, 2, 3]);
    let prefix = api::list(at, "?search=us&limit=2").await.succeeded(200);
    assert_eq!(ids_of(&prefix), [1, 2]);

    let first = api::list(at, "").await.succeeded(200);
    assert_eq!(ids_of(&first), (1..=50).collect::<Vec<_>>());
    let cursor = first["metadata"]["next_cursor"].as_str().unwrap();
    let second = api::list(at, &format!("?cursor={cursor}")).await.succeeded(200);
    assert_eq!(ids_of(&second), (51..=100).collect::<Vec<_>>());
    for (sort, first) in [("-id", USERS - 198), ("-username", USERS - 199)] {
        let last = api::list(at, &format!("?sort={sort}&limit=200")).await.succeeded(200);
        assert_eq!(ids_of(&last), (first..first + 200).rev().collect::<Vec<_>>(), "{sort}");
    }
    let counted = api::list(at, "?total=true&limit=1").await.succeeded(200);
    assert_eq!(counted["metadata"]["total"], USERS + 1);

    let taken = api::create(at, &user("USER_070000")).await.refused(409, "USER_CREATION_ERROR");
    assert_eq!(taken["error"], "Failed to create user: username 'USER_070000' already exists");
    let created = api::create(at, &user("newcomer")).await.succeeded(201);
    assert_eq!(created["data"]["id"], USERS + 2);
    let found = api::list(at, "?search=newcomer").await.succeeded(200);
    assert_eq!(found["data"], json!([created["data"]]));

    request_verification(at, "User_012345@example.com").await.succeeded(202);
    let token = server.next_token("user_012345@example.com").await;
    verify_email(at, &token).await.succeeded(200);
    let changed = api::get(at, 12_345).await.succeeded(200);
    assert_eq!(changed["data"]["email_verified"], true);
    api::delete(at, 12_345).await.succeeded(200);
    assert_eq!(api::list(at, "?search=user_012345").await.succeeded(200)["data"], json!([]));
}

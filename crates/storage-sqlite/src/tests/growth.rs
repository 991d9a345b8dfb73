//! What statements cost with many users. Steps of SQLite's machine are counted, not time.

use std::{path::Path, time::Duration};

use denizen_models::UserValues;
use denizen_services::store::ReadStore as _;
use rusqlite::{Connection, Params, StatementStatus, named_params, types::Null};

use crate::{
    SqliteOptions, SqliteStore,
    engine::{open::connect, sql::Param},
    list, mail_jobs, search, sessions,
    tests::{fill, now, user_values},
    tokens, users,
};

/// Steps that depend on the values, not on how many users there are.
const SLACK: i32 = 10;

/// How many steps a statement takes, and how many of them lead through a table from its beginning.
pub(super) fn steps(connection: &Connection, sql: &str, params: impl Params) -> (i32, i32) {
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query(params).unwrap();
    while rows.next().unwrap().is_some() {}
    drop(rows);
    (statement.get_status(StatementStatus::VmStep), statement.get_status(StatementStatus::FullscanStep))
}

/// The steps of every kind of request, in a database of `count` users.
fn costs(path: &Path, count: i64) -> Vec<(&'static str, i32, i32)> {
    let connection = connect(path, Duration::from_secs(1)).unwrap();
    // What is written in here is never committed.
    connection.execute_batch("PRAGMA foreign_keys = ON; BEGIN IMMEDIATE").unwrap();
    let some = count / 2;
    let (name, address) = (format!("user_{some}"), format!("user_{some}@example.com"));
    let values = user_values("new_user");
    let at = now();
    let mut new = users::written(&values, at).unwrap();
    new.push((":password_hash", Null.into()));
    let newer = UserValues {
        active: false,
        roles: ["user", "admin"].map(str::to_owned).to_vec(),
        ..user_values("newer_user")
    };
    let mut changed = users::written(&newer, at).unwrap();
    changed.extend([(":user", some.into()), (":revision", 1.into())]);
    let session = named_params! {
        ":user": some, ":hash": [1_u8; 32], ":created_at": 1, ":expires_at": 2, ":ip": Null, ":user_agent": Null
    };
    let token = named_params! {
        ":user": some, ":purpose": "password_reset", ":hash": [1_u8; 32], ":expires_at": 9, ":address": Null
    };
    let mail = named_params! {
        ":kind": "x", ":address": address, ":at": 1, ":ip": Null, ":request_id": "", ":capacity": 9
    };
    let mail_to_user = named_params! {
        ":kind": "x", ":carries_token": true, ":user": some, ":send_to": Null, ":at": 1, ":ip": Null,
        ":request_id": ""
    };
    let lease = named_params! { ":now": 1, ":kind": "x", ":lease": 7, ":until": 2, ":limit": 10 };
    let administrator = named_params! { ":user": some, ":role": "gardener" };
    let page = |sql: &str, key: &str, id: i64, list: Option<&str>| {
        let mut params: Vec<Param<'_>> = vec![(":id", id.into()), (":limit", 50.into())];
        params.extend(sql.contains(":key").then_some((":key", key.into())));
        if let Some(list) = list {
            params.extend([(":list", list.into()), (":active", Null.into())]);
        }
        steps(&connection, sql, params.as_slice())
    };
    let users_page = |sql| page(sql, &name, some, Some("=user"));
    let rare_page = |sql| page(sql, "", 0, Some("=gardener"));
    let found = |sql, trigrams: &str, needle: &str, last: i64, role: Option<&str>| {
        let params = named_params! {
            ":trigrams": trigrams, ":after": 0, ":needle": needle, ":last": last, ":active": Null, ":role": role,
            ":limit": 20
        };
        steps(&connection, sql, params)
    };
    let costs = [
        ("find by id", steps(&connection, users::FIND, [some])),
        ("find by user name", steps(&connection, users::FIND_BY_USERNAME, [&name])),
        ("find by address", steps(&connection, users::FIND_BY_EMAIL, [&address])),
        ("insert user", steps(&connection, users::INSERT, new.as_slice())),
        ("update user", steps(&connection, users::UPDATE.sql, changed.as_slice())),
        ("put token", steps(&connection, tokens::PUT, token)),
        (
            "find token",
            steps(
                &connection,
                tokens::FIND,
                named_params! { ":hash": [1_u8; 32], ":purpose": "password_reset" },
            ),
        ),
        ("insert session", steps(&connection, sessions::INSERT, session)),
        ("find session", steps(&connection, sessions::FIND, [[1_u8; 32]])),
        ("enqueue", steps(&connection, mail_jobs::ENQUEUE_FOR_ADDRESS, mail)),
        ("enqueue for a user", steps(&connection, mail_jobs::ENQUEUE_FOR_USER, mail_to_user)),
        ("lease", steps(&connection, mail_jobs::LEASE, lease)),
        ("other administrator", steps(&connection, users::OTHER_ADMIN.sql, administrator)),
        ("page by id", page(list::ALL_BY_ID, "", some, None)),
        ("page by name, backwards", page(list::ALL_BY_NAME_DESCENDING, &name, some, None)),
        ("page of a common role by id", users_page(list::LISTED_BY_ID)),
        ("page of a common role by name", users_page(list::LISTED_BY_NAME)),
        ("page of a rare role by id", rare_page(list::LISTED_BY_ID)),
        ("page of a rare role by name", rare_page(list::LISTED_BY_NAME)),
        ("search of one user", found(search::PAGE_BY_NAMES, r#""qui" "uix""#, "quix", i64::MAX, None)),
        (
            "search of everybody",
            found(search::PAGE_BY_NAMES_OR_EMAIL, r#""exa" "xam""#, "exam", i64::MAX, None),
        ),
        ("search of nobody", found(search::PAGE_BY_NAMES_OR_EMAIL, r#""zzz""#, "zzz", i64::MAX, None)),
        ("search by beginnings", found(search::PAGE_BY_NAMES_OR_EMAIL, "\"\u{1}am\"", "am", 1, Some("user"))),
        (
            "delete user",
            steps(&connection, users::DELETE.sql, named_params! { ":user": some, ":revision": Null }),
        ),
    ];
    costs.into_iter().map(|(name, (steps, full))| (name, steps, full)).collect()
}

async fn costs_with(count: i64) -> Vec<(&'static str, i32, i32)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    let store = SqliteStore::open(SqliteOptions::new(&path)).unwrap();
    fill(&store, usize::try_from(count).unwrap()).await;
    assert_eq!(store.count_users(&Default::default()).await, Ok(count.cast_unsigned()));
    store.shutdown().await;
    costs(&path, count)
}

/// Security checklist: 54.
#[tokio::test]
async fn a_hundred_thousand_users_cost_no_more_than_a_thousand() {
    let few = costs_with(1_000).await;
    let many = costs_with(100_000).await;
    for ((name, few, few_scanned), (_, many, many_scanned)) in few.into_iter().zip(many) {
        assert!(few > 0 && many <= few + SLACK, "{name}: {few} steps became {many}");
        assert_eq!((few_scanned, many_scanned), (0, 0), "{name} looks at every row");
    }
}

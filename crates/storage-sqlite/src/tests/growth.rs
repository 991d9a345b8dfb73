//! What statements cost with many users. Steps of SQLite's machine are counted, not time.

use std::{path::Path, time::Duration};

use denizen_services::store::ReadStore as _;
use rusqlite::{Connection, Params, StatementStatus, params};

use crate::{
    SqliteOptions, SqliteStore, engine::open::connect, list, mail_jobs, search, sessions, tests::fill,
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
    let values = params![
        "new_user",
        "new_user",
        "new@example.com",
        "new@example.com",
        "New",
        "new",
        "User",
        "user",
        30,
        true,
        false,
        r#"["user"]"#,
        None::<String>,
        None::<String>,
        1
    ];
    let changed = params![
        "newer_user",
        "newer_user",
        "newer@example.com",
        "newer@example.com",
        "New",
        "new",
        "User",
        "user",
        30,
        false,
        false,
        r#"["user","admin"]"#,
        None::<String>,
        2,
        some,
        1
    ];
    let session = params![some, [1_u8; 32], 1, 2, None::<String>, None::<String>];
    let page = |sql| steps(&connection, sql, params![name, some, 50]);
    let users_page = |sql| steps(&connection, sql, params![name, some, 50, "=user", None::<bool>]);
    let rare_page = |sql| steps(&connection, sql, params!["", 0, 50, "=gardener", None::<bool>]);
    let found = |sql, trigrams, needle, last, role: Option<&str>| {
        steps(&connection, sql, params![trigrams, 0, needle, last, None::<bool>, role, 20])
    };
    let costs = [
        ("find by id", steps(&connection, users::FIND, [some])),
        ("find by user name", steps(&connection, users::FIND_BY_USERNAME, [&name])),
        ("find by address", steps(&connection, users::FIND_BY_EMAIL, [&address])),
        ("insert user", steps(&connection, users::INSERT, values)),
        ("update user", steps(&connection, users::UPDATE, changed)),
        (
            "put token",
            steps(&connection, tokens::PUT, params![some, "password_reset", [1_u8; 32], 9, None::<String>]),
        ),
        ("find token", steps(&connection, tokens::FIND, params![[1_u8; 32], "password_reset"])),
        ("insert session", steps(&connection, sessions::INSERT, session)),
        ("find session", steps(&connection, sessions::FIND, [[1_u8; 32]])),
        (
            "enqueue",
            steps(
                &connection,
                mail_jobs::ENQUEUE_FOR_ADDRESS,
                params!["x", address, 1, None::<String>, "", 9],
            ),
        ),
        (
            "enqueue for a user",
            steps(
                &connection,
                mail_jobs::ENQUEUE_FOR_USER,
                params!["x", true, some, None::<String>, 1, None::<String>, ""],
            ),
        ),
        ("lease", steps(&connection, mail_jobs::LEASE, params![1, r#"["x"]"#, 7, 2, 10])),
        ("other administrator", steps(&connection, users::OTHER_ADMINISTRATOR, params![some, "gardener"])),
        ("page by id", page(list::ALL_BY_ID)),
        ("page by name, backwards", page(list::ALL_BY_NAME_DESCENDING)),
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
        ("delete user", steps(&connection, users::DELETE, params![some, None::<i64>])),
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

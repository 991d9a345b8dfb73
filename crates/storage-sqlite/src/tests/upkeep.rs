//! What looking after the store costs with much in it. Steps of SQLite's machine are counted, not time.

use std::time::Duration;

use rusqlite::{Connection, named_params, params, types::Null};

use crate::{
    audit,
    engine::open::connect,
    mail_jobs, purge, registrations, sessions,
    tests::{growth::steps, open},
    users,
};

/// Every table with `?1` rows, a hundred of which belong to an hour.
const FILL: [&str; 6] = [
    "INSERT INTO sessions (user_id, hash, created_at, expires_at, last_seen_at) \
     SELECT n / 10, randomblob(32), 0, n, n FROM numbers WHERE n <= ?1",
    "INSERT INTO tokens (user_id, purpose, hash, expires_at) \
     SELECT n, 'x', randomblob(32), n FROM numbers WHERE n <= ?1",
    "INSERT INTO registrations (username, email, address, first_name, last_name, age, active, email_verified, \
     roles, password_hash, token, expires_at) \
     SELECT n, n, n, '', '', 0, 1, 0, '[]', '', randomblob(32), n FROM numbers WHERE n <= ?1",
    "INSERT INTO mail_jobs (kind, carries_token, user_id, requested_at, due_at, dead, request_id) \
     SELECT 'x', 1, n, n, n, n % 2, '' FROM numbers WHERE n <= ?1",
    "INSERT INTO freed_names (name, user_id, freed_at) \
     SELECT randomblob(32), n / 4, n FROM numbers WHERE n <= ?1",
    "INSERT INTO audit (kind, at, actor, target, request_id) \
     SELECT iif(n % 2, 'odd', 'even'), n * 36000000, 'user:' || (n % 3), n % 5, '' FROM numbers WHERE n <= ?1",
];

fn fill(connection: &Connection, count: i64) {
    let numbers = "PRAGMA foreign_keys = OFF; CREATE TEMP TABLE numbers (n INTEGER PRIMARY KEY); \
                   WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100000) \
                   INSERT INTO numbers SELECT n FROM number; BEGIN IMMEDIATE";
    connection.execute_batch(numbers).unwrap();
    for sql in FILL {
        assert_eq!(connection.execute(sql, [count]), Ok(usize::try_from(count).unwrap()), "{sql}");
    }
}

/// What everything costs in a store with `count` rows of everything. Nothing of it is ever committed.
fn costs_among(count: i64) -> Vec<(&'static str, (i32, i32))> {
    let (_store, folder) = open();
    let connection = connect(&folder.path().join("denizen.db"), Duration::from_secs(1)).unwrap();
    fill(&connection, count);
    let page = |sql, first, last, from, to| {
        let params = named_params! {
            ":first": first, ":last": last, ":limit": 50, ":kind": Null, ":actor": Null, ":target": Null,
            ":since": from, ":until": to
        };
        steps(&connection, sql, params)
    };
    let filtered = |sql| {
        let params = named_params! {
            ":first": 0, ":last": i64::MAX, ":limit": 50, ":kind": "odd", ":actor": "user:2", ":target": 3,
            ":since": i64::MIN, ":until": i64::MAX
        };
        steps(&connection, sql, params)
    };
    // A whole hour in the middle.
    let (from, to) = (count / 2 * 36_000_000, (count / 2 + 100) * 36_000_000);
    let ids = "[1,2,3,1000000000,1000000001]";
    let mut costs = vec![
        ("newest audit records", page(audit::ALL_KINDS, 0, i64::MAX, i64::MIN, i64::MAX)),
        ("audit records of a kind", filtered(audit::OF_KIND)),
        ("audit records by an actor", filtered(audit::BY_ACTOR)),
        ("audit records of a target", filtered(audit::OF_TARGET)),
        ("the ids of an hour", steps(&connection, audit::BETWEEN, [from, to])),
        ("audit records of an hour", page(audit::ALL_KINDS, count / 2, count / 2 + 199, from, to)),
        ("sessions of a user", steps(&connection, sessions::OF_USER, [count / 20])),
        ("sessions that have ended", steps(&connection, sessions::ENDED, params![ids, 0, 0])),
        ("trimming sessions", steps(&connection, sessions::TRIM, [count / 20, 5])),
        ("trimming names", steps(&connection, users::names::TRIM, [count / 20, 2])),
        ("registration by token", steps(&connection, registrations::FIND_BY_TOKEN, [[1_u8; 32]])),
        ("mail jobs", steps(&connection, mail_jobs::OLDEST, [count / 2, 10])),
        ("dead mail jobs", steps(&connection, mail_jobs::OLDEST_OF_STATUS, [1, count / 2, 10])),
    ];
    for (name, sql) in purge::ALL {
        if *sql == purge::MAIL_DUE {
            costs.push((name, steps(&connection, sql, (0, r#"["x"]"#, i64::MIN, 10))));
            costs.push((name, steps(&connection, sql, (0, r#"["x"]"#, i64::MAX, 10))));
        } else if ![purge::AUDIT_HOURS, purge::EVERY_SEQUENCE, purge::SKIP_IDS].contains(sql) {
            costs.push((name, steps(&connection, sql, [i64::MIN, 10])));
            costs.push((name, steps(&connection, sql, [i64::MAX, 10])));
        }
    }
    costs
}

#[test]
fn a_hundred_thousand_rows_cost_no_more_than_ten_thousand() {
    let (few, many) = (costs_among(10_000), costs_among(100_000));
    assert_eq!(few, many);
    assert!(many.iter().all(|(_, (steps, scanned))| *steps > 0 && *scanned == 0), "{many:?}");
}

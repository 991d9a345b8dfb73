//! What SQLite means to do.

use crate::{
    audit,
    engine::{disk, open::connect, sql, transaction},
    keys, limits, list, mail_jobs, metrics, purge, registrations, search, secrets, sessions,
    tests::open,
    tokens, users,
};

/// Every statement that the store runs, by the name of its file.
const STATEMENTS: &[(&str, &[(&str, &str)])] = &[
    ("audit", audit::ALL),
    ("disk", disk::ALL),
    ("keys", keys::ALL),
    ("limits", limits::ALL),
    ("list", list::ALL),
    ("mail_jobs", mail_jobs::ALL),
    ("metrics", metrics::ALL),
    ("names", users::names::ALL),
    ("purge", purge::ALL),
    ("registrations", registrations::ALL),
    ("search", search::ALL),
    ("secrets", secrets::ALL),
    ("sessions", sessions::ALL),
    ("sql", sql::ALL),
    ("tokens", tokens::ALL),
    ("transaction", transaction::ALL),
    ("users", users::ALL),
];

/// The steps of the plans of all statements, as `file::STATEMENT: step`.
fn plans() -> Vec<String> {
    let (store, folder) = open();
    let connection = connect(&folder.path().join("denizen.db"), std::time::Duration::ZERO).unwrap();
    let mut plans = Vec::new();
    for (file, statements) in STATEMENTS {
        for (name, sql) in *statements {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>();
            plans.extend(steps.unwrap().into_iter().map(|step| format!("{file}::{name}: {step}")));
        }
    }
    drop(store);
    plans
}

/// Security checklist: 54.
#[test]
fn no_statement_looks_at_every_row_of_a_table() {
    // What one request has in hand: a row or a list of values, rows that another search has found (which plans call by
    // the alias or the number of the query), the trigrams of a needle, the users of a transaction, and settings.
    const NO_TABLES: [&str; 8] =
        ["CONSTANT", "json_each", "f", "l", "m", "(subquery-4)", "q", "user_search_queue"];
    let is_table = |name: &str| !NO_TABLES.contains(&name) && !name.starts_with("pragma_");
    let mut plans = plans();
    plans.retain(|plan| {
        plan.split_once(": SCAN ").is_some_and(|(_, rest)| is_table(rest.split(' ').next().unwrap()))
    });
    let expected = [
        // Counting is the one thing that costs what it counts.
        "list::COUNT_ALL: SCAN users USING COVERING INDEX sqlite_autoindex_users_2",
        // One row a table.
        "purge::EVERY_SEQUENCE: SCAN sqlite_schema",
        "purge::EVERY_SEQUENCE: SCAN sqlite_sequence",
        "purge::SKIP_IDS: SCAN sqlite_sequence",
        // One row for each way in which passwords are hashed.
        "users::PASSWORD_SCHEMES: SCAN password_schemes",
    ];
    assert_eq!(plans, expected);
}

#[test]
fn no_statement_sorts_more_rows_than_it_gives() {
    let mut plans = plans();
    plans.retain(|plan| plan.contains("TEMP B-TREE") || plan.contains("AUTOMATIC"));
    assert_eq!(plans, [""; 0]);
}

/// Security checklist: 54.
#[test]
fn every_page_of_the_audit_trail_is_led_by_the_index_of_its_filter() {
    let mut plans = plans();
    plans.retain(|plan| plan.starts_with("audit::") && plan.contains("SEARCH audit "));
    let expected = [
        "audit::EARLIEST: SEARCH audit USING COVERING INDEX audit_by_time (at>?)",
        "audit::ALL_KINDS: SEARCH audit USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
        "audit::OF_KIND: SEARCH audit USING INDEX audit_by_kind (kind=? AND rowid>? AND rowid<?)",
        "audit::BY_ACTOR: SEARCH audit USING INDEX audit_by_actor (actor=? AND rowid>? AND rowid<?)",
        "audit::OF_TARGET: SEARCH audit USING INDEX audit_by_target (target=? AND rowid>? AND rowid<?)",
    ];
    assert_eq!(plans, expected);
}

#[test]
fn every_statement_stays_prepared() {
    let count: usize = STATEMENTS.iter().map(|(_, statements)| statements.len()).sum();
    assert!(count <= sql::STATEMENT_CACHE, "{count} statements");
}

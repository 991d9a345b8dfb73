//! What SQLite means to do.

use crate::{
    audit, limits, list, mail_jobs, open::connect, search, secrets, sessions, sql, tests::open, tokens,
    transaction, users,
};

/// Every statement that the store runs, by the name of its file.
const STATEMENTS: &[(&str, &[(&str, &str)])] = &[
    ("audit", audit::ALL),
    ("limits", limits::ALL),
    ("list", list::ALL),
    ("mail_jobs", mail_jobs::ALL),
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

#[test]
fn no_statement_looks_at_every_row_of_a_table() {
    const TABLES: [&str; 9] =
        ["u", "s", "users", "tokens", "sessions", "mail_jobs", "user_lists", "buckets", "secrets"];
    let is_table = |name: &str| TABLES.contains(&name);
    let mut plans = plans();
    plans.retain(|plan| {
        plan.split_once(": SCAN ").is_some_and(|(_, rest)| is_table(rest.split(' ').next().unwrap()))
    });
    let expected = [
        // Counting is the one thing that costs what it counts.
        "list::COUNT_ALL: SCAN users USING COVERING INDEX sqlite_autoindex_users_2",
        // In the order of the table itself, up to the limit.
        "mail_jobs::OLDEST: SCAN mail_jobs",
    ];
    assert_eq!(plans, expected);
}

#[test]
fn no_statement_sorts_more_rows_than_it_gives() {
    let mut plans = plans();
    plans.retain(|plan| plan.contains("TEMP B-TREE") || plan.contains("AUTOMATIC"));
    assert_eq!(plans, [""; 0]);
}

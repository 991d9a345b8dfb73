//! Every statement, as PostgreSQL understands it.

use denizen_storage_postgres::statements;
use denizen_testkit::Database;
use tokio_postgres::{Client, NoTls};

use crate::support::database;

async fn connect(database: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let database = database();
    let client = connect(&database).await;
    for statement in statements() {
        let prepared = client.prepare(&statement.text).await;
        assert!(prepared.is_ok(), "{}: {:?}", statement.name, prepared.err());
    }
}

/// What PostgreSQL would do for these values, as connections for lists plan it: a line for each node.
fn plan(database: &Database, name: &str, values: &[(&str, &str)]) -> String {
    let statement = statements().into_iter().find(|statement| statement.name == name).unwrap();
    let value =
        |name: &str| values.iter().find(|(known, _)| *known == name).map_or("NULL", |(_, value)| *value);
    // From the last, so that $1 is not the beginning of $10.
    let parameters = statement.parameters.iter().enumerate().rev();
    let text = parameters
        .fold(statement.text, |text, (index, name)| text.replace(&format!("${}", index + 1), value(name)));
    database.sql(&format!("EXPLAIN (COSTS OFF) {text}"))
}

/// Security checklist: 54.
#[test]
fn lists_and_searches_of_many_users_take_an_index() {
    let database = database();
    let columns = "username, username_key, email, email_key, first_name, first_name_key, last_name, last_name_key, age, \
         active, email_verified, roles, created_at, updated_at";
    let fill = format!(
        "INSERT INTO users ({columns}) SELECT n, n, n || '@x', n || '@x', '', md5(n), '', \
         CASE WHEN i % 3 = 0 THEN 'smith' ELSE md5(n || 'x') END, 1, i % 1000 <> 0, TRUE, \
         CASE WHEN i % 1000 = 1 THEN ARRAY['admin'] ELSE ARRAY['user'] END, 0, 0 \
         FROM (SELECT i, 'user_' || i AS n FROM generate_series(1, 30000) i) names; \
         INSERT INTO users ({columns}) VALUES ('r', 'r', 'r', 'r', '', 'quokka', '', '', 1, TRUE, TRUE, '{{}}', 0, 0); \
         ANALYZE users"
    );
    let _ = database.sql(&fill);
    let (page, rare, common) =
        ([("id", "0"), ("key", "''"), ("limit", "51"), ("after", "0")], "'%quokka%'", "'%smith%'");
    for (name, (parameter, value), index) in [
        ("list::BY_ID", ("role", "NULL"), "users_pkey"),
        ("list::BY_ID_DESCENDING", ("id", "99999"), "users_pkey"),
        ("list::BY_NAME", ("role", "NULL"), "users_username_key_key"),
        ("list::BY_NAME_DESCENDING", ("key", "'z'"), "users_username_key_key"),
        ("list::BY_ID", ("role", "'admin'"), "users_by_role"),
        ("list::BY_ID", ("active", "FALSE"), "users_inactive"),
        ("search::PAGE_BY_NAMES", ("pattern", rare), "users_by_text"),
        ("search::PAGE_BY_NAMES_OR_EMAIL", ("pattern", rare), "users_by_text"),
        ("search::PAGE_BY_NAMES", ("pattern", common), "users_pkey"),
    ] {
        let values = [&[(parameter, value)], &page[..]].concat();
        let plan = plan(&database, name, &values);
        assert!(
            plan.contains(index) && !plan.contains("Seq Scan"),
            "{name} with {parameter} = {value}:\n{plan}"
        );
    }
}

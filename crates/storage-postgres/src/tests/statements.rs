//! Every statement, as PostgreSQL understands it.

use denizen_testkit::Cluster;

use crate::{
    PostgresOptions, PostgresStore, audit,
    engine::{
        connect::{Connector, Plans},
        session::Session,
    },
    keys, limits, list, mail_jobs, metrics, purge, registrations, relay, search, secrets, sessions,
    store::{locks, ports},
    tokens,
    users::{self, names},
};

const ALL: &[(&str, &[(&str, &'static str)])] = &[
    ("audit", audit::ALL),
    ("keys", keys::ALL),
    ("limits", limits::ALL),
    ("list", list::ALL),
    ("locks", locks::ALL),
    ("mail_jobs", mail_jobs::ALL),
    ("metrics", metrics::ALL),
    ("names", names::ALL),
    ("ports", ports::ALL),
    ("purge", purge::ALL),
    ("registrations", registrations::ALL),
    ("relay", relay::ALL),
    ("search", search::ALL),
    ("secrets", secrets::ALL),
    ("sessions", sessions::ALL),
    ("tokens", tokens::ALL),
    ("users", users::ALL),
];

/// A connection to a fresh database of the current schema, which goes away with the cluster.
async fn session(plans: Plans) -> Session {
    let database = Box::leak(Box::new(Cluster::shared(|_| {}).database()));
    let options: PostgresOptions = database.url().parse().unwrap();
    PostgresStore::open(options.clone()).await.unwrap().shutdown().await;
    Connector::new(&options, None).open(plans).await.unwrap()
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let session = session(Plans::Kept).await;
    for (feature, statements) in ALL {
        for (name, sql) in *statements {
            let prepared = session.prepare(sql).await;
            assert!(prepared.is_ok(), "{feature}::{name}: {:?}", prepared.err());
        }
    }
}

/// What PostgreSQL would do, a line for each node.
async fn plan(session: &Session, sql: &str) -> String {
    let rows = session.client.query(&format!("EXPLAIN (COSTS OFF) {sql}"), &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect()
}

/// With the values in place of the parameters, as connections for lists plan it.
fn with_values(sql: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(sql.to_owned(), |sql, (name, value)| sql.replace(&format!(":{name}"), value))
}

#[tokio::test]
async fn lists_and_searches_of_many_users_take_an_index() {
    let session = session(Plans::EachTime).await;
    let fill = "INSERT INTO users (username, username_key, email, email_key, first_name, first_name_key, last_name, \
         last_name_key, age, active, email_verified, roles, created_at, updated_at) \
         SELECT n, n, n || '@x', n || '@x', '', md5(n), '', CASE WHEN i % 3 = 0 THEN 'smith' ELSE md5(n || 'x') END, 1, \
         i % 1000 <> 0, TRUE, CASE WHEN i % 1000 = 1 THEN ARRAY['admin'] ELSE ARRAY['user'] END, 0, 0 \
         FROM (SELECT i, 'user_' || i AS n FROM generate_series(1, 30000) i) names; \
         INSERT INTO users (username, username_key, email, email_key, first_name, first_name_key, last_name, \
         last_name_key, age, active, email_verified, roles, created_at, updated_at) VALUES ('r', 'r', 'r', 'r', '', \
         'quokka', '', '', 1, TRUE, TRUE, '{}', 0, 0); ANALYZE users";
    session.run("SET statement_timeout = 0").await.unwrap();
    session.run(fill).await.unwrap();
    let page = [("id", "0"), ("key", "''"), ("limit", "51"), ("after", "0")];
    let everybody = [("active", "NULL"), ("role", "NULL")];
    let rare = ("pattern", "'%quokka%'");
    let common = ("pattern", "'%smith%'");
    for (sql, values, expected) in [
        (list::BY_ID, vec![], "users_pkey"),
        (list::BY_ID_DESCENDING, vec![], "users_pkey"),
        (list::BY_NAME, vec![], "users_username_key_key"),
        (list::BY_NAME_DESCENDING, vec![("key", "'z'")], "users_username_key_key"),
        (list::BY_ID, vec![("role", "'admin'")], "users_by_role"),
        (list::BY_ID, vec![("active", "FALSE")], "users_inactive"),
        (search::PAGE_BY_NAMES, vec![rare], "users_by_text"),
        (search::PAGE_BY_NAMES_OR_EMAIL, vec![rare], "users_by_text"),
        (search::PAGE_BY_NAMES, vec![common], "users_pkey"),
    ] {
        let mut all = values.clone();
        all.extend(
            page.iter().chain(&everybody).filter(|(name, _)| !values.iter().any(|(known, _)| known == name)),
        );
        let plan = plan(&session, &with_values(sql, &all)).await;
        assert!(plan.contains(expected) && !plan.contains("Seq Scan"), "{sql} {values:?}:\n{plan}");
    }
}

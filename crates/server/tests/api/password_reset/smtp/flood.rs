//! A flood of requests for invented addresses: it fills nothing for good, and leaves no address behind.

use std::path::Path;

use rusqlite::{Connection as Database, types::ValueRef};
use tokio::task::JoinSet;

use super::*;
use crate::support::http::Connection;

/// How many mails of a kind that strangers asked for may wait (`ServiceSettings::mail_capacity`).
const CAPACITY: usize = 10_000;
/// How many of those that wait are the flood's; the rest is there before it.
const ROOM: usize = 1_000;
const FLOOD: usize = 2 * ROOM;

fn open(folder: &Path) -> Database {
    Database::open(folder.join("denizen.db")).expect("a database")
}

fn count(database: &Database, table: &str) -> usize {
    let sql = format!("SELECT count(*) FROM {table}");
    let rows: u32 = database.query_row(&sql, [], |row| row.get(0)).expect("a number");
    rows.try_into().expect("a number")
}

/// So many jobs of other strangers, whose turn does not come.
fn crowd(database: &Database, jobs: usize) {
    let sql = format!(
        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {jobs}) INSERT INTO mail_jobs (kind, carries_token, address, requested_at, due_at, request_id) \
         SELECT 'password_reset', 1, 'other_' || n || '@example.com', 0, 9000000000000000, 'req_0' FROM number"
    );
    assert_eq!(database.execute(&sql, []), Ok(jobs));
}

/// So many requests for addresses that begin with `name`, from several clients at once. Gives how often there was which
/// answer.
async fn flood(scene: &Scene, name: &str, requests: usize) -> (usize, usize) {
    const CLIENTS: usize = 10;
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (at, name) = (scene.server.address, name.to_owned());
        clients.spawn(async move {
            let mut connection = Connection::open(at).await.expect("a server that listens");
            let (mut taken, mut refused) = (0, 0);
            for number in (client..requests).step_by(CLIENTS) {
                let email = format!("{name}_{number}@flood.example");
                let answer = connection.send(&verbs::reset_asked(&email)).await.expect("an answer");
                match answer.status {
                    200 => taken += 1,
                    _ => {
                        answer.refused(503, "SERVICE_UNAVAILABLE");
                        refused += 1;
                    }
                }
            }
            (taken, refused)
        });
    }
    let answers = clients.join_all().await;
    answers.into_iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
}

/// The tables in which `text` stands in any column of any row.
fn tables_with(database: &Database, text: &str) -> Vec<String> {
    let mut tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(tables.len() > 10, "{tables:?}");
    let holds = |table: &String| {
        let mut rows = database.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        let mut found = false;
        while let Some(row) = rows.next().unwrap() {
            found |= (0..columns).any(|column| match row.get_ref(column).unwrap() {
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    bytes.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes()))
                }
                ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => false,
            });
        }
        found
    };
    tables.into_iter().filter(holds).collect()
}

/// Security checklist: 4, 7.
#[tokio::test]
async fn a_flood_of_invented_addresses_is_bounded_and_leaves_none_of_them_behind() {
    let scene = Scene::start_with(SmtpSecurity::None, Encryption::None, &[]).await;
    scene.healthy_answer().await;
    let database = open(scene.server.folder());
    // The mail server is stuck, and with it the only worker: all that is asked for now waits.
    scene.smtp.hold_at(SmtpCommand::Content);
    scene.ask("bobby").await;
    scene.smtp.held().await;
    crowd(&database, CAPACITY - ROOM - 1);

    let answers = flood(&scene, "first", FLOOD).await;

    assert_eq!(answers, (ROOM, FLOOD - ROOM));
    assert_eq!(count(&database, "mail_jobs"), CAPACITY);
    assert_eq!(tables_with(&database, "@flood.example"), ["mail_jobs"], "that is where it is looked for");
    // Whether there is such an account, or a mail to it on its way, makes no difference.
    scene.server.advance_minutes(1);
    let full = scene.ask("ghost").await;
    assert_eq!(full.status, 503, "{full:?}");
    for name in ["carol", "alice", "bobby"] {
        assert_eq!(scene.ask(name).await, full, "{name}");
    }
    let buckets = count(&database, "buckets");
    assert!((2 * ROOM..2 * ROOM + 20).contains(&buckets), "{buckets}");

    let others = database.execute("DELETE FROM mail_jobs WHERE address LIKE 'other_%'", []);
    assert_eq!(others, Ok(CAPACITY - ROOM - 1));
    scene.smtp.release();
    scene.arrived("bobby").await;
    assert_eq!(scene.let_turns_end().await.status, 200);

    // An hour later every bucket of the flood is full, and each new one takes the place of two.
    scene.server.advance_minutes(60);
    assert_eq!(flood(&scene, "later", ROOM / 2).await, (ROOM / 2, 0));
    let left = count(&database, "buckets");
    assert!(left < buckets - ROOM / 2, "{buckets} and then {left}");
    scene.let_turns_end().await;

    let smtp = scene.smtp;
    let folder = scene.server.stop().await;
    let database = open(folder.path());
    assert_eq!(tables_with(&database, "flood"), [""; 0]);
    assert_eq!((count(&database, "mail_jobs"), count(&database, "tokens")), (0, 3), "Alice, Bobby and Carol");
    assert_eq!(smtp.waiting(), 0);
}

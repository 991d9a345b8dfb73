//! What was acknowledged survives `kill -9`, and nothing is there by half.

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use denizen_services::{
    AccessContext, TokenHash, TokenPurpose,
    store::{AuditEvent, AuditKind, MailJob, NewMailJob, UnitOfWork, UserRef, WriteStore as _},
};
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use denizen_testkit::{FixedClock, user_values};
use rusqlite::Connection;

/// Names the database to the process that is to be killed.
const DATABASE: &str = "DENIZEN_TEST_KILLED_DATABASE";
/// After how many acknowledgements each process is killed.
const ROUNDS: [usize; 5] = [1, 40, 300, 7, 1200];
/// How many units are under way at any time.
const TASKS: u64 = 16;

/// A user with a token, a session's worth of rows in other tables, and the trigrams of its name.
fn sign_up(round: usize, task: u64, number: u64) -> UnitOfWork {
    let (now, context) = (FixedClock::start(), AccessContext::system());
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&(round as u64).to_le_bytes());
    hash[8..16].copy_from_slice(&task.to_le_bytes());
    hash[16..24].copy_from_slice(&number.to_le_bytes());
    UnitOfWork::new()
        .insert_user(user_values(&format!("user_{round}_{task}_{number}")), None, now)
        .put_token(UserRef::Created, TokenPurpose::PasswordReset, TokenHash::from_bytes(hash), now)
        .enqueue_mail(NewMailJob::new(MailJob::PasswordChanged { user: UserRef::Created }, &context, now))
        .record(AuditEvent::new(AuditKind::UserCreated, UserRef::Created, &context, now))
}

/// The life of the process that is killed: signs users up and says so, without end.
#[tokio::main]
async fn sign_up_until_killed(path: &Path, round: usize) {
    let store = Arc::new(SqliteStore::open(SqliteOptions::new(path)).unwrap());
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 0.. {
                let user = store.commit(sign_up(round, task, number)).await.unwrap().user().unwrap();
                writeln!(std::io::stdout(), "acknowledged {user}").unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// Starts a process, kills it after it acknowledged that many users, and returns all that it acknowledged.
fn acknowledged_before_the_kill(path: &Path, round: usize, kill_after: usize) -> Vec<i64> {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["killed::what_was_acknowledged_survives_a_kill_as_a_whole", "--exact", "--nocapture"])
        .env(DATABASE, path)
        .env("DENIZEN_TEST_ROUND", round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let user = |line: String| line.strip_prefix("acknowledged ").map(|id| id.parse().unwrap());
    let mut users: Vec<i64> = lines.by_ref().filter_map(user).take(kill_after).collect();
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(users.len(), kill_after, "the process ended by itself");
    // What it could still say before it died. The last line may be cut off.
    let rest: Vec<String> = lines.collect();
    let whole = rest.len().saturating_sub(1);
    users.extend(rest.into_iter().take(whole).filter_map(user));
    users
}

fn numbers(database: &Connection, sql: &str) -> Vec<i64> {
    let mut statement = database.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Security checklist: 22.
#[test]
fn what_was_acknowledged_survives_a_kill_as_a_whole() {
    if let Some(path) = env::var_os(DATABASE) {
        let round = env::var("DENIZEN_TEST_ROUND").unwrap().parse().unwrap();
        return sign_up_until_killed(path.as_ref(), round);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    let mut acknowledged = Vec::new();
    for (round, kill_after) in ROUNDS.into_iter().enumerate() {
        acknowledged.extend(acknowledged_before_the_kill(&path, round, kill_after));

        drop(SqliteStore::open(SqliteOptions::new(&path)).unwrap());
        let database = Connection::open(&path).unwrap();
        let users = numbers(&database, "SELECT id FROM users ORDER BY id");
        let lost: Vec<_> = acknowledged.iter().filter(|id| users.binary_search(id).is_err()).collect();
        assert_eq!(lost, [&0; 0], "acknowledged users are gone after round {round}");
        for (table, column) in [("tokens", "user_id"), ("mail_jobs", "user_id"), ("audit", "target")] {
            let sql = format!("SELECT {column} FROM {table} ORDER BY {column}");
            assert_eq!(numbers(&database, &sql), users, "half a unit in {table} after round {round}");
        }
        assert_eq!(numbers(&database, "SELECT count(*) FROM user_search_queue"), [0]);
        let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        for index in ["user_names", "user_emails"] {
            let check = format!("INSERT INTO {index} ({index}, rank) VALUES ('integrity-check', 1)");
            database.execute(&check, []).unwrap();
        }
    }
}

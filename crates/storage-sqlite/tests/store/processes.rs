//! Several users of one file, as several processes would be.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use denizen_models::UserId;
use denizen_services::{
    TokenHash, TokenPurpose,
    store::{
        BucketKey, CommitError, Precondition, Quota, ReadStore as _, SecretName, Secrets as _, ServiceSecret,
        StoreFailure, UnitOfWork, UserRef, WriteStore as _,
    },
};
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use denizen_testkit::{FixedClock, user_values};
use rusqlite::Connection;

fn open(path: &Path) -> Arc<SqliteStore> {
    let busy_timeout = Duration::from_millis(100);
    Arc::new(SqliteStore::open(SqliteOptions { busy_timeout, ..SqliteOptions::new(path) }).unwrap())
}

fn sign_up(name: &str) -> UnitOfWork {
    UnitOfWork::new().insert_user(user_values(name), None, FixedClock::start())
}

/// Security checklist: 14.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_confirmations_through_two_stores_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    // They do not meet another's lock in vain: fifty short transactions are over long before a second is.
    let open = || Arc::new(SqliteStore::open(SqliteOptions::new(&path)).unwrap());
    let stores = [open(), open()];
    let (hash, now) = (TokenHash::from_bytes([7; 32]), FixedClock::start());
    let expires_at = now + chrono::Duration::minutes(30);
    let work = sign_up("ann").put_token(UserRef::Created, TokenPurpose::PasswordReset, hash, expires_at);
    let user = stores[0].commit(work).await.unwrap().user().unwrap();

    let confirm = UnitOfWork::new().consume_token(user, TokenPurpose::PasswordReset, hash, now);
    let confirmations: Vec<_> = (0..50)
        .map(|number| {
            let (store, work) = (Arc::clone(&stores[number % 2]), confirm.clone());
            tokio::spawn(async move { store.commit(work).await })
        })
        .collect();
    let mut successes = 0;
    for confirmation in confirmations {
        match confirmation.await.unwrap() {
            Ok(_) => successes += 1,
            Err(error) => assert_eq!(error, CommitError::PreconditionFailed(Precondition::Token)),
        }
    }
    assert_eq!(successes, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_counted_through_two_stores_under_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    let open = || Arc::new(SqliteStore::open(SqliteOptions::new(&path)).unwrap());
    let stores = [open(), open()];
    let secret = |byte| ServiceSecret::from_bytes([byte; 64]);
    assert_eq!(stores[0].keep_secret(SecretName::Limits, secret(1)).await, Ok(secret(1)));
    assert_eq!(stores[1].keep_secret(SecretName::Limits, secret(2)).await, Ok(secret(1)));

    let (seven, now) = (Quota::new(7, chrono::Duration::seconds(1)), FixedClock::start());
    let take = UnitOfWork::new().take_from_bucket(BucketKey::new("limit", [7; 32]), seven, now, 1_000);
    let takers: Vec<_> = (0..50)
        .map(|number| {
            let (store, work) = (Arc::clone(&stores[number % 2]), take.clone());
            tokio::spawn(async move { store.commit(work).await })
        })
        .collect();
    let mut successes = 0;
    for taker in takers {
        match taker.await.unwrap() {
            Ok(_) => successes += 1,
            Err(error) => {
                let retry_after = chrono::Duration::seconds(1);
                assert_eq!(error, CommitError::RateLimited { retry_after });
            }
        }
    }
    assert_eq!(successes, 7);
}

#[tokio::test]
async fn one_process_sees_what_another_committed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    let (one, other) = (open(&path), open(&path));
    let user = one.commit(sign_up("ann")).await.unwrap().user().unwrap();
    assert!(other.find_user(user).await.unwrap().is_some());
    assert!(matches!(other.commit(sign_up("Ann")).await, Err(CommitError::Conflict(_))));
}

#[tokio::test]
async fn while_another_process_writes_commits_are_refused_and_reads_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    let store = open(&path);
    let user = store.commit(sign_up("ann")).await.unwrap().user().unwrap();

    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE users SET age = 99").unwrap();
    let busy = || StoreFailure::Busy("another process is writing".into());
    assert_eq!(store.commit(sign_up("ben")).await, Err(busy().into()));
    assert_eq!(store.ping().await, Err(busy()));
    assert_eq!(store.find_user(user).await.unwrap().map(|user| user.values.age), Some(0));

    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.commit(sign_up("ben")).await.unwrap().user(), Ok(UserId::new(2)));
    assert_eq!(store.count_users(&Default::default()).await, Ok(2));
}

#[test]
fn many_processes_can_create_one_database_at_once() {
    const DATABASE: &str = "DENIZEN_TEST_CREATED_DATABASE";
    if let Some(path) = env::var_os(DATABASE) {
        return drop(SqliteStore::open(SqliteOptions::new(path)).unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    let start = |_| {
        Command::new(env::current_exe().unwrap())
            .args(["processes::many_processes_can_create_one_database_at_once", "--exact"])
            .env(DATABASE, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = (0..8).map(start).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
}

#[test]
fn many_threads_can_create_one_database_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("denizen.db");
    let open = || SqliteStore::open(SqliteOptions::new(&path)).map(drop);
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

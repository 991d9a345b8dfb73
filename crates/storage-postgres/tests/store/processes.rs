//! Several users of one database, as several processes would be.

use std::{sync::Arc, time::Duration};

use denizen_services::{
    RelayReceiver, TokenHash, TokenPurpose,
    store::{
        BucketKey, CommitError, Precondition, Quota, ReadStore as _, StoreFailure, UnitOfWork, UserRef,
        WriteStore as _,
    },
};
use denizen_storage_postgres::{PostgresOptions, PostgresStore};
use denizen_testkit::{Database, FixedClock};
use tokio::{
    sync::mpsc::{UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::timeout,
};

use crate::support::{database, open, sign_up};

/// Ends all connections to the database, as an administrator could.
fn cut(database: &Database) {
    let cut = "SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(database.sql(cut), "t");
}

/// Security checklist: 14.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_confirmations_through_two_stores_one_succeeds() {
    let database = database();
    let stores = [open(&database).await, open(&database).await];
    let (hash, now) = (TokenHash::from_bytes([7; 32]), FixedClock::start());
    let expires_at = now + chrono::Duration::minutes(30);
    let work = sign_up("ann").put_token(UserRef::Created, TokenPurpose::PasswordReset, hash, expires_at);
    let user = stores[0].commit(work).await.unwrap().user().unwrap();

    let confirm = UnitOfWork::new().consume_token(user, TokenPurpose::PasswordReset, hash, now);
    let mut confirmations = JoinSet::new();
    for number in 0..50 {
        let (store, work) = (Arc::clone(&stores[number % 2]), confirm.clone());
        confirmations.spawn(async move { store.commit(work).await });
    }
    let failures: Vec<_> = confirmations.join_all().await.into_iter().filter_map(Result::err).collect();
    assert_eq!(failures, vec![CommitError::PreconditionFailed(Precondition::Token); 49]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_counted_through_two_stores() {
    let database = database();
    let stores = [open(&database).await, open(&database).await];
    let (seven, now) = (Quota::new(7, chrono::Duration::seconds(1)), FixedClock::start());
    let take = UnitOfWork::new().take_from_bucket(BucketKey::new("limit", [7; 32]), seven, now, 1_000);
    let mut takers = JoinSet::new();
    for number in 0..50 {
        let (store, work) = (Arc::clone(&stores[number % 2]), take.clone());
        takers.spawn(async move { store.commit(work).await });
    }
    let failures: Vec<_> = takers.join_all().await.into_iter().filter_map(Result::err).collect();
    assert_eq!(failures, vec![CommitError::RateLimited { retry_after: chrono::Duration::seconds(1) }; 43]);
}

#[tokio::test]
async fn connections_that_are_cut_cost_neither_a_read_nor_a_unit() {
    let database = database();
    let store = open(&database).await;
    for round in 0..5 {
        let user = store.commit(sign_up(&format!("user_{round}"))).await.unwrap().user().unwrap();
        cut(&database);
        assert!(store.find_user(user).await.unwrap().is_some(), "round {round}");
        cut(&database);
        assert_eq!(store.commit_batch(vec![sign_up(&format!("batch_{round}"))]).await.len(), 1);
        cut(&database);
        assert_eq!(store.ping().await, Ok(()), "round {round}");
    }
    assert_eq!(store.count_users(&Default::default()).await, Ok(10));
}

/// Takes its time, and holds a lock on every user meanwhile.
fn lock_users(database: &Database) {
    let _ = database.sql("BEGIN; SELECT 1 FROM users FOR UPDATE; SELECT pg_sleep(1.5); COMMIT");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_another_program_locks_makes_the_store_busy() {
    let database = Arc::new(database());
    let mut options: PostgresOptions = database.url().parse().unwrap();
    options.lock_time_limit = Duration::from_millis(100);
    let store = PostgresStore::open(options).await.unwrap();
    let user = store.commit(sign_up("ann")).await.unwrap().user().unwrap();
    let locking = Arc::clone(&database);
    let locking = tokio::task::spawn_blocking(move || lock_users(&locking));
    let busy = async {
        loop {
            // Reads go on.
            assert!(store.find_user(user).await.unwrap().is_some());
            if let Err(error) = store.commit(UnitOfWork::new().verify_email(user, FixedClock::start())).await
            {
                return error;
            }
        }
    };
    let error = timeout(Duration::from_secs(5), busy).await.expect("a lock");
    assert_eq!(error, StoreFailure::Busy("another transaction holds a row for too long".into()).into());
    locking.await.unwrap();
}

struct Inbox(UnboundedSender<String>);

impl RelayReceiver for Inbox {
    fn received(&self, sender: i64, text: &str) {
        assert!(sender > 0);
        // Fails when the test is over.
        let _ = self.0.send(text.to_owned());
    }
}

#[tokio::test]
async fn texts_reach_the_others_in_order_and_once_also_over_a_cut_connection() {
    let database = database();
    let (one, other) = (open(&database).await, open(&database).await);
    let (sender, mut texts) = unbounded_channel();
    other.relay().subscribe(Arc::new(Inbox(sender)));
    let (own_sender, mut own) = unbounded_channel();
    one.relay().subscribe(Arc::new(Inbox(own_sender)));
    // Until both listen, texts go to nobody.
    let heard = async {
        loop {
            one.relay().publish("hello".to_owned());
            if let Ok(Some(_)) = timeout(Duration::from_millis(50), texts.recv()).await {
                return;
            }
        }
    };
    timeout(Duration::from_secs(10), heard).await.expect("a text");
    let mut next = async || loop {
        let text = timeout(Duration::from_secs(10), texts.recv()).await.expect("a text").expect("a sender");
        if text != "hello" {
            return text;
        }
    };
    for number in 0..200 {
        one.relay().publish(number.to_string());
    }
    for number in 0..200 {
        assert_eq!(next().await, number.to_string());
    }
    cut(&database);
    for number in 200..400 {
        one.relay().publish(number.to_string());
    }
    for number in 200..400 {
        assert_eq!(next().await, number.to_string());
    }
    assert!(own.try_recv().is_err(), "a sender does not hear itself");
}

//! What is kept of limits.

use std::time::Duration;

use chrono::Duration as TimeDelta;
use denizen_services::store::{
    BucketKey, Quota, SecretName, Secrets as _, ServiceSecret, UnitOfWork, WriteStore as _,
};
use rusqlite::{Connection, named_params};

use crate::{
    SqliteStore,
    engine::open::connect,
    limits,
    tests::{growth::steps, now, open},
};

const QUOTA: Quota = Quota::new(1, TimeDelta::seconds(1));

/// How many buckets there are, and how many the table of their number says.
fn buckets(connection: &Connection) -> (i64, i64) {
    let sql = "SELECT (SELECT count(*) FROM buckets), sum(buckets) FROM bucket_count";
    connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

async fn take(store: &SqliteStore, bucket: u8, second: i64, capacity: u32) {
    let now = now() + TimeDelta::seconds(second);
    let work =
        UnitOfWork::new().take_from_bucket(BucketKey::new("limit", [bucket; 32]), QUOTA, now, capacity);
    store.commit(work).await.unwrap();
}

#[tokio::test]
async fn buckets_that_are_full_again_are_forgotten_as_others_come() {
    let (store, folder) = open();
    let connection = connect(&folder.path().join("denizen.db"), Duration::from_secs(1)).unwrap();
    for bucket in 0..100 {
        take(&store, bucket, 0, 1_000).await;
    }
    assert_eq!(buckets(&connection), (100, 100));
    // Two for each new one.
    for bucket in 100..150 {
        take(&store, bucket, 1, 1_000).await;
    }
    assert_eq!(buckets(&connection), (50, 50));
    // One that is there already is found, not replaced.
    take(&store, 100, 2, 1_000).await;
    assert_eq!(buckets(&connection), (50, 50));
}

#[tokio::test]
async fn there_are_never_more_buckets_than_there_is_room_for() {
    let (store, folder) = open();
    let connection = connect(&folder.path().join("denizen.db"), Duration::from_secs(1)).unwrap();
    for bucket in 0..100 {
        take(&store, bucket, 0, 10).await;
        let (buckets, counted) = buckets(&connection);
        assert!(buckets <= 10 && buckets == counted, "{buckets} {counted}");
    }
}

/// The steps of taking from one more bucket, in time and out of room, with so many others.
fn costs_among(count: i64) -> Vec<(i32, i32)> {
    let (store, folder) = open();
    let connection = connect(&folder.path().join("denizen.db"), Duration::from_secs(1)).unwrap();
    let fill = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?1) \
                INSERT INTO buckets SELECT randomblob(32), iif(n % 2, 'one', 'two'), n FROM number";
    connection.execute(fill, [count]).unwrap();
    let (key, limit_name, nothing_is_full, everything_is) = ([1_u8; 32], "one", 0, count);
    let forget = |now: i64, capacity: i64| {
        let params = named_params! { ":limit_name": limit_name, ":now": now, ":capacity": capacity };
        steps(&connection, limits::FORGET, params)
    };
    let insert = named_params! { ":bucket": key, ":limit_name": limit_name, ":full_at": 7 };
    let costs = vec![
        steps(&connection, limits::FIND, [key]),
        steps(&connection, limits::INSERT, insert),
        steps(&connection, limits::UPDATE, named_params! { ":bucket": key, ":full_at": 8 }),
        forget(nothing_is_full, count * 2),
        forget(everything_is, count * 2),
        forget(nothing_is_full, 1),
    ];
    drop(store);
    costs
}

#[test]
fn a_hundred_thousand_buckets_cost_no_more_than_a_hundred() {
    let (few, many) = (costs_among(100), costs_among(100_000));
    assert_eq!(few, many);
    assert!(many.iter().all(|(steps, scanned)| *steps > 0 && *scanned == 0), "{many:?}");
}

#[tokio::test]
async fn a_secret_outlives_the_process() {
    let (store, folder) = open();
    let keep = async |store: &SqliteStore, byte| {
        store.keep_secret(SecretName::Limits, ServiceSecret::from_bytes([byte; 64])).await
    };
    assert_eq!(keep(&store, 1).await, Ok(ServiceSecret::from_bytes([1; 64])));
    store.shutdown().await;
    let store = SqliteStore::open(crate::SqliteOptions::new(folder.path().join("denizen.db"))).unwrap();
    assert_eq!(keep(&store, 2).await, Ok(ServiceSecret::from_bytes([1; 64])));
}

//! How many registrations there are.

use chrono::Duration;
use denizen_models::EmailAddress;
use denizen_services::{
    PasswordHash, TokenHash,
    store::{CommitError, Precondition, Purge, Registration, UnitOfWork, WriteStore as _},
};

use crate::{
    SqliteStore,
    tests::{now, open, user_values},
};

/// One that has just expired.
pub(super) fn registration(name: &str) -> Registration {
    let password = PasswordHash::new("$test$".to_owned());
    Registration { values: user_values(name), password, expires_at: now() }
}

fn put(name: &str, capacity: u32) -> UnitOfWork {
    UnitOfWork::new().put_registration(registration(name), capacity)
}

fn address(name: &str) -> EmailAddress {
    user_values(name).email
}

async fn expect_count(store: &SqliteStore, expected: i64) {
    let sql = "SELECT (SELECT count(*) FROM registrations), registrations FROM registration_count";
    let counted = store.readers.read(move |connection| {
        Ok(connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?)
    });
    assert_eq!(counted.await, Ok((expected, expected)));
}

#[tokio::test]
async fn registrations_are_counted_as_they_come_and_go() {
    let (store, _folder) = open();
    for name in ["ann", "ben", "cleo", "dora", "ann"] {
        store.commit(put(name, 4)).await.unwrap();
    }
    expect_count(&store, 4).await;
    let full = Err(CommitError::PreconditionFailed(Precondition::QueueRoom));
    assert_eq!(store.commit(put("eve", 4)).await, full);
    // A replacement is not new, even if the capacity has become smaller.
    store.commit(put("BEN", 1)).await.unwrap();
    expect_count(&store, 4).await;

    store.commit(UnitOfWork::new().drop_registration(&address("cleo"))).await.unwrap();
    expect_count(&store, 3).await;
    let hash = TokenHash::from_bytes([1; 32]);
    let later = now() + Duration::hours(1);
    let token = UnitOfWork::new().put_registration_token(&address("ann"), hash, later);
    store.commit(token.consume_registration(hash, now())).await.unwrap();
    expect_count(&store, 2).await;
    let refused = UnitOfWork::new().drop_registration(&address("ben")).consume_registration(hash, now());
    let unknown = Err(CommitError::PreconditionFailed(Precondition::Token));
    assert_eq!(store.commit(refused).await, unknown);
    expect_count(&store, 2).await;
    let purge = Purge {
        expired_at: now(),
        sessions_unseen_since: now(),
        dead_mail_before: now(),
        audit_before: None,
        mail_due_by: now(),
        usernames_freed_until: now(),
        limit: 10,
    };
    store.commit(UnitOfWork::new().purge(purge)).await.unwrap();
    expect_count(&store, 0).await;
}

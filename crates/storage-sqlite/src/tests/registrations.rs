//! How many registrations there are.

use denizen_services::{
    TokenHash,
    store::{CommitError, Precondition, Purge, Registration, UnitOfWork, WriteStore as _},
};

use crate::{
    SqliteStore,
    tests::{now, open, user_values},
};

/// One that has just expired.
pub(super) fn registration(name: &str, token: TokenHash) -> Registration {
    let address = user_values(name).email.key().to_owned();
    Registration { address, token, attempts: 0, expires_at: now() }
}

const fn hash(byte: u8) -> TokenHash {
    TokenHash::from_bytes([byte; 32])
}

fn put(name: &str, token: u8, capacity: u32) -> UnitOfWork {
    UnitOfWork::new().put_registration(registration(name, hash(token)), capacity)
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
    for (token, name) in (0..).zip(["ann", "ben", "cleo", "ann"]) {
        store.commit(put(name, token, 3)).await.unwrap();
    }
    expect_count(&store, 3).await;
    let full = Err(CommitError::PreconditionFailed(Precondition::QueueRoom));
    assert_eq!(store.commit(put("eve", 9, 3)).await, full);
    // A replacement is not new, even if the capacity has become smaller.
    store.commit(put("BEN", 4, 1)).await.unwrap();
    expect_count(&store, 3).await;

    let before = now() - chrono::Duration::hours(1);
    let consume = |token| UnitOfWork::new().consume_registration(hash(token), before);
    store.commit(consume(2)).await.unwrap();
    expect_count(&store, 2).await;
    let unknown = Err(CommitError::PreconditionFailed(Precondition::Token));
    assert_eq!(store.commit(consume(4).consume_registration(hash(2), before)).await, unknown);
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

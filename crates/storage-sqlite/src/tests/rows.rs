//! Rows that this store cannot have written.

use denizen_models::UserId;
use denizen_services::{
    AccessContext,
    store::{AuditEvent, AuditKind, MailKind, NewMailJob, Reads as _, StoreError, UnitOfWork, Units as _},
};
use denizen_testkit::user_values;

use crate::{
    SqliteStore,
    tests::{now, open, sign_up},
};

async fn spoil(store: &SqliteStore, sql: &'static str) {
    assert_eq!(store.writer.run(move |connection| Ok(connection.execute(sql, [])?)).await, Ok(1), "{sql}");
}

fn corrupt<T>(place: &str) -> Result<T, StoreError> {
    Err(StoreError::Corrupt(place.to_owned()))
}

#[tokio::test]
async fn a_spoiled_user_is_named_by_column_and_number_only() {
    for (spoiled, place) in [
        ("UPDATE users SET username = 'not a name'", "users.username of row 1"),
        ("UPDATE users SET email = 'nowhere'", "users.email of row 1"),
        ("UPDATE users SET age = 256", "users.age of row 1"),
        ("UPDATE users SET roles = '{}'", "users.roles of row 1"),
        ("UPDATE users SET profile = '7'", "users.profile of row 1"),
        ("UPDATE users SET created_at = 9223372036854775807", "users.created_at of row 1"),
    ] {
        let (store, _folder) = open();
        store.commit(sign_up(user_values("ann"))).await.unwrap();
        spoil(&store, spoiled).await;
        assert_eq!(store.find_user(UserId::new(1)).await, corrupt(place), "{spoiled}");
    }
}

#[tokio::test]
async fn unknown_kinds_are_corrupt() {
    let (store, _folder) = open();
    store.commit(sign_up(user_values("ann"))).await.unwrap();
    let (user, context) = (UserId::new(1), AccessContext::system());
    let job = NewMailJob::to_user(MailKind::PasswordChanged, user, &context, now());
    let event = AuditEvent::new(AuditKind::UserCreated, user, &context, now());
    store.commit(UnitOfWork::new().enqueue_mail(job).record(event)).await.unwrap();
    spoil(&store, "UPDATE mail_jobs SET kind = 'rumour'").await;
    spoil(&store, "UPDATE audit SET kind = 'rumour'").await;
    assert_eq!(store.list_mail_jobs(10).await, corrupt("mail_jobs.kind of row 1"));
    assert_eq!(store.list_audit_events(10).await, corrupt("audit.kind of row 1"));
    // The worker is told as well, and nothing is leased.
    let leased = denizen_services::store::MailQueue::lease_mail(&store, 7, now(), now(), 10).await;
    assert_eq!(leased, corrupt("mail_jobs.kind of row 1"));
}

//! Rows that this store cannot have written.

use denizen_models::{EmailAddress, UserId};
use denizen_services::{
    AccessContext, TokenHash, TokenPurpose,
    store::{
        AuditEvent, AuditKind, AuditQuery, Change, MailJob, MailQuery, MailQueue as _, NewMailJob,
        NewSession, ReadStore as _, StoreFailure, UnitOfWork, WriteStore as _,
    },
};

use crate::{
    SqliteStore,
    tests::{any_kind, now, open, registrations::registration, sign_up, spoil, user_values},
};

const ANN: UserId = UserId::new(1);
const HASH: TokenHash = TokenHash::from_bytes([7; 32]);

fn corrupt<T, E: From<StoreFailure>>(place: &str) -> Result<T, E> {
    Err(StoreFailure::Corrupt(place.into()).into())
}

fn elsewhere() -> EmailAddress {
    EmailAddress::parse("elsewhere@example.com").unwrap()
}

/// A store with Ann in it, and what `work` does.
async fn store_with(work: UnitOfWork) -> (SqliteStore, tempfile::TempDir) {
    let (store, folder) = open();
    store.commit(sign_up(user_values("ann"))).await.unwrap();
    store.commit(work).await.unwrap();
    (store, folder)
}

/// Security checklist: 8.
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
        let (store, _folder) = store_with(UnitOfWork::new()).await;
        spoil(&store, spoiled).await;
        assert_eq!(store.find_user(ANN).await, corrupt(place), "{spoiled}");
    }
}

#[tokio::test]
async fn a_spoiled_registration_is_named_by_column_and_number_only() {
    for (spoiled, place) in [
        ("UPDATE registrations SET username = 'not a name'", "registrations.username of row 1"),
        ("UPDATE registrations SET email = 'nowhere'", "registrations.email of row 1"),
        ("UPDATE registrations SET age = -1", "registrations.age of row 1"),
        ("UPDATE registrations SET roles = '{}'", "registrations.roles of row 1"),
        ("UPDATE registrations SET expires_at = 9223372036854775807", "registrations.expires_at of row 1"),
    ] {
        let email = user_values("ben").email;
        let work = UnitOfWork::new().put_registration(registration("ben"), 1);
        let (store, _folder) = store_with(work.put_registration_token(&email, HASH, now())).await;
        spoil(&store, spoiled).await;
        assert_eq!(store.find_registration(&email).await, corrupt(place), "{spoiled}");
        assert_eq!(store.find_registration_by_token(&HASH).await, corrupt(place), "{spoiled}");
    }
}

#[tokio::test]
async fn a_spoiled_token_is_named_by_column_and_user_only() {
    let purpose = TokenPurpose::EmailChange;
    let (user, address) = (ANN.into(), Some(elsewhere()));
    let put = Change::PutToken { user, purpose, hash: HASH, expires_at: now(), address };
    let (store, _folder) = store_with(UnitOfWork::new().with(put)).await;
    spoil(&store, "UPDATE tokens SET address = 'nowhere'").await;
    assert_eq!(store.find_token(purpose, &HASH).await, corrupt("tokens.address of row 1"));
}

#[tokio::test]
async fn a_spoiled_session_is_named_by_column_and_number_only() {
    let (user, token, at) = (ANN, HASH, now());
    let session = NewSession { user, token, created_at: at, expires_at: at, ip: None, user_agent: None };
    let (store, _folder) = store_with(UnitOfWork::new().insert_session(session)).await;
    spoil(&store, "UPDATE sessions SET ip = 'nowhere'").await;
    assert_eq!(store.list_sessions(ANN).await, corrupt("sessions.ip of row 1"));
    assert_eq!(store.find_session(&HASH).await, corrupt("sessions.ip of row 1"));
}

#[tokio::test]
async fn a_spoiled_mail_job_is_named_by_column_and_number_only() {
    let context = AccessContext::system();
    let job =
        NewMailJob::new(MailJob::EmailChange { user: ANN.into(), address: elsewhere() }, &context, now());
    let (store, _folder) = store_with(UnitOfWork::new().enqueue_mail(job)).await;
    spoil(&store, "UPDATE mail_jobs SET send_to = 'nowhere'").await;
    let place = "mail_jobs.send_to of row 1";
    assert_eq!(store.list_mail_jobs(&MailQuery::oldest(10)).await, corrupt(place));
    assert_eq!(store.lease_mail(7, now(), now(), &any_kind(10)).await, corrupt(place));
}

#[tokio::test]
async fn unknown_kinds_cannot_be_listed() {
    let context = AccessContext::system();
    let job = NewMailJob::new(MailJob::PasswordChanged { user: ANN.into() }, &context, now());
    let event = AuditEvent::new(AuditKind::UserCreated, ANN, &context, now());
    let (store, _folder) = store_with(UnitOfWork::new().enqueue_mail(job).record(event)).await;
    spoil(&store, "UPDATE mail_jobs SET kind = 'rumour'").await;
    spoil(&store, "UPDATE audit SET kind = 'rumour'").await;
    let jobs = store.list_mail_jobs(&MailQuery::oldest(10)).await;
    assert_eq!(jobs, corrupt("mail_jobs.kind of row 1"));
    let records = store.list_audit_records(&AuditQuery::newest(10)).await;
    assert_eq!(records, corrupt("audit.kind of row 1"));
}

//! The verbs in which the cases speak.

use std::{
    future::{Future, poll_fn},
    sync::Arc,
    task::Poll,
};

use chrono::{DateTime, Duration, Utc};
use denizen_models::{ADMIN_ROLE, EmailAddress, KeyScope, User, UserId, UserValues};
use denizen_services::{
    AccessContext, Actor, PasswordHash, TokenHash, TokenPurpose,
    store::{
        AuditEvent, AuditKind, AuditQuery, AuditRecord, BucketKey, CommitError, Credentials, KeyId, MailKind,
        MailQuery, NameKey, NewKey, NewSession, Outcome, PageRequest, Precondition, QueuedMail, Quota,
        Registration, ServiceKey, Session, SessionId, Store, StoreFailure, StoredToken, UnitOfWork,
        UserFilter, UserSort,
    },
};
use tokio::task::JoinSet;

use crate::{FixedClock, must, user_values};

pub const RESET: TokenPurpose = TokenPurpose::PasswordReset;
pub const USER_GONE: CommitError = CommitError::PreconditionFailed(Precondition::User);
pub const TOKEN_GONE: CommitError = CommitError::PreconditionFailed(Precondition::Token);
pub const LEASE_LOST: CommitError = CommitError::PreconditionFailed(Precondition::Lease);
pub const QUEUE_FULL: CommitError = CommitError::PreconditionFailed(Precondition::QueueRoom);
pub const SESSION_GONE: CommitError = CommitError::PreconditionFailed(Precondition::Session);
pub const NO_OTHER_ADMINISTRATOR: CommitError = CommitError::PreconditionFailed(Precondition::Administrator);
pub const TOO_MANY_FAILED: CommitError = CommitError::PreconditionFailed(Precondition::FailedAttempts);
pub const NAME_RESERVED: CommitError = CommitError::PreconditionFailed(Precondition::Username);
pub const KEY_GONE: CommitError = CommitError::PreconditionFailed(Precondition::Key);
pub const NO_ROOM_FOR_KEYS: CommitError = CommitError::PreconditionFailed(Precondition::KeyRoom);
pub const JOB_GONE: CommitError = CommitError::PreconditionFailed(Precondition::MailJob);
/// An id that no store gives during a test.
pub const NOBODY: UserId = UserId::new(9_000_000_000_000);

/// How many worlds fit into one store: each has six [`hash`]es of its own.
pub const WORLDS: u8 = 40;

/// Room for this many jobs of each kind.
pub fn any_kind(limit: usize) -> Vec<(MailKind, usize)> {
    MailKind::ALL.map(|kind| (kind, limit)).into()
}

/// What is empty after one.
pub const ONE_AN_HOUR: Quota = Quota::new(1, Duration::hours(1));

/// So many seconds after the beginning of time in the suite.
pub fn at(seconds: i64) -> DateTime<Utc> {
    FixedClock::start() + Duration::seconds(seconds)
}

pub fn hash(byte: u8) -> TokenHash {
    TokenHash::from_bytes([byte; 32])
}

pub fn password(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$test${text}"))
}

pub fn bucket(byte: u8) -> BucketKey {
    BucketKey::new("one", [byte; 32])
}

/// A bucket of another limit.
pub fn other_bucket(byte: u8) -> BucketKey {
    BucketKey::new("other", [byte + 128; 32])
}

pub fn name_key(byte: u8) -> NameKey {
    NameKey::from_bytes([byte; 32])
}

/// What one is told who does something too often.
pub fn limited(retry_after: Duration) -> CommitError {
    CommitError::RateLimited { retry_after }
}

/// A session that is good for an hour.
pub fn session(user: UserId, token: TokenHash) -> NewSession {
    NewSession { user, token, created_at: at(0), expires_at: at(3600), ip: None, user_agent: None }
}

/// Opens [`session`].
pub async fn open(store: &Arc<dyn Store>, user: UserId, token: TokenHash) -> SessionId {
    let work = UnitOfWork::new().insert_session(session(user, token));
    must(must(store.commit(work).await).session())
}

/// A service key that is good for an hour.
pub fn service_key(byte: u8, scopes: &[KeyScope]) -> NewKey {
    let (name, scopes) = (format!("key {byte}"), scopes.to_vec());
    NewKey { name, hash: hash(byte), scopes, created_at: at(0), expires_at: Some(at(3600)) }
}

/// The record of a new key.
pub fn key_created() -> AuditEvent {
    AuditEvent::untargeted(AuditKind::KeyCreated, &AccessContext::system(), at(0))
}

/// Creates [`service_key`].
pub async fn create_key(store: &Arc<dyn Store>, byte: u8, scopes: &[KeyScope]) -> KeyId {
    let work = UnitOfWork::new().insert_key(service_key(byte, scopes), 1000, key_created());
    must(must(store.commit(work).await).key())
}

pub async fn find_key(store: &Arc<dyn Store>, hash: TokenHash) -> Option<ServiceKey> {
    must(store.find_key(&hash).await)
}

pub fn address(text: &str) -> EmailAddress {
    must(EmailAddress::parse(text))
}

/// The pending registration with the address of [`user_values`], whose token works for an hour.
pub fn registration(name: &str, token: u8) -> Registration {
    let address = user_values(name).email.key().to_owned();
    Registration { address, token: hash(token), attempts: 0, expires_at: at(3600) }
}

/// Somebody who acts.
pub fn signed_in(user: &User) -> Actor {
    let username = user.values.username.clone();
    Actor::User { id: user.id, username, session: SessionId(1), roles: Vec::new() }
}

/// An active administrator.
pub fn administrator(name: &str) -> UserValues {
    UserValues { roles: vec![ADMIN_ROLE.to_owned()], ..user_values(name) }
}

/// Commits what must succeed.
pub async fn commit(store: &Arc<dyn Store>, work: UnitOfWork) -> Vec<Outcome> {
    let changes = work.changes().len();
    let outcomes = must(store.commit(work).await).0;
    assert_eq!(outcomes.len(), changes, "one outcome per change: {outcomes:?}");
    outcomes
}

/// Commits what must fail, and says how it did.
pub async fn refusal(store: &Arc<dyn Store>, work: UnitOfWork) -> CommitError {
    let answer = store.commit(work).await;
    assert!(answer.is_err(), "must be refused, and was not: {answer:?}");
    answer.err().unwrap_or(CommitError::Failed(StoreFailure::Busy("".into())))
}

pub async fn insert(store: &Arc<dyn Store>, name: &str) -> User {
    insert_values(store, user_values(name)).await
}

/// Inserts a user who has a password.
pub async fn insert_with_password(store: &Arc<dyn Store>, values: UserValues) -> User {
    let work = UnitOfWork::new().insert_user(values, Some(password("first")), at(0));
    user(store, must(must(store.commit(work).await).user())).await
}

pub async fn insert_values(store: &Arc<dyn Store>, values: UserValues) -> User {
    let committed = must(store.commit(UnitOfWork::new().insert_user(values, None, at(0))).await);
    user(store, must(committed.user())).await
}

/// Inserts many users with one batch, in this order.
pub async fn insert_all(store: &Arc<dyn Store>, all: impl IntoIterator<Item = UserValues>) -> Vec<User> {
    let units = all.into_iter().map(|values| UnitOfWork::new().insert_user(values, None, at(0))).collect();
    let mut users = Vec::new();
    for committed in store.commit_batch(units).await {
        users.push(user(store, must(must(committed).user())).await);
    }
    users
}

/// Reads a user who must be there.
pub async fn user(store: &Arc<dyn Store>, id: UserId) -> User {
    must(must(store.find_user(id).await).ok_or(format!("user {id} is not there")))
}

pub async fn credentials(store: &Arc<dyn Store>, id: UserId) -> Credentials {
    must(must(store.find_credentials(id).await).ok_or(format!("user {id} has no credentials")))
}

/// `user`'s values, changed.
pub fn changed(user: &User, change: impl FnOnce(&mut UserValues)) -> UserValues {
    let mut values = user.values.clone();
    change(&mut values);
    values
}

/// Replaces values of `user` as it was read, and reads it again.
pub async fn update(store: &Arc<dyn Store>, old: &User, change: impl FnOnce(&mut UserValues)) -> User {
    let work = UnitOfWork::new().update_user(old.id, old.revision, changed(old, change), at(60));
    commit(store, work).await;
    user(store, old.id).await
}

pub async fn token(store: &Arc<dyn Store>, hash: TokenHash) -> Option<StoredToken> {
    must(store.find_token(RESET, &hash).await)
}

pub async fn find_session(store: &Arc<dyn Store>, hash: TokenHash) -> Option<Session> {
    must(store.find_session(&hash).await)
}

pub async fn mail_jobs(store: &Arc<dyn Store>) -> Vec<QueuedMail> {
    must(store.list_mail_jobs(&MailQuery::oldest(1000)).await)
}

pub async fn audit(store: &Arc<dyn Store>) -> Vec<AuditEvent<UserId>> {
    let records = must(store.list_audit_records(&AuditQuery::newest(1000)).await);
    records.into_iter().map(|record| record.event).collect()
}

pub async fn find_registration(store: &Arc<dyn Store>, token: TokenHash) -> Option<Registration> {
    must(store.find_registration(&token).await)
}

/// The numbers of the user's sessions.
pub async fn session_ids(store: &Arc<dyn Store>, user: UserId) -> Vec<SessionId> {
    must(store.list_sessions(user).await).into_iter().map(|session| session.id).collect()
}

/// Everything that can be read, to be compared with what can be read later.
#[derive(Debug, PartialEq)]
pub struct Snapshot {
    pub users: Vec<(User, Option<Credentials>, Vec<Session>)>,
    pub sample_passwords: Vec<User>,
    pub tokens: Vec<Option<StoredToken>>,
    pub sessions: Vec<Option<Session>>,
    pub registrations: Vec<Option<Registration>>,
    pub keys: Vec<ServiceKey>,
    pub mail_jobs: Vec<QueuedMail>,
    pub audit: Vec<AuditRecord>,
}

/// Reads everything; of tokens, sessions and registrations, those of worlds.
pub async fn snapshot(store: &Arc<dyn Store>) -> Snapshot {
    let page = PageRequest { sort: UserSort::Id, after: None, limit: 1000 };
    let mut users = Vec::new();
    for user in must(store.list_users(&UserFilter::default(), &page).await).users {
        let credentials = must(store.find_credentials(user.id).await);
        let sessions = must(store.list_sessions(user.id).await);
        users.push((user, credentials, sessions));
    }
    let (mut tokens, mut sessions, mut registrations) = (Vec::new(), Vec::new(), Vec::new());
    for byte in 0..6 * WORLDS {
        tokens.push(token(store, hash(byte)).await);
        sessions.push(find_session(store, hash(byte)).await);
        registrations.push(find_registration(store, hash(byte)).await);
    }
    let (mail_jobs, newest) = (mail_jobs(store).await, AuditQuery::newest(1000));
    let audit = must(store.list_audit_records(&newest).await);
    let sample_passwords = must(store.list_sample_passwords().await);
    let keys = must(store.list_keys().await);
    Snapshot { users, sample_passwords, tokens, sessions, registrations, keys, mail_jobs, audit }
}

/// Commits the unit that `work` builds for each number, all at once, and counts the successes; the failures must
/// all be `expected`.
pub async fn race(
    store: &Arc<dyn Store>,
    tasks: u8,
    work: impl Fn(u8) -> UnitOfWork,
    expected: CommitError,
) -> usize {
    let mut running = JoinSet::new();
    for number in 0..tasks {
        let (store, work) = (store.clone(), work(number));
        running.spawn(async move { store.commit(work).await });
    }
    let answers = running.join_all().await;
    let failures: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(failures.iter().all(|failure| **failure == expected), "{failures:?}");
    answers.len() - failures.len()
}

/// Lets a future begin, and drops it at its first pause: what becomes of a handler whose client went away.
pub async fn begin_and_abandon<T>(future: impl Future<Output = T>) {
    let mut future = Box::pin(future);
    poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

/// Whether anybody but `user` gave this name up after the second `since`.
pub async fn is_reserved(store: &Arc<dyn Store>, name: u8, user: Option<UserId>, since: i64) -> bool {
    let work = UnitOfWork::new().expect_username(name_key(name), user, at(since));
    match store.commit(work).await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error, NAME_RESERVED);
            true
        }
    }
}

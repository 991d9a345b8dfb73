//! Tests that look inside.

mod audit;
mod faults;
mod files;
mod full_disk;
mod growth;
mod limits;
mod log_size;
mod mail_jobs;
mod plans;
mod queues;
mod registrations;
mod rows;
mod settings;
mod upkeep;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeDelta, Utc};
use denizen_models::{CreateUserRequest, PasswordPolicy, UserValues};
use denizen_services::store::{
    CommitError, CommitObserver, MailKind, ReadStore as _, StoreFailure, UnitOfWork, WriteStore as _,
};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::{
    SqliteOptions, SqliteStore,
    engine::{error::Failure, transaction::Write, writer::Message},
    store::apply::apply,
};

fn open() -> (SqliteStore, TempDir) {
    open_with(|options| options)
}

fn open_with(change: impl FnOnce(SqliteOptions) -> SqliteOptions) -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = change(SqliteOptions::new(folder.path().join("denizen.db")));
    (SqliteStore::open(options).unwrap(), folder)
}

/// Room for this many jobs of each kind.
fn any_kind(limit: usize) -> Vec<(MailKind, usize)> {
    MailKind::ALL.map(|kind| (kind, limit)).into()
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_454)
}

/// The values of a user called `name`.
fn user_values(name: &str) -> UserValues {
    let request = CreateUserRequest {
        username: name.to_owned(),
        email: format!("{name}@example.com"),
        first_name: "Sample".to_owned(),
        last_name: "User".to_owned(),
        ..CreateUserRequest::default()
    };
    request.validate(&PasswordPolicy::default()).unwrap().values
}

fn sign_up(values: UserValues) -> UnitOfWork {
    UnitOfWork::new().insert_user(values, None, now())
}

/// Changes one row behind the store's back.
async fn spoil(store: &SqliteStore, sql: &'static str) {
    assert_eq!(store.writer.run(move |connection| Ok(connection.execute(sql, [])?)).await, Ok(1), "{sql}");
}

/// Fills the store with `count` users, one in a hundred of whom is inactive. Only the one in the middle is a
/// gardener, and called Quixote.
async fn fill(store: &SqliteStore, count: usize) {
    let names = ["Amelia", "Bruno", "Chiara", "Dmitri", "Élodie", "Farid", "Greta"];
    let gardener = count / 2;
    let user = |number: usize| UserValues {
        first_name: names[number % names.len()].to_owned(),
        last_name: if number == gardener { "Quixote" } else { names[number / 7 % names.len()] }.to_owned(),
        active: !number.is_multiple_of(100),
        roles: vec![if number == gardener { "gardener" } else { "user" }.to_owned()],
        ..user_values(&format!("user_{number}"))
    };
    let units = (0..count).map(|number| sign_up(user(number))).collect();
    for result in store.commit_batch(units).await {
        result.unwrap();
    }
}

type Apply = Box<dyn FnMut(&Connection) -> Result<(), Failure> + Send>;
type Answer = oneshot::Receiver<Result<(), CommitError>>;

/// Something to be written that behaves as the test wants.
struct Unit {
    apply: Apply,
    before_answer: Box<dyn FnOnce() + Send>,
    reply: oneshot::Sender<Result<(), CommitError>>,
}

impl Unit {
    fn new(apply: impl FnMut(&Connection) -> Result<(), Failure> + Send + 'static) -> (Self, Answer) {
        let (reply, answer) = oneshot::channel();
        (Self { apply: Box::new(apply), before_answer: Box::new(|| ()), reply }, answer)
    }

    /// An ordinary one.
    fn of(work: UnitOfWork) -> (Self, Answer) {
        Self::new(move |connection| apply(connection, &work).map(|_| ()))
    }
}

impl Write for Unit {
    fn apply(&mut self, connection: &Connection) -> Result<(), Failure> {
        (self.apply)(connection)
    }

    fn committed(&self, _: &[Arc<dyn CommitObserver>]) {}

    fn answer(self: Box<Self>, verdict: Result<(), CommitError>) {
        (self.before_answer)();
        let _ = self.reply.send(verdict);
    }
}

/// Writes `units` in one transaction.
async fn write_together(
    store: &SqliteStore,
    units: impl IntoIterator<Item = (Unit, Answer)>,
) -> Vec<Result<(), CommitError>> {
    let (units, answers): (Vec<_>, Vec<_>) = units.into_iter().unzip();
    let units = units.into_iter().map(|unit| Box::new(unit) as Box<dyn Write>).collect();
    assert!(store.writer.queue.send(Message::Many(units)).await.is_ok());
    let mut verdicts = Vec::new();
    for answer in answers {
        verdicts
            .push(answer.await.unwrap_or_else(|_| Err(StoreFailure::Unavailable("no answer".into()).into())));
    }
    verdicts
}

/// Waits until the store says that it is ready; five seconds at most.
async fn until_ready(store: &SqliteStore) {
    let begun = Instant::now();
    while let Err(failure) = store.ping().await {
        assert!(begun.elapsed() < Duration::from_secs(5), "{failure:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The names of all users.
async fn names(store: &SqliteStore) -> Vec<String> {
    let sql = "SELECT username FROM users ORDER BY id";
    store
        .readers
        .read(move |connection| crate::engine::sql::list(connection, sql, [], |row| Ok(row.get(0)?)))
        .await
        .unwrap()
}

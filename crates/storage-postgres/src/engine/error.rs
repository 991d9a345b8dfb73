//! What can go wrong in here, and what the callers of the port are told of it.

use denizen_services::{
    Cause,
    store::{CommitError, Precondition, StoreFailure},
};
use tokio_postgres::error::SqlState;

/// Why a database could not be opened. Every message is for the operator: it says which database, and what to do. Reasons
/// are in the words of PostgreSQL or of the operating system, and hold no password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No server answers, or it refuses this user.
    #[error("cannot open the database {place}: {reason}")]
    Unreachable { place: String, reason: String },
    /// The server or the database lacks what this store needs.
    #[error("the database {place} cannot be used: {reason}")]
    Unfit { place: String, reason: String },
    /// The schema has tables of another program, and is left as it is.
    #[error("the database {place} has tables of another program; name another database")]
    Foreign { place: String },
    /// The schema was written by a newer version of this program, and is left as it is.
    #[error(
        "the database {place} has schema {found}, this program knows schemas up to {supported}; use a newer program"
    )]
    NewerSchema { place: String, found: i64, supported: i64 },
    /// A migration that the database has been through is no longer the one that this program contains.
    #[error(
        "the database {place} was made with another form of migration {name}; use the program that made it"
    )]
    ChangedMigration { place: String, name: String },
    /// A migration failed, and left nothing behind.
    #[error("migration {name} of the database {place} failed: {reason}")]
    Migration { place: String, name: &'static str, reason: String },
}

/// An error of the driver with what is behind it, for operators.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// Why a statement or a unit failed, before it is known whether that is the end of it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For the caller as it is.
    Refused(CommitError),
    /// PostgreSQL or the way to it failed.
    Postgres(tokio_postgres::Error),
    /// Another transaction came in between in a way that cannot be named: the unit is to be tried again.
    Contention,
}

impl Failure {
    /// The row `id` of `place` (a table, or a table and its column) cannot have been written by this store.
    pub fn corrupt(place: &str, id: i64) -> Self {
        StoreFailure::Corrupt(format!("{place} of row {id}").into()).into()
    }

    /// What can be logged of it: no value of a row.
    pub fn summary(self) -> String {
        CommitError::from(self).to_string()
    }

    fn state(&self) -> Option<&SqlState> {
        if let Self::Postgres(error) = self { error.code() } else { None }
    }

    /// Whether the unit can succeed if it is run again from its beginning.
    pub fn is_contention(&self) -> bool {
        matches!(self, Self::Contention)
            || self.state().is_some_and(|state| {
                [
                    SqlState::T_R_SERIALIZATION_FAILURE,
                    SqlState::T_R_DEADLOCK_DETECTED,
                    SqlState::UNIQUE_VIOLATION,
                ]
                .contains(state)
            })
    }

    /// Whether the connection is of no use any more: it is closed, or leads to a server that is stopping or became a standby.
    pub fn is_of_connection(&self) -> bool {
        let Self::Postgres(error) = self else { return false };
        if error.is_closed() {
            return true;
        }
        match error.code() {
            Some(state) => is_of_server(state) || *state == SqlState::READ_ONLY_SQL_TRANSACTION,
            None => std::error::Error::source(error).is_some_and(|source| source.is::<std::io::Error>()),
        }
    }
}

/// The server ends the connection: classes 08 (connection exception) and 57P (operator intervention), and a transaction
/// that was left idle.
fn is_of_server(state: &SqlState) -> bool {
    state.code().starts_with("08")
        || state.code().starts_with("57P")
        || *state == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        Self::Refused(error)
    }
}

impl From<StoreFailure> for Failure {
    fn from(failure: StoreFailure) -> Self {
        Self::Refused(failure.into())
    }
}

/// For everything that fails before a COMMIT, of which nothing remains.
impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        let error = match failure {
            Failure::Refused(error) => return error,
            Failure::Contention => {
                return Self::Failed(StoreFailure::Busy("too many write the same rows".into()));
            }
            Failure::Postgres(error) => error,
        };
        // Every foreign key refers to users.
        if error.code() == Some(&SqlState::FOREIGN_KEY_VIOLATION) {
            return Self::PreconditionFailed(Precondition::User);
        }
        Self::Failed(of_error(&error))
    }
}

/// A fixed sentence and the code: messages of PostgreSQL can hold values.
fn of_error(error: &tokio_postgres::Error) -> StoreFailure {
    let Some(state) = error.code() else {
        let reason = if error.is_closed() {
            "the connection to the database is closed"
        } else {
            "the database cannot be reached"
        };
        return StoreFailure::Unavailable(reason.into());
    };
    let because = |reason: &str| Cause::because(reason, format!("SQLSTATE {}", state.code()));
    match state.code() {
        "55P03" => StoreFailure::Busy(because("another transaction holds a row for too long")),
        "57014" => StoreFailure::Busy(because("it took too long")),
        "40001" | "40P01" => StoreFailure::Busy(because("too many write the same rows")),
        "53100" => StoreFailure::Busy(because("the disk of the database is full")),
        code if code.starts_with("53") => StoreFailure::Busy(because("the database is short of resources")),
        code if code.starts_with("22") || code.starts_with("23") => {
            StoreFailure::Malformed(because("a value is out of bounds"))
        }
        code if code.starts_with("XX") => {
            StoreFailure::Corrupt(because("the database reports an internal error"))
        }
        "25006" => StoreFailure::Unavailable(because("the database is read-only")),
        code if code.starts_with("57P") => {
            StoreFailure::Unavailable(because("the database is stopping or starting"))
        }
        _ => StoreFailure::Unavailable(because("the database refused a statement")),
    }
}

/// What the caller of a read, or of a write that is not a unit of work, is told: it carries no precondition.
pub(crate) fn without_precondition(error: impl Into<CommitError>) -> StoreFailure {
    match error.into() {
        CommitError::Failed(failure) => failure,
        error @ (CommitError::Conflict(_)
        | CommitError::PreconditionFailed(_)
        | CommitError::RateLimited { .. }) => StoreFailure::Malformed(error.into()),
    }
}

/// What callers are told whose request met a store that is shut down.
pub(crate) fn stopped() -> StoreFailure {
    StoreFailure::Unavailable("the store has stopped".into())
}

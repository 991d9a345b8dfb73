//! What can go wrong in here, and what the callers of the port are told of it.

use std::path::{Path, PathBuf};

use denizen_services::{
    Cause,
    store::{CommitError, Precondition, StoreFailure},
};
use rusqlite::ffi;

/// What the disk itself refuses.
pub(crate) const UNREADABLE: &str = "the disk cannot be read or written";

/// Why nothing more is written.
pub(crate) const DAMAGED: &str = "the database file is damaged";

/// Why a database could not be opened. Every message is for the operator: it says which file, and what to do. Reasons
/// are in the words of SQLite or of the operating system.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file, and [`SqliteOptions::create`](crate::SqliteOptions::create) is off.
    #[error("there is no database {}", path.display())]
    Missing { path: PathBuf },
    /// The file is empty, and [`SqliteOptions::create`](crate::SqliteOptions::create) is off.
    #[error("there is no database in {}, the file is empty", path.display())]
    Empty { path: PathBuf },
    /// The file can neither be opened nor created: a folder is missing, or permissions are.
    #[error("cannot open or create the database {}: {reason}", path.display())]
    Unusable { path: PathBuf, reason: String },
    /// The file belongs to another program, and is left as it is.
    #[error("{} is not a denizen database; name another file", path.display())]
    Foreign { path: PathBuf },
    /// The file was written by a newer version of this program, and is left as it is.
    #[error(
        "the database {} has schema {found}, this program knows schemas up to {supported}; use a newer program",
        path.display()
    )]
    NewerSchema { path: PathBuf, found: u32, supported: u32 },
    /// A migration that the file has been through is no longer the one that this program contains.
    #[error(
        "the database {} was made with another form of migration {name}; use the program that made it",
        path.display()
    )]
    ChangedMigration { path: PathBuf, name: String },
    /// A migration failed, and left nothing behind.
    #[error("migration {name} of the database {} failed: {reason}", path.display())]
    Migration { path: PathBuf, name: &'static str, reason: String },
    /// Anything else.
    #[error("cannot open the database {}: {reason}", path.display())]
    Failed { path: PathBuf, reason: String },
}

pub(crate) fn unusable(path: &Path, error: &impl ToString) -> OpenError {
    OpenError::Unusable { path: path.to_owned(), reason: error.to_string() }
}

pub(crate) fn failed(path: &Path, error: &impl ToString) -> OpenError {
    OpenError::Failed { path: path.to_owned(), reason: error.to_string() }
}

/// Why a statement or a unit failed, before it is known whether that is the end of it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For the caller as it is.
    Refused(CommitError),
    /// SQLite failed.
    Sqlite(rusqlite::Error),
}

impl Failure {
    /// The row `id` of `place` (a table, or a table and its column) cannot have been written by this store.
    pub fn corrupt(place: &str, id: i64) -> Self {
        StoreFailure::Corrupt(format!("{place} of row {id}").into()).into()
    }

    /// SQLite's extended result code, or 0.
    fn code(&self) -> i32 {
        if let Self::Sqlite(
            rusqlite::Error::SqliteFailure(error, _) | rusqlite::Error::SqlInputError { error, .. },
        ) = self
        {
            error.extended_code
        } else {
            0
        }
    }

    /// Whether a value is there already that may exist only once.
    pub fn is_duplicate(&self) -> bool {
        matches!(self.code(), ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    }

    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        primary(self.code()) == ffi::SQLITE_FULL
    }

    /// The failure of the disk or the file behind it, if it is one, and whether the file is damaged.
    pub fn of_disk(&self) -> Option<(StoreFailure, bool)> {
        let code = self.code();
        match primary(code) {
            ffi::SQLITE_FULL | ffi::SQLITE_IOERR | ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN => {
                Some((of_code(code), false))
            }
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Some((of_code(code), true)),
            _ => None,
        }
    }

    /// What the caller of a COMMIT is told that failed. SQLite does not get as far as the commit mark if it waits in
    /// vain or runs out of room. In every other case the mark may be on the disk already, and come to life when the
    /// file is opened again.
    pub fn of_commit(self) -> CommitError {
        match (primary(self.code()), self) {
            (ffi::SQLITE_BUSY | ffi::SQLITE_FULL, failure) => failure.into(),
            (_, Self::Refused(error)) => StoreFailure::Unavailable(error.into()).into(),
            (code, failure) => {
                let reason = format!("the commit failed ({})", ffi::code_to_str(failure.code()));
                StoreFailure::Unavailable(because(reason, code)).into()
            }
        }
    }
}

const fn primary(extended: i32) -> i32 {
    extended & 0xff
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
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
        let code = failure.code();
        if let Failure::Refused(error) = failure {
            return error;
        }
        // Every foreign key refers to users.
        if code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
            return Self::PreconditionFailed(Precondition::User);
        }
        Self::Failed(of_code(code))
    }
}

fn of_code(code: i32) -> StoreFailure {
    let named = |reason: &str| because(reason, code);
    match primary(code) {
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => StoreFailure::Busy(named("another process is writing")),
        ffi::SQLITE_FULL => StoreFailure::Busy(named("the disk is full")),
        ffi::SQLITE_INTERRUPT => StoreFailure::Busy(named("it took too long")),
        // Also if SQLite's own text for a code speaks of damage: it knows only that the disk did not read or write.
        ffi::SQLITE_IOERR => StoreFailure::Busy(named(UNREADABLE)),
        ffi::SQLITE_NOMEM | ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN => {
            StoreFailure::Busy(named(ffi::code_to_str(code)))
        }
        ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => StoreFailure::Corrupt(named(DAMAGED)),
        ffi::SQLITE_CONSTRAINT | ffi::SQLITE_TOOBIG => StoreFailure::Malformed(because(
            format!("a value is out of bounds ({})", ffi::code_to_str(code)),
            code,
        )),
        0 => StoreFailure::Corrupt("a column holds a value of another type".into()),
        _ => StoreFailure::Unavailable(named(ffi::code_to_str(code))),
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

/// A fixed sentence and SQLite's code: its own messages can hold text of the statement.
fn because(reason: impl Into<String>, code: i32) -> Cause {
    Cause::because(reason, ffi::Error::new(code))
}

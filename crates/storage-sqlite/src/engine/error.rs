//! What can go wrong in here, and what the callers of the port are told of it.

use std::path::PathBuf;

use denizen_services::store::{Precondition, StoreError};
use rusqlite::ffi;

/// Why a database could not be opened. Every message is for the operator: it says which file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file can neither be opened nor created: a folder is missing, or permissions are.
    #[error("cannot open or create the database {}: {reason}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// The file belongs to another program, and is left as it is.
    #[error("{} is not a denizen database; name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program, and is left as it is.
    #[error(
        "the database {} has schema {found}, this program knows schemas up to {supported}; use a newer program",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The schema of the file.
        found: u32,
        /// The newest schema that this program knows.
        supported: u32,
    },
    /// A migration that the file has been through is no longer the one that this program contains.
    #[error(
        "the database {} was made with another form of migration {name}; use the program that made it",
        path.display()
    )]
    ChangedMigration {
        /// The file.
        path: PathBuf,
        /// The migration.
        name: String,
    },
    /// A migration failed, and left nothing behind.
    #[error("migration {name} of the database {} failed: {reason}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// The migration.
        name: &'static str,
        /// What SQLite says.
        reason: String,
    },
    /// Anything else.
    #[error("cannot open the database {}: {reason}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What SQLite or the operating system says.
        reason: String,
    },
}

/// Why a statement or a unit failed, before it is known whether that is the end of it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For the caller as it is.
    Refused(StoreError),
    /// SQLite failed.
    Sqlite(rusqlite::Error),
}

impl Failure {
    /// The row `id` of `place` (a table, or a table and its column) cannot have been written by this store.
    pub fn corrupt(place: &str, id: i64) -> Self {
        Self::Refused(StoreError::Corrupt(format!("{place} of row {id}")))
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

    /// What the caller of a COMMIT is told that failed. SQLite does not get as far as the commit mark if it waits in
    /// vain or runs out of room. In every other case the mark may be on the disk already, and come to life when the
    /// file is opened again.
    pub fn of_commit(self) -> StoreError {
        match primary(self.code()) {
            ffi::SQLITE_BUSY | ffi::SQLITE_FULL => self.into(),
            _ => StoreError::Unavailable(format!("the commit failed ({})", ffi::code_to_str(self.code()))),
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

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

/// For everything that fails before a COMMIT, of which nothing remains. SQLite's own messages can hold text of the
/// statement, so that callers get fixed sentences instead.
impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let code = failure.code();
        if let Failure::Refused(error) = failure {
            return error;
        }
        match primary(code) {
            // Every foreign key refers to users.
            _ if code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Self::PreconditionFailed(Precondition::User),
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Self::Busy("another process is writing".to_owned()),
            ffi::SQLITE_FULL => Self::Busy("the disk is full".to_owned()),
            ffi::SQLITE_INTERRUPT => Self::Busy("it took too long".to_owned()),
            ffi::SQLITE_IOERR | ffi::SQLITE_NOMEM | ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN => {
                Self::Busy(ffi::code_to_str(code).to_owned())
            }
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => {
                Self::Corrupt("the database file is damaged".to_owned())
            }
            ffi::SQLITE_CONSTRAINT | ffi::SQLITE_TOOBIG => {
                Self::Malformed(format!("a value is out of bounds ({})", ffi::code_to_str(code)))
            }
            0 => Self::Corrupt("a column holds a value of another type".to_owned()),
            _ => Self::Unavailable(ffi::code_to_str(code).to_owned()),
        }
    }
}

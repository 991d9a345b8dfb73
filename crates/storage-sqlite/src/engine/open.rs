//! Opening a database: the file, its connections, and what every connection is set to.

use std::{fs::OpenOptions, io::ErrorKind, path::Path, sync::Mutex, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, types::ValueRef};

use crate::engine::{
    error::{OpenError, failed, unusable},
    sql::STATEMENT_CACHE,
};
use denizen_services::lock;

/// Settings and the values that SQLite must report after they were made. The order matters: changing the journal
/// mode can meet a lock, so the time to wait for one is set before.
///
/// `wal_autocheckpoint = 0`: checkpoints have a thread of their own. `journal_size_limit`: a log that begins anew
/// shrinks to [`SHORT_LOG`](crate::engine::disk::SHORT_LOG). `synchronous = FULL` (2): a commit that was answered survives a power failure.
const WRITER_SETTINGS: &[(&str, &str, &str)] = &[
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", "2"),
    ("foreign_keys", "ON", "1"),
    ("wal_autocheckpoint", "0", "0"),
    ("journal_size_limit", "8388608", "8388608"),
    ("temp_store", "MEMORY", "2"),
    ("cache_size", "-16384", "-16384"),
];

const READER_SETTINGS: &[(&str, &str, &str)] =
    &[("query_only", "ON", "1"), ("temp_store", "MEMORY", "2"), ("cache_size", "-16384", "-16384")];

/// How often switching to the log is tried. Whoever fails has seen another succeed, so that once more is enough.
const TRIES: usize = 8;

/// Finds the file, or creates it if it may, readable for its owner only. SQLite gives its other files the same mode.
///
/// A file that is there is not touched: when any descriptor of a file is closed, POSIX lets go of all locks that the
/// process has on it, and with them of those of SQLite. For the same reason no other store of this process may come
/// across the file before it is closed in here.
pub(crate) fn find(path: &Path, or_create: bool) -> Result<(), OpenError> {
    static CREATING: Mutex<()> = Mutex::new(());
    let _creating = lock(&CREATING);
    match expect_file(path) {
        Err(OpenError::Missing { .. }) if or_create => {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(path).map_err(|error| (error.kind(), error)) {
                Ok(_) | Err((ErrorKind::AlreadyExists, _)) => {}
                Err((ErrorKind::NotFound, _)) => return Err(unusable(path, &"its folder does not exist")),
                Err((_, error)) => return Err(unusable(path, &error)),
            }
        }
        found => found?,
    }
    permitted(path)
}

/// Finds the file. SQLite would only say that it is unable to open it.
pub(crate) fn expect_file(path: &Path) -> Result<(), OpenError> {
    match path.metadata() {
        Ok(found) if found.is_dir() => Err(unusable(path, &std::io::Error::from(ErrorKind::IsADirectory))),
        Ok(_) => Ok(()),
        Err(_) if path.is_symlink() => Err(unusable(path, &"it is a link to a file that does not exist")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(OpenError::Missing { path: path.to_owned() })
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

/// Whether this user may use the file and its folder. SQLite does not say what it is that it cannot open.
fn permitted(path: &Path) -> Result<(), OpenError> {
    #[cfg(unix)]
    {
        use rustix::fs::{Access, access};
        let may = Access::READ_OK | Access::WRITE_OK;
        access(path, may).map_err(|error| unusable(path, &error))?;
        if let Some(folder) = path.parent() {
            let refused = |error| format!("files cannot be created in its folder: {error}");
            access(folder, may | Access::EXEC_OK).map_err(|error| unusable(path, &refused(error)))?;
        }
    }
    Ok(())
}

/// A connection without settings, to look at the file before anything is changed in it.
pub(crate) fn connect(path: &Path, busy_timeout: Duration) -> Result<Connection, OpenError> {
    let connection = open(path, busy_timeout, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .map_err(|error| unusable(path, &error))?;
    match connection.is_readonly("main") {
        Ok(true) => Err(unusable(path, &"it cannot be written")),
        _ => Ok(connection),
    }
}

/// Makes `connection` one that writes.
pub(crate) fn set_up_writer(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    switch_to_log(connection).map_err(|error| failed(path, &error))?;
    set(connection, path, WRITER_SETTINGS)
}

/// The one setting that is kept in the file. While another process is at the same, SQLite does not wait but fails;
/// asking for the write lock does wait.
fn switch_to_log(connection: &Connection) -> rusqlite::Result<()> {
    for _ in 1..TRIES {
        let switched = connection.execute_batch("PRAGMA journal_mode = WAL");
        let busy = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        if !switched.as_ref().is_err_and(busy) {
            return switched;
        }
        connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")?;
    }
    connection.execute_batch("PRAGMA journal_mode = WAL")
}

/// A connection that reads.
pub(crate) fn reader(path: &Path, busy_timeout: Duration) -> Result<Connection, OpenError> {
    let connection =
        open(path, busy_timeout, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| failed(path, &error))?;
    set(&connection, path, READER_SETTINGS)?;
    open_log(&connection, path)?;
    Ok(connection)
}

/// Opens the log, which SQLite puts off to the first read: a connection must not find another one by then.
pub(crate) fn open_log(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    setting(connection, "schema_version").map(|_| ()).map_err(|error| failed(path, &error))
}

fn open(path: &Path, busy_timeout: Duration, mode: OpenFlags) -> rusqlite::Result<Connection> {
    // No mutex: every connection belongs to one thread.
    let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    Ok(connection)
}

/// SQLite ignores settings that it does not like, so every one is asked for afterwards.
fn set(connection: &Connection, path: &Path, settings: &[(&str, &str, &str)]) -> Result<(), OpenError> {
    for (name, value, expected) in settings {
        let set = connection.execute_batch(&format!("PRAGMA {name} = {value}"));
        let found = set.and_then(|()| setting(connection, name)).map_err(|error| failed(path, &error))?;
        if found != *expected {
            return Err(failed(path, &format!("{name} is {found} and cannot be set to {value}")));
        }
    }
    Ok(())
}

/// The present value of a setting as text.
pub(crate) fn setting(connection: &Connection, name: &str) -> rusqlite::Result<String> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| match row.get_ref(0)? {
        ValueRef::Integer(number) => Ok(number.to_string()),
        other => Ok(other.as_str()?.to_owned()),
    })
}

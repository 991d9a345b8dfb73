//! What can be set on a store.

use std::{path::PathBuf, time::Duration};

/// Which database to open, and how much it may use.
///
/// ```
/// use denizen_storage_sqlite::SqliteOptions;
/// let options = SqliteOptions { readers: 4, ..SqliteOptions::new("denizen.db") };
/// assert_eq!(options.queue, 1024);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteOptions {
    /// The database file. Its folder must exist, must be writable and must not be on a network file system: SQLite also
    /// keeps `…-wal` and `…-shm` there.
    pub path: PathBuf,
    /// Whether the file is created, for its owner only (mode 0600), if there is none, and the schema in an empty one.
    pub create: bool,
    /// Threads that read, at least 1. More than two bring little: SQLite answers a look-up in microseconds. Lists and
    /// searches leave one of them to the look-ups if there are two or more.
    pub readers: usize,
    /// How many reads, and how many writes, may wait, at least 1 each. Beyond that callers wait for half a second at
    /// most and are then told that the store is busy.
    pub queue: usize,
    /// For how long the writer waits for another process that is writing before it tells its callers that the store
    /// is busy.
    pub busy_timeout: Duration,
    /// For how long a single read may run before it is ended; its caller is told that the store is busy.
    pub read_time_limit: Duration,
}

impl SqliteOptions {
    /// The defaults for the database at `path`.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            create: true,
            readers: 2,
            queue: 1024,
            busy_timeout: Duration::from_secs(1),
            read_time_limit: Duration::from_secs(2),
        }
    }
}

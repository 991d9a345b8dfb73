//! The store: its threads, from opening to shutting down.

pub(crate) mod apply;
mod ports;

use std::{
    convert::Infallible,
    fmt,
    path::{Path, absolute},
    sync::Arc,
    thread::{self, JoinHandle},
};

use tokio::sync::{Mutex, mpsc};

use crate::{
    engine::{
        check::check,
        checkpoint::{Checkpoints, RESTART_PATIENCE},
        disk::Disk,
        error::{OpenError, failed, unusable},
        migrations::{SCHEMA, applied, identify, migrate},
        open::{connect, find, open_log, reader, set_up_writer},
        options::SqliteOptions,
        readers::Readers,
        writer::{Statements, Writer},
    },
    search,
};

const STATEMENTS: Statements =
    Statements { apply: apply::apply, complete: search::index, is_new_work: apply::is_new_work };

/// A store in a SQLite database. See the [crate's documentation](crate).
pub struct SqliteStore {
    pub(crate) writer: Writer,
    pub(crate) readers: Readers,
    pub(crate) disk: Arc<Disk>,
    /// Closed when the last thread has dropped its end.
    alive: Mutex<mpsc::Receiver<Infallible>>,
    /// The last field: it waits for threads that end because the fields before it are gone.
    _threads: Threads,
}

impl SqliteStore {
    /// The version of the schema of every open database.
    pub const SCHEMA: usize = SCHEMA;

    /// Opens the database, creates it if there is none and it may, brings its schema up to date, and starts the threads.
    ///
    /// Blocks for some milliseconds; with migrations of a large database, for longer.
    ///
    /// # Errors
    /// See [`OpenError`]. A file that is not ours, or too new for us, is left as it is.
    pub fn open(options: SqliteOptions) -> Result<Self, OpenError> {
        let SqliteOptions { path, create, readers, queue, busy_timeout, read_time_limit } = options;
        // SQLite gives a meaning to `:memory:`, `file:…` and the empty path; absolute paths are files.
        let path = absolute(&path).map_err(|error| unusable(&path, &error))?;
        find(&path, create)?;
        let writer = connect(&path, busy_timeout)?;
        identify(&writer, &path)?;
        if !create && applied(&writer, &path)? == 0 {
            return Err(OpenError::Empty { path });
        }
        set_up_writer(&writer, &path)?;
        migrate(&writer, &path)?;
        let disk = Arc::new(Disk::of(&path)?);
        let checkpointer = connect(&path, RESTART_PATIENCE)?;
        open_log(&checkpointer, &path)?;
        let connections =
            (0..readers.max(1)).map(|_| reader(&path, busy_timeout)).collect::<Result<Vec<_>, _>>()?;

        let fail = |error| failed(&path, &error);
        let (alive_end, alive) = mpsc::channel(1);
        let (other_end, others) = mpsc::channel(1);
        let ends = (alive_end.clone(), other_end);
        let (checkpoints, thread) =
            Checkpoints::start(checkpointer, Arc::clone(&disk), ends.clone()).map_err(fail)?;
        let mut threads = vec![thread];
        let (writer, thread) = Writer::start(
            writer,
            STATEMENTS,
            (checkpoints, Arc::clone(&disk)),
            queue,
            busy_timeout,
            others,
            alive_end,
        )
        .map_err(fail)?;
        threads.push(thread);
        let (readers, reading) =
            Readers::start(connections, Arc::clone(&disk), queue, read_time_limit, &ends).map_err(fail)?;
        threads.extend(reading);
        Ok(Self { writer, readers, disk, alive: Mutex::new(alive), _threads: Threads(threads) })
    }

    /// Returns the faults of the database at `path`, none if it is sound. The database may be in use; a file that is not
    /// there is not created. Reads every page, which takes seconds for gigabytes.
    ///
    /// # Errors
    /// See [`OpenError`]: the file is missing, is not ours, is too new, or is too damaged to be read.
    pub fn check(path: &Path) -> Result<Vec<String>, OpenError> {
        check(&absolute(path).map_err(|error| unusable(path, &error))?)
    }

    /// Ends the store in good order: what was accepted is written and answered, what comes later is refused with
    /// [`StoreFailure::Unavailable`](denizen_services::store::StoreFailure::Unavailable), the log is moved into the database file. Returns when all of that is done, also
    /// if it is called twice.
    ///
    /// Dropping the store does the same, but blocks the thread that drops it.
    pub async fn shutdown(&self) {
        self.readers.stop().await;
        self.writer.stop().await;
        // Nothing is ever sent: this waits for the end of the last thread.
        let _ = self.alive.lock().await.recv().await;
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

struct Threads(Vec<JoinHandle<()>>);

impl Drop for Threads {
    fn drop(&mut self) {
        let ours = |thread: &JoinHandle<()>| thread.thread().id() == thread::current().id();
        // An observer can be the last to hold the store. It runs on the writer's thread, which cannot wait for itself.
        if self.0.iter().any(ours) {
            return;
        }
        for thread in self.0.drain(..) {
            if thread.join().is_err() {
                log::error!("a thread of the store has panicked");
            }
        }
    }
}

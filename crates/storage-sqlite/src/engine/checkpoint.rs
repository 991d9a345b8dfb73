//! Moving what was committed from the log into the database file, away from the writer's path.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use rusqlite::Connection;

/// How long the log gathers commits between two checkpoints.
const EVERY: Duration = Duration::from_millis(500);

/// From this many pages on (of 4 KiB) the writer is asked to begin the log anew.
const LONG_LOG: i64 = 16_000;

/// How long the writer waits for readers before it begins the log anew; if in vain, it is asked again soon.
pub(crate) const RESTART_PATIENCE: Duration = Duration::from_millis(50);

#[derive(Default)]
struct State {
    /// Something was committed since the last checkpoint began.
    behind: AtomicBool,
    log_is_long: AtomicBool,
}

/// The writer's end. The thread ends when it is dropped.
pub(crate) struct Checkpoints {
    state: Arc<State>,
    wake: mpsc::Sender<()>,
}

impl Checkpoints {
    /// Starts the thread, which owns `connection` and drops `alive` at its end.
    pub fn start(
        connection: Connection,
        alive: impl Send + 'static,
    ) -> io::Result<(Self, thread::JoinHandle<()>)> {
        let state = Arc::new(State::default());
        let (wake, woken) = mpsc::channel();
        let checkpoints = Self { state: Arc::clone(&state), wake };
        let run = move || {
            let _alive = alive;
            run(&connection, &state, &woken);
            drop(connection);
        };
        let thread = thread::Builder::new().name("denizen-checkpoint".to_owned()).spawn(run)?;
        Ok((checkpoints, thread))
    }

    /// Something was committed.
    pub fn committed(&self) {
        if !self.state.behind.swap(true, Ordering::AcqRel) {
            // Fails only if the thread is gone; the log then grows until the last connection is closed.
            let _ = self.wake.send(());
        }
    }

    /// Whether the log should begin anew. Only the writer can do that without keeping itself waiting.
    pub fn log_is_long(&self) -> bool {
        self.state.log_is_long.swap(false, Ordering::AcqRel)
    }
}

fn run(connection: &Connection, state: &State, woken: &mpsc::Receiver<()>) {
    while woken.recv().is_ok() {
        // Nobody wakes who is awake: this waits for the end of the time, or of the writer.
        if woken.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Disconnected) {
            return;
        }
        state.behind.store(false, Ordering::Release);
        match checkpoint(connection, "PASSIVE") {
            Ok(pages) => state.log_is_long.store(pages > LONG_LOG, Ordering::Release),
            Err(error) => log::warn!("a checkpoint failed: {error}"),
        }
    }
}

/// Runs a checkpoint of that kind. How many pages the log has.
pub(crate) fn checkpoint(connection: &Connection, kind: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |row| row.get(1))
}

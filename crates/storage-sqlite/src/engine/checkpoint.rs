//! Moving what was committed from the log into the database file, away from the writer's path.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use denizen_services::lock;
use rusqlite::Connection;

use crate::engine::disk::{Disk, SHORT_LOG};

/// How long the log gathers commits between two checkpoints, unless it becomes longer than [`SHORT_LOG`].
const EVERY: Duration = Duration::from_millis(500);

/// How often the log is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(50);

/// How long readers are waited for before the log begins anew; if in vain, it is tried again soon.
pub(crate) const RESTART_PATIENCE: Duration = Duration::from_millis(50);

#[derive(Default)]
struct State {
    /// Something was committed since the last checkpoint began.
    behind: AtomicBool,
    log_is_long: AtomicBool,
    /// Held during a checkpoint: SQLite does not wait for another one, but fails.
    turn: Mutex<()>,
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
        disk: Arc<Disk>,
        alive: impl Send + 'static,
    ) -> io::Result<(Self, thread::JoinHandle<()>)> {
        let state = Arc::new(State::default());
        let (wake, woken) = mpsc::channel();
        let checkpoints = Self { state: Arc::clone(&state), wake };
        let run = move || {
            let _alive = alive;
            run(&connection, &disk, &state, &woken);
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

    /// Whether the log should begin anew. Under load only the writer can do that: nobody else finds a gap.
    pub fn log_is_long(&self) -> bool {
        self.state.log_is_long.swap(false, Ordering::AcqRel)
    }

    /// Moves what is left of the log into the database, and begins it anew; waits for a checkpoint that is under way.
    /// `false`: a reader was in its way.
    pub fn begin_log_anew(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let _turn = lock(&self.state.turn);
        checkpoint(connection, "RESTART")
    }
}

fn run(connection: &Connection, disk: &Disk, state: &State, woken: &mpsc::Receiver<()>) {
    let (mut again, mut failed) = (false, false);
    // What could not be done is tried again without a commit.
    while again || woken.recv().is_ok() {
        let begun = Instant::now();
        loop {
            // Nobody wakes who is awake: this waits for the end of the time, or of the writer.
            if woken.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Disconnected) {
                return;
            }
            if begun.elapsed() >= EVERY || disk.log_length() > SHORT_LOG {
                break;
            }
        }
        (again, failed) = match shorten(connection, disk, state) {
            Ok(is_long) => (is_long, false),
            Err(error) => {
                if !failed {
                    log::warn!("a checkpoint failed: {error}");
                }
                disk.note(connection, error.into());
                (true, true)
            }
        };
    }
}

/// Moves what was committed into the database. `true`: the log is still long.
fn shorten(connection: &Connection, disk: &Disk, state: &State) -> rusqlite::Result<bool> {
    let _turn = lock(&state.turn);
    state.behind.store(false, Ordering::Release);
    checkpoint(connection, "PASSIVE")?;
    let mut is_long = disk.log_length() > SHORT_LOG;
    if is_long && !state.behind.load(Ordering::Acquire) {
        // Nobody writes, so nobody waits.
        is_long = !checkpoint(connection, "TRUNCATE")?;
    }
    state.log_is_long.store(is_long, Ordering::Release);
    Ok(is_long)
}

/// Runs a checkpoint of that kind. `false`: readers or writers were in its way.
pub(crate) fn checkpoint(connection: &Connection, kind: &str) -> rusqlite::Result<bool> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

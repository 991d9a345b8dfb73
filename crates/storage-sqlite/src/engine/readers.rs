//! The threads that read.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use denizen_services::store::StoreFailure;
use rusqlite::{Connection, Row};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};

use crate::engine::{
    column::Encode,
    disk::Disk,
    error::{Failure, without_precondition},
    queue::{PATIENCE, send, stopped},
    sql::find,
};
use denizen_services::lock;

/// After how many steps of SQLite's machine the time is looked at; about ten microseconds.
const STEPS: i32 = 1000;

type Read = Box<dyn FnOnce(&Connection) + Send>;

enum Message {
    Read(Read),
    Stop,
}

/// The callers' end of the queue. The threads end when it is dropped.
pub(crate) struct Readers {
    queue: mpsc::Sender<Message>,
    /// Hears of every failure.
    disk: Arc<Disk>,
    /// One permit fewer than there are threads, so that long reads never keep the short ones waiting.
    long: Arc<Semaphore>,
}

impl Readers {
    /// Starts one thread per connection, each of which drops a clone of `alive` at its end.
    pub fn start(
        connections: Vec<Connection>,
        disk: Arc<Disk>,
        capacity: usize,
        time_limit: Duration,
        alive: &(impl Clone + Send + 'static),
    ) -> io::Result<(Self, Vec<thread::JoinHandle<()>>)> {
        let (queue, messages) = mpsc::channel(capacity.max(1));
        let long = Arc::new(Semaphore::new(connections.len().saturating_sub(1).max(1)));
        let messages = Arc::new(Mutex::new(messages));
        let start = |mut connection| {
            let deadline = Deadline::install(&mut connection, time_limit).map_err(io::Error::other)?;
            let (messages, alive) = (Arc::clone(&messages), alive.clone());
            let run = move || {
                let _alive = alive;
                serve(&connection, &deadline, &messages);
                drop(connection);
            };
            thread::Builder::new().name("denizen-reader".to_owned()).spawn(run)
        };
        let threads = connections.into_iter().map(start).collect::<io::Result<_>>()?;
        Ok((Self { queue, disk, long }, threads))
    }

    /// Runs `read` on one of the threads.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        let (reply, answer) = oneshot::channel();
        let disk = Arc::clone(&self.disk);
        let read = move |connection: &Connection| {
            // Nobody waits for the answer if the caller is gone.
            if !reply.is_closed() {
                let read = read(connection).map_err(|failure| disk.note(connection, failure));
                let _ = reply.send(read.map_err(without_precondition));
            }
        };
        send(&self.queue, Message::Read(Box::new(read))).await?;
        answer.await.unwrap_or_else(|_| Err(StoreFailure::Unavailable("the read failed".into())))
    }

    /// Reads the row that `sql`, which has one parameter, finds by this key.
    pub async fn find<T: Send + 'static>(
        &self,
        sql: &'static str,
        key: impl Encode + Send + 'static,
        read: fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Option<T>, StoreFailure> {
        self.read(move |connection| find(connection, sql, [key.encode()], read)).await
    }

    /// The same as [`Self::read`] for reads that can take their time.
    pub async fn read_long<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        let permit = timeout(PATIENCE, Arc::clone(&self.long).acquire_owned())
            .await
            .map_err(|_| StoreFailure::Busy("too many lists and searches are running".into()))?
            .map_err(|_| stopped())?;
        // The permit goes along: a read runs on if its caller leaves, and still takes up a thread.
        self.read(move |connection| {
            let _permit = permit;
            read(connection)
        })
        .await
    }

    /// Ends the threads when they have served what is in the queue.
    pub async fn stop(&self) {
        // Fails if they have ended.
        let _ = self.queue.send(Message::Stop).await;
    }
}

fn serve(connection: &Connection, deadline: &Deadline, messages: &Mutex<mpsc::Receiver<Message>>) {
    loop {
        let Some(read) = next(messages) else { return };
        deadline.begin();
        if catch_unwind(AssertUnwindSafe(|| read(connection))).is_err() {
            log::error!("a read panicked");
        }
    }
}

/// One thread waits for a message while it holds the lock, the others wait for the lock. `None`: it is over.
fn next(messages: &Mutex<mpsc::Receiver<Message>>) -> Option<Read> {
    let mut messages = lock(messages);
    loop {
        match messages.blocking_recv()? {
            Message::Read(read) => return Some(read),
            // Under the same lock: another thread could not be woken to let go of it.
            Message::Stop => messages.close(),
        }
    }
}

/// Ends reads that take longer than they may.
struct Deadline {
    origin: Instant,
    limit: Duration,
    /// In nanoseconds since `origin`.
    at: Arc<AtomicU64>,
}

impl Deadline {
    fn install(connection: &mut Connection, limit: Duration) -> rusqlite::Result<Self> {
        let origin = Instant::now();
        let at = Arc::new(AtomicU64::new(u64::MAX));
        let deadline = Arc::clone(&at);
        let is_over = move || nanos(origin.elapsed()) > deadline.load(Ordering::Relaxed);
        connection.progress_handler(STEPS, Some(is_over))?;
        Ok(Self { origin, limit, at })
    }

    fn begin(&self) {
        self.at.store(nanos(self.origin.elapsed().saturating_add(self.limit)), Ordering::Relaxed);
    }
}

/// Suffices for 584 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

//! The one thread that writes.

use std::{
    cell::Cell,
    collections::VecDeque,
    convert::Infallible,
    io,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use denizen_services::store::{
    CommitError, CommitObserver, Committed, StoreFailure, UnitOfWork, tell_observers,
};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::engine::{
    checkpoint::{Checkpoints, RESTART_PATIENCE, checkpoint},
    disk::{Disk, Room, almost_full},
    error::{Failure, without_precondition},
    queue::{send, stopped},
    transaction::{Complete, Means, Write},
};
use denizen_services::lock;

/// How many units share a transaction at most. More would gain little and make the first wait longer.
const BATCH: usize = 256;

/// The same while the disk has little room, which is measured between two transactions.
const SMALL_BATCH: usize = 16;

pub(crate) enum Message {
    One(Box<dyn Write>),
    /// Written in turns with what others want written.
    Many(Vec<Box<dyn Write>>),
    Stop,
}

/// The statements of the layer above.
#[derive(Clone, Copy)]
pub(crate) struct Statements {
    /// Applies one unit of work.
    pub apply: fn(&Connection, &UnitOfWork) -> Result<Committed, Failure>,
    pub complete: Complete,
    /// See [`Write::is_new_work`].
    pub is_new_work: fn(&UnitOfWork) -> bool,
}

type Observers = Arc<Mutex<Vec<Arc<dyn CommitObserver>>>>;
type Answer<T> = oneshot::Receiver<Result<T, CommitError>>;

/// The callers' end of the queue. The thread ends when it is dropped.
pub(crate) struct Writer {
    pub(crate) queue: mpsc::Sender<Message>,
    statements: Statements,
    observers: Observers,
    fate: watch::Receiver<Option<StoreFailure>>,
}

impl Writer {
    /// Starts the thread, which owns `connection`, waits for the `others` to end, and then drops `alive`.
    pub fn start(
        connection: Connection,
        statements: Statements,
        (checkpoints, disk): (Checkpoints, Arc<Disk>),
        capacity: usize,
        busy_timeout: Duration,
        others: mpsc::Receiver<Infallible>,
        alive: mpsc::Sender<Infallible>,
    ) -> io::Result<(Self, thread::JoinHandle<()>)> {
        let (queue, messages) = mpsc::channel(capacity.max(1));
        let (announce, fate) = watch::channel(None);
        let observers = Observers::default();
        let complete = statements.complete;
        let thread = Thread {
            connection,
            complete,
            checkpoints,
            disk,
            room: Cell::new(Room::Plenty),
            busy_timeout,
            others,
            observers: Arc::clone(&observers),
        };
        let run = move || {
            // Dropped last, in this order also when the thread panics: connection, queue, news of the end, `alive`.
            let _alive = alive;
            let _end = End(announce);
            thread.serve(messages);
        };
        let handle = thread::Builder::new().name("denizen-writer".to_owned()).spawn(run)?;
        Ok((Self { queue, statements, observers, fate }, handle))
    }

    pub async fn commit(&self, work: UnitOfWork) -> Result<Committed, CommitError> {
        self.write(self.task(work)).await
    }

    pub async fn commit_many(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, CommitError>> {
        let tasks = units.into_iter().map(|work| self.task(work));
        let (tasks, answers): (Vec<_>, Vec<_>) = tasks.unzip();
        let sent = send(&self.queue, Message::Many(tasks)).await;
        let mut results = Vec::with_capacity(answers.len());
        for answer in answers {
            results.push(match &sent {
                Ok(()) => receive(answer).await,
                Err(error) => Err(error.clone().into()),
            });
        }
        results
    }

    fn task(&self, work: UnitOfWork) -> (Box<dyn Write>, Answer<Committed>) {
        let is_new_work = (self.statements.is_new_work)(&work);
        task(work, is_new_work, self.statements.apply, tell_observers)
    }

    /// Writes something that is not a unit of work.
    pub async fn run<T: Send + 'static>(
        &self,
        mut run: impl FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        self.write(task((), false, move |connection, ()| run(connection), |_, (), _| ()))
            .await
            .map_err(without_precondition)
    }

    async fn write<T>(&self, (task, answer): (Box<dyn Write>, Answer<T>)) -> Result<T, CommitError> {
        send(&self.queue, Message::One(task)).await?;
        receive(answer).await
    }

    pub fn observe(&self, observer: Arc<dyn CommitObserver>) {
        lock(&self.observers).push(observer);
    }

    /// Returns when the thread has ended, with the reason.
    pub async fn ended(&self) -> StoreFailure {
        let mut fate = self.fate.clone();
        let reason = fate.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        reason.unwrap_or_else(stopped)
    }

    /// Ends the thread when it has written what is in the queue.
    pub async fn stop(&self) {
        // Fails if it has ended.
        let _ = self.queue.send(Message::Stop).await;
    }
}

async fn receive<T>(answer: Answer<T>) -> Result<T, CommitError> {
    answer.await.unwrap_or_else(|_| Err(stopped().into()))
}

/// Announces the end of the thread, however it comes.
struct End(watch::Sender<Option<StoreFailure>>);

impl Drop for End {
    fn drop(&mut self) {
        let reason = if thread::panicking() { "the writer has failed" } else { "the store has stopped" };
        self.0.send_replace(Some(StoreFailure::Unavailable(reason.into())));
    }
}

struct Thread {
    connection: Connection,
    complete: Complete,
    checkpoints: Checkpoints,
    disk: Arc<Disk>,
    /// What was measured last.
    room: Cell<Room>,
    busy_timeout: Duration,
    /// Closed when the threads with the other connections have ended.
    others: mpsc::Receiver<Infallible>,
    observers: Observers,
}

impl Thread {
    fn serve(self, mut messages: mpsc::Receiver<Message>) {
        let mut imports: VecDeque<Box<dyn Write>> = VecDeque::new();
        loop {
            let mut next = if imports.is_empty() {
                let Some(message) = messages.blocking_recv() else { break };
                Some(message)
            } else {
                messages.try_recv().ok()
            };
            let mut batch: Vec<Box<dyn Write>> = Vec::new();
            let most = if self.room.get() == Room::Plenty { BATCH } else { SMALL_BATCH };
            while let Some(message) = next {
                match message {
                    Message::One(unit) => batch.push(unit),
                    Message::Many(units) => imports.extend(units),
                    Message::Stop => messages.close(),
                }
                next = if batch.len() < most { messages.try_recv().ok() } else { None };
            }
            self.write(batch);
            self.write(imports.drain(..imports.len().min(most)).collect());
        }
        let Self { connection, checkpoints, mut others, .. } = self;
        drop(checkpoints);
        // Readers in the middle of a read would keep some of the log, and the last connection to be closed removes the
        // log's file only if it may write.
        others.blocking_recv();
        if let Err(error) = checkpoint(&connection, "TRUNCATE") {
            log::warn!("the last checkpoint failed: {error}");
        }
    }

    fn write(&self, mut batch: Vec<Box<dyn Write>>) {
        if let Err(failure) = self.look_at_disk() {
            refuse(batch.drain(..), &failure);
        } else if self.room.get() == Room::Low {
            refuse(batch.extract_if(.., |unit| unit.is_new_work()), &almost_full());
        }
        if batch.is_empty() {
            return;
        }
        // A copy, because an observer may register another one.
        let observers = lock(&self.observers).clone();
        let Self { connection, complete, disk, .. } = self;
        Means { connection, complete: *complete, disk }.write(batch, &observers);
        self.checkpoints.committed();
    }

    /// Fails if nothing may be written.
    fn look_at_disk(&self) -> Result<(), StoreFailure> {
        self.disk.admit()?;
        let note = |failure| self.disk.note(&self.connection, failure);
        if self.checkpoints.log_is_long() || self.disk.log_is_too_long() {
            match self.begin_log_anew() {
                Ok(is_new) => self.disk.tell_of_log(is_new),
                Err(error) => {
                    log::warn!("the log could not begin anew: {error}");
                    note(error.into());
                }
            }
        }
        let room = self.disk.measure(&self.connection, self.room.get()).map_err(note);
        self.room.set(room.map_err(without_precondition)?);
        Ok(())
    }

    fn begin_log_anew(&self) -> rusqlite::Result<bool> {
        self.connection.busy_timeout(RESTART_PATIENCE)?;
        let restarted = self.checkpoints.begin_log_anew(&self.connection);
        self.connection.busy_timeout(self.busy_timeout)?;
        restarted
    }
}

fn refuse(units: impl Iterator<Item = Box<dyn Write>>, failure: &StoreFailure) {
    for unit in units {
        unit.answer(Err(failure.clone().into()));
    }
}

/// Something to be written for a caller: a unit of work, or anything else that returns a value.
struct Task<I, T, F> {
    input: I,
    is_new_work: bool,
    run: F,
    tell: Tell<I, T>,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, CommitError>>,
}

/// Tells the observers of the input and of what it has become.
type Tell<I, T> = fn(&[Arc<dyn CommitObserver>], &I, &T);

fn task<I: Send + 'static, T: Send + 'static>(
    input: I,
    is_new_work: bool,
    run: impl FnMut(&Connection, &I) -> Result<T, Failure> + Send + 'static,
    tell: Tell<I, T>,
) -> (Box<dyn Write>, Answer<T>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Task { input, is_new_work, run, tell, value: None, reply }), answer)
}

impl<I: Send, T: Send, F: FnMut(&Connection, &I) -> Result<T, Failure> + Send> Write for Task<I, T, F> {
    fn apply(&mut self, connection: &Connection) -> Result<(), Failure> {
        self.value = Some((self.run)(connection, &self.input)?);
        Ok(())
    }

    fn is_new_work(&self) -> bool {
        self.is_new_work
    }

    fn committed(&self, observers: &[Arc<dyn CommitObserver>]) {
        if let Some(value) = &self.value {
            (self.tell)(observers, &self.input, value);
        }
    }

    fn answer(self: Box<Self>, verdict: Result<(), CommitError>) {
        let Self { value, reply, .. } = *self;
        // Fails if the caller is gone.
        let _ = reply.send(verdict.and_then(|()| value.ok_or_else(|| stopped().into())));
    }
}

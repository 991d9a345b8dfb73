//! The one thread that writes.

use std::{
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
    error::{Failure, without_precondition},
    queue::{send, stopped},
    transaction::{Complete, Write, write},
};
use denizen_services::lock;

/// How many units share a transaction at most. More would gain little and make the first wait longer.
const BATCH: usize = 256;

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
}

type Observers = Arc<Mutex<Vec<Arc<dyn CommitObserver>>>>;
type Answer<T, E> = oneshot::Sender<Result<T, E>>;

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
        checkpoints: Checkpoints,
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
        work.check()?;
        let (unit, answer) = self.unit(work);
        send(&self.queue, Message::One(unit)).await?;
        receive(answer).await
    }

    pub async fn commit_many(&self, units: Vec<UnitOfWork>) -> Vec<Result<Committed, CommitError>> {
        let mut accepted: Vec<Box<dyn Write>> = Vec::with_capacity(units.len());
        let mut answers = Vec::with_capacity(units.len());
        for work in units {
            answers.push(work.check().map(|()| {
                let (unit, answer) = self.unit(work);
                accepted.push(unit);
                answer
            }));
        }
        let sent = send(&self.queue, Message::Many(accepted)).await;
        let mut results = Vec::with_capacity(answers.len());
        for answer in answers {
            results.push(match (answer, &sent) {
                (Err(malformed), _) => Err(malformed.into()),
                (Ok(_), Err(error)) => Err(error.clone().into()),
                (Ok(answer), Ok(())) => receive(answer).await,
            });
        }
        results
    }

    fn unit(&self, work: UnitOfWork) -> (Box<Unit>, oneshot::Receiver<Result<Committed, CommitError>>) {
        let (reply, answer) = oneshot::channel();
        (Box::new(Unit { work, apply: self.statements.apply, committed: None, reply }), answer)
    }

    /// Writes something that is not a unit of work.
    pub async fn run<T: Send + 'static>(
        &self,
        run: impl FnMut(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        let (reply, answer) = oneshot::channel();
        send(&self.queue, Message::One(Box::new(Task { run, value: None, reply }))).await?;
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

async fn receive<T, E: From<StoreFailure>>(answer: oneshot::Receiver<Result<T, E>>) -> Result<T, E> {
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
            while let Some(message) = next {
                match message {
                    Message::One(unit) => batch.push(unit),
                    Message::Many(units) => imports.extend(units),
                    Message::Stop => messages.close(),
                }
                next = if batch.len() < BATCH { messages.try_recv().ok() } else { None };
            }
            self.write(batch);
            self.write(imports.drain(..imports.len().min(BATCH)).collect());
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

    fn write(&self, batch: Vec<Box<dyn Write>>) {
        if batch.is_empty() {
            return;
        }
        // A copy, because an observer may register another one.
        let observers = lock(&self.observers).clone();
        write(&self.connection, batch, self.complete, &observers);
        self.checkpoints.committed();
        if self.checkpoints.log_is_long()
            && let Err(error) = self.begin_log_anew()
        {
            log::warn!("the log could not begin anew: {error}");
        }
    }

    fn begin_log_anew(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(RESTART_PATIENCE)?;
        let restarted = checkpoint(&self.connection, "RESTART");
        self.connection.busy_timeout(self.busy_timeout)?;
        restarted.map(|_| ())
    }
}

struct Unit {
    work: UnitOfWork,
    apply: fn(&Connection, &UnitOfWork) -> Result<Committed, Failure>,
    committed: Option<Committed>,
    reply: Answer<Committed, CommitError>,
}

impl Write for Unit {
    fn apply(&mut self, connection: &Connection) -> Result<(), Failure> {
        self.committed = Some((self.apply)(connection, &self.work)?);
        Ok(())
    }

    fn committed(&self, observers: &[Arc<dyn CommitObserver>]) {
        if let Some(committed) = &self.committed {
            tell_observers(observers, &self.work, committed);
        }
    }

    fn answer(self: Box<Self>, verdict: Result<(), CommitError>) {
        answer(self.reply, verdict, self.committed);
    }
}

struct Task<T, F> {
    run: F,
    value: Option<T>,
    reply: Answer<T, StoreFailure>,
}

impl<T: Send, F: FnMut(&Connection) -> Result<T, Failure> + Send> Write for Task<T, F> {
    fn apply(&mut self, connection: &Connection) -> Result<(), Failure> {
        self.value = Some((self.run)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, verdict: Result<(), CommitError>) {
        answer(self.reply, verdict.map_err(without_precondition), self.value);
    }
}

fn answer<T, E: From<StoreFailure>>(reply: Answer<T, E>, verdict: Result<(), E>, value: Option<T>) {
    // Fails if the caller is gone.
    let _ = reply.send(verdict.and_then(|()| value.ok_or_else(|| stopped().into())));
}

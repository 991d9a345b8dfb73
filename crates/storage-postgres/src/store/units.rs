//! Units of work as transactions.

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use denizen_services::{
    lock,
    store::{CommitError, CommitObserver, Committed, StoreFailure, UnitOfWork, tell_observers},
};
use tokio::time::{sleep, timeout};

use crate::{
    engine::{
        connect::Connector,
        error::{Failure, stopped, without_precondition},
        options::PostgresOptions,
        order::CommitOrder,
        pool::{Lent, Pool},
        session::Session,
    },
    limits::BucketCounts,
    store::apply::apply,
};

/// How often a unit is tried whose rows others change at the same time, or whose connection turns out to be lost.
const MAX_TRIES: u32 = 6;

/// How long a COMMIT may take before its outcome counts as unknown: longer than a failover of a synchronous standby.
const COMMIT_TIME_LIMIT: Duration = Duration::from_secs(10);

/// How many units of a batch share a transaction.
const BATCH: usize = 64;

/// The way from a unit to a transaction, and from there to the observers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Units {
    connector: Connector,
    pool: Pool,
    order: CommitOrder,
    observers: Arc<Mutex<Vec<Arc<dyn CommitObserver>>>>,
    counts: Arc<BucketCounts>,
}

type Answers = Vec<Result<Committed, CommitError>>;

impl Units {
    pub fn new(connector: Connector, options: &PostgresOptions) -> Self {
        let pool = Pool::new(connector.clone(), options.units, options.queue, options.patience);
        Self { connector, pool, order: CommitOrder::new(), observers: Arc::default(), counts: Arc::default() }
    }

    pub fn observe(&self, observer: Arc<dyn CommitObserver>) {
        lock(&self.observers).push(observer);
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs `work` in a task of its own, so that it is carried out to its end whatever becomes of the caller.
    async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreFailure> {
        self.connector.runtime().spawn(work).await.map_err(|error| {
            if error.is_panic() {
                log::error!("a unit of work panicked");
                return StoreFailure::Malformed("the unit panicked".into());
            }
            stopped()
        })
    }

    pub async fn commit(&self, work: UnitOfWork) -> Result<Committed, CommitError> {
        let units = self.clone();
        self.detached(async move { units.commit_alone(&work).await }).await?
    }

    pub async fn commit_batch(&self, batch: Vec<UnitOfWork>) -> Answers {
        let (units, count) = (self.clone(), batch.len());
        let all = self.detached(async move {
            let mut answers = Vec::with_capacity(batch.len());
            for chunk in batch.chunks(BATCH) {
                answers.extend(units.commit_chunk(chunk).await);
            }
            answers
        });
        all.await.unwrap_or_else(|failure| vec![Err(failure.into()); count])
    }

    /// Runs something that is not a unit of work, each statement for itself; and once again if the connection turns out to be
    /// lost.
    pub async fn run<T, F>(&self, run: impl Fn(Lent) -> F + Send + Sync + 'static) -> Result<T, StoreFailure>
    where
        T: Send + 'static,
        F: Future<Output = (Lent, Result<T, Failure>)> + Send + 'static,
    {
        let units = self.clone();
        let result = self.detached(async move {
            match units.run_once(&run).await {
                Err(failure) if failure.is_of_connection() => units.run_once(&run).await,
                result => result,
            }
        });
        result.await?.map_err(without_precondition)
    }

    async fn run_once<T, F>(&self, run: &(impl Fn(Lent) -> F + Sync)) -> Result<T, Failure>
    where
        F: Future<Output = (Lent, Result<T, Failure>)> + Send,
    {
        let lent = self.lend().await?;
        let (lent, result) = run(lent).await;
        finish(&self.pool, lent, &result);
        result
    }

    async fn lend(&self) -> Result<Lent, Failure> {
        self.pool.lend().await
    }

    async fn commit_alone(&self, work: &UnitOfWork) -> Result<Committed, CommitError> {
        for try_number in 1.. {
            let result = self.attempt(work).await;
            match result {
                Err(failure)
                    if try_number < MAX_TRIES && (failure.is_contention() || failure.is_of_connection()) =>
                {
                    // Those who met here go on one after the other.
                    sleep(Duration::from_millis(2) * try_number).await;
                }
                Err(failure) => return Err(failure.into()),
                Ok(committed) => return Ok(committed),
            }
        }
        Err(stopped().into())
    }

    /// Runs `work` in one transaction.
    async fn attempt(&self, work: &UnitOfWork) -> Result<Committed, Failure> {
        let lent = self.lend().await?;
        let applied = match lent.run("BEGIN").await {
            Ok(()) => apply(&lent, &self.counts, work).await,
            Err(failure) => Err(failure),
        };
        let result = match applied {
            Ok(committed) => {
                let result = self.commit_now(&lent, &[(work, &committed)]).await;
                result.map(|()| committed)
            }
            Err(failure) => {
                let rolled_back =
                    if failure.is_of_connection() { Ok(()) } else { lent.run("ROLLBACK").await };
                rolled_back.and(Err(failure))
            }
        };
        finish(&self.pool, lent, &result);
        result
    }

    /// Ends the transaction and tells the observers.
    async fn commit_now(&self, session: &Session, done: &[(&UnitOfWork, &Committed)]) -> Result<(), Failure> {
        let number = self.order.take();
        let unknown = |reason: &str| Failure::from(StoreFailure::Unavailable(reason.into()));
        match timeout(COMMIT_TIME_LIMIT, session.run("COMMIT")).await {
            Err(_) => return Err(unknown("the database does not answer a COMMIT")),
            Ok(Err(failure)) if failure.is_of_connection() => {
                return Err(unknown("the connection was lost during a COMMIT"));
            }
            // The database says that it rolled back.
            Ok(Err(failure)) => return Err(failure),
            Ok(Ok(())) => {}
        }
        number.turn().await;
        // A copy, because an observer may register another one.
        let observers = lock(&self.observers).clone();
        for (work, committed) in done {
            tell_observers(&observers, work, committed);
        }
        Ok(())
    }

    /// Writes several units in one transaction; if that fails as a whole, each alone.
    async fn commit_chunk(&self, chunk: &[UnitOfWork]) -> Answers {
        match self.attempt_chunk(chunk).await {
            Ok(answers) => answers,
            Err(failure) if failure.is_contention() || failure.is_of_connection() => {
                let mut answers = Vec::with_capacity(chunk.len());
                for work in chunk {
                    answers.push(self.commit_alone(work).await);
                }
                answers
            }
            Err(failure) => {
                let error = CommitError::from(failure);
                chunk.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    async fn attempt_chunk(&self, chunk: &[UnitOfWork]) -> Result<Answers, Failure> {
        let lent = self.lend().await?;
        let result = match self.run_chunk(&lent, chunk).await {
            Ok(answers) => {
                let done = chunk.iter().zip(&answers);
                let done: Vec<_> =
                    done.filter_map(|(work, answer)| Some((work, answer.as_ref().ok()?))).collect();
                // Not rolled back: of a COMMIT without an answer nothing is known, so that nothing may run again.
                self.commit_now(&lent, &done).await.map(|()| answers)
            }
            Err(failure) if failure.is_of_connection() => Err(failure),
            Err(failure) => lent.run("ROLLBACK").await.and(Err(failure)),
        };
        finish(&self.pool, lent, &result);
        result
    }

    async fn run_chunk(&self, session: &Session, chunk: &[UnitOfWork]) -> Result<Answers, Failure> {
        session.run("BEGIN").await?;
        let mut answers = Answers::with_capacity(chunk.len());
        for work in chunk {
            session.run("SAVEPOINT unit").await?;
            match apply(session, &self.counts, work).await {
                Ok(committed) => {
                    session.run("RELEASE unit").await?;
                    answers.push(Ok(committed));
                }
                Err(failure) if failure.is_contention() || failure.is_of_connection() => return Err(failure),
                Err(failure) => {
                    session.run("ROLLBACK TO unit; RELEASE unit").await?;
                    answers.push(Err(failure.into()));
                }
            }
        }
        Ok(answers)
    }
}

/// Gives the connection back, unless the failure shows that it is of no use or its state is unknown.
fn finish<T>(pool: &Pool, lent: Lent, result: &Result<T, Failure>) {
    match result {
        Err(failure) if failure.is_of_connection() => pool.forget_idle(),
        Err(Failure::Refused(CommitError::Failed(StoreFailure::Unavailable(_)))) => pool.forget_idle(),
        _ => lent.give_back(),
    }
}

//! Many units of work in one durable transaction.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use denizen_services::store::{CommitError, CommitObserver, StoreFailure};
use rusqlite::Connection;

use crate::engine::{
    disk::Disk,
    error::Failure,
    sql::{execute, statements},
};

statements! {
    BEGIN = "BEGIN IMMEDIATE";
    SAVEPOINT = "SAVEPOINT unit";
    ROLLBACK_TO = "ROLLBACK TO unit";
    RELEASE = "RELEASE unit";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
}

/// Something to be written as a whole or not at all.
pub(crate) trait Write: Send {
    /// Writes. Is called again if the transaction was lost for reasons that may not concern this unit.
    fn apply(&mut self, connection: &Connection) -> Result<(), Failure>;

    /// Whether it makes the database grow and can be put off: it is refused before the disk is full.
    fn is_new_work(&self) -> bool {
        false
    }

    /// Tells the observers, if what was written is for them.
    fn committed(&self, _observers: &[Arc<dyn CommitObserver>]) {}

    /// Tells the caller, last of all.
    fn answer(self: Box<Self>, verdict: Result<(), CommitError>);
}

/// Runs once at the end of each transaction, before its COMMIT.
pub(crate) type Complete = fn(&Connection) -> Result<(), Failure>;

/// Why nothing of a transaction was written.
struct Lost {
    error: CommitError,
    /// Whether each unit may succeed if it is alone.
    judge_each: bool,
}

impl Lost {
    fn by(failure: Failure) -> Self {
        Self { judge_each: failure.is_full(), error: failure.into() }
    }
}

/// What every transaction needs.
pub(crate) struct Means<'a> {
    pub connection: &'a Connection,
    pub complete: Complete,
    /// Hears of every failure.
    pub disk: &'a Disk,
}

impl Means<'_> {
    /// Writes `batch` in one transaction, and answers. A unit that fails leaves its neighbours unharmed.
    pub fn write(&self, mut batch: Vec<Box<dyn Write>>, observers: &[Arc<dyn CommitObserver>]) {
        match self.transaction(&mut batch) {
            Ok(verdicts) => {
                for (unit, _) in batch.iter().zip(&verdicts).filter(|(_, verdict)| verdict.is_ok()) {
                    unit.committed(observers);
                }
                for (unit, verdict) in batch.into_iter().zip(verdicts) {
                    unit.answer(verdict);
                }
            }
            Err(Lost { judge_each: true, .. }) if batch.len() > 1 => {
                for unit in batch {
                    self.write(vec![unit], observers);
                }
            }
            Err(Lost { error, .. }) => {
                for unit in batch {
                    unit.answer(Err(error.clone()));
                }
            }
        }
    }

    fn run(&self, sql: &str) -> Result<(), Failure> {
        execute(self.connection, sql, [])
            .map(|_| ())
            .map_err(|failure| self.disk.note(self.connection, failure))
    }

    fn transaction(&self, batch: &mut [Box<dyn Write>]) -> Result<Vec<Result<(), CommitError>>, Lost> {
        self.run(BEGIN).map_err(|failure| Lost { error: failure.into(), judge_each: false })?;
        let written = self.write_each(batch).and_then(|verdicts| {
            let completed = (self.complete)(self.connection);
            completed.map_err(|failure| self.disk.note(self.connection, failure)).map_err(Lost::by)?;
            let lost = |failure: Failure| Lost { judge_each: failure.is_full(), error: failure.of_commit() };
            self.run(COMMIT).map_err(lost)?;
            Ok(verdicts)
        });
        if !self.connection.is_autocommit() && self.run(ROLLBACK).is_err() {
            log::error!("a transaction could not be rolled back");
        }
        written
    }

    fn write_each(&self, batch: &mut [Box<dyn Write>]) -> Result<Vec<Result<(), CommitError>>, Lost> {
        let mut verdicts = Vec::with_capacity(batch.len());
        for unit in batch {
            self.run(SAVEPOINT).map_err(Lost::by)?;
            let verdict = match catch_unwind(AssertUnwindSafe(|| unit.apply(self.connection))) {
                Ok(Ok(())) => Ok(()),
                Ok(Err(failure)) => {
                    let failure = self.disk.note(self.connection, failure);
                    // SQLite itself rolled back, not only this unit: it does so when the disk is full.
                    if self.connection.is_autocommit() {
                        return Err(Lost { error: failure.into(), judge_each: true });
                    }
                    Err(failure.into())
                }
                Err(_) => {
                    log::error!("a unit of work panicked");
                    Err(StoreFailure::Malformed("the unit panicked".into()).into())
                }
            };
            if verdict.is_err() {
                self.run(ROLLBACK_TO).map_err(Lost::by)?;
            }
            self.run(RELEASE).map_err(Lost::by)?;
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }
}

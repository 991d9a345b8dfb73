//! # denizen's store on SQLite
//!
//! ```
//! use denizen_models::UserId;
//! use denizen_services::store::{ReadStore as _, UnitOfWork, WriteStore as _};
//! use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("denizen.db");
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let store = SqliteStore::open(SqliteOptions::new(path))?;
//! let work = UnitOfWork::new().revoke_tokens(UserId::new(1));
//! store.commit(work).await?;
//! assert_eq!(store.find_user(UserId::new(1)).await?, None);
//! store.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it works
//!
//! **One thread writes** (`writer`). It takes what waits in its queue, up to 256 units of work, into one transaction
//! (`transaction`): a savepoint for each, one COMMIT for all, and with it one wait for the disk. Then it tells the
//! observers, and only then the callers. A unit that fails, or panics, is rolled back to its savepoint. If the disk
//! is full SQLite rolls back everything, and each unit is tried again alone.
//!
//! **A few threads read** (`readers`), one connection each, with prepared statements and without transactions: a
//! read that begins after a commit was answered sees it. A read that takes too long is ended.
//!
//! **One thread checkpoints** (`checkpoint`), so that no commit waits for it. If the log grows long all the same, the
//! writer begins it anew.
//!
//! Every feature has a file with its statements, with the functions that read their rows, and with those that need
//! more than one statement; `apply` maps changes to them, `ports` maps the methods of the ports. `column` says how
//! each type is stored. No statement on the path of a request looks at every row, which a test asserts of each of
//! them.
//!
//! # What it promises
//!
//! A commit that was answered survives a power failure (`synchronous=FULL`). Several processes may open one file;
//! whoever waits for another's write lock in vain is told that the store is busy. When the writer has ended for
//! whatever reason, every commit fails, none hangs.
//!
//! # A new table
//!
//! Add a file to `migrations/` and its name to `migrations.rs`; never change a file that was released. Put the
//! statements into the feature's file with `statements!`, add the file to the list in `src/tests/plans.rs`.

mod audit;
mod engine;
mod keys;
mod limits;
mod list;
mod mail_jobs;
mod metrics;
mod purge;
mod registrations;
mod search;
mod secrets;
mod sessions;
mod store;
mod tokens;
mod users;

#[cfg(test)]
mod tests;

pub use engine::error::OpenError;
pub use engine::options::SqliteOptions;
pub use store::SqliteStore;

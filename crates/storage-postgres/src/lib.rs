//! # denizen's store on PostgreSQL
//!
//! For installations of more than one instance: any number of processes on one database.
//!
//! ```no_run
//! use denizen_models::UserId;
//! use denizen_services::store::{ReadStore as _, UnitOfWork, WriteStore as _};
//! use denizen_storage_postgres::PostgresStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = PostgresStore::open("postgres://denizen@db.example.org/denizen".parse()?).await?;
//! let work = UnitOfWork::new().revoke_tokens(UserId::new(1));
//! store.commit(work).await?;
//! assert_eq!(store.find_user(UserId::new(1)).await?, None);
//! store.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! **Reads share a few connections** (`engine::shared`). Their statements are prepared once and sent one behind the other,
//! without waiting for each other's answers. Lists and searches have connections of their own, on which every statement is
//! planned for the values at hand.
//!
//! **A unit of work has a connection to itself** (`engine::pool`, `store::units`), in the isolation level READ COMMITTED. It
//! begins by locking what it depends on (`store::locks`): names that have no row by advisory locks, then users in the order
//! of their ids. So units wait for each other where they must, and deadlocks are rare; those that happen are tried again.
//! It runs in a task of its own, so that it is finished without its caller.
//!
//! **Observers are told in the order of commits** (`engine::order`), although several connections commit at once.
//!
//! **Instances talk to each other** (`relay`) over one more connection: messages between users and who is connected. That a
//! session has ended, or a user changed, needs no word: every instance asks the database at once or within a second.
//!
//! **A lost connection is opened anew** when it is needed next. A read is tried again, and a unit too unless its COMMIT was
//! under way: then its outcome is unknown, and its caller is told so.
//!
//! Every feature has a file with its statements, as in the other stores; `store::apply` maps changes to them, `store::ports`
//! the methods of the ports. `engine::column` says how each type is stored.
//!
//! # A new table
//!
//! Add a file to `migrations/` and its name to `engine/migrations.rs`; never change a file that was released. Several
//! instances may start at once, and older ones may still run: a migration must not break those.

mod audit;
mod engine;
mod keys;
mod limits;
mod list;
mod mail_jobs;
mod metrics;
mod purge;
mod registrations;
mod relay;
mod search;
mod secrets;
mod sessions;
mod store;
mod tokens;
mod users;

#[cfg(test)]
mod tests;

pub use engine::error::OpenError;
pub use engine::options::{InvalidUrl, PostgresOptions};
pub use store::PostgresStore;

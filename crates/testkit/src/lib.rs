//! # What tests of denizen are made of
//!
//! Stand-ins for the ports of `denizen-services`, for our tests and for those of programs that embed the services:
//!
//! | port | stand-in | what it does |
//! |---|---|---|
//! | `Clock` | [`FixedClock`] | stands still until the test moves it |
//! | `TokenSource` | [`SeededTokens`] | gives the same "random" bytes in every run |
//! | `Mailer` | [`RecordingMailer`] | keeps every mail, and fails when told to |
//! | `PasswordHasher` | [`InsecureTestHasher`] | hashes in no time, and counts |
//! | PostgreSQL | `Cluster`, with the feature `postgres` | a real one on this machine, gone after the tests |
//! | a mail server | `SmtpServer`, with the feature `smtp` | a real one on this machine, which fails when told to |
//! | `Store` | `InMemoryStore` of denizen-storage-memory, in a [`CountingStore`] | counts which method is called how often |
//! | `Store` | any store, in a [`HookedStore`] | lets something happen before each call |
//!
//! ```
//! use std::sync::Arc;
//!
//! use chrono::Duration;
//! use denizen_services::{
//!     Clock as _, LinkTemplate, Mail, MailError, MailMessage, Mailer as _, Token,
//!     store::{ReadStore as _, UnitOfWork, WriteStore as _},
//! };
//! use denizen_storage_memory::InMemoryStore;
//! use denizen_testkit::{CountingStore, FixedClock, RecordingMailer, SeededTokens, user_values};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let clock = FixedClock::new();
//! let before = clock.now();
//! clock.advance(Duration::minutes(30));
//! assert_eq!(clock.now() - before, Duration::minutes(30));
//!
//! let store = CountingStore::new(Arc::new(InMemoryStore::new()));
//! let alice = user_values("alice");
//! store.commit(UnitOfWork::new().insert_user(alice.clone(), None, clock.now())).await?;
//! assert_eq!((store.calls("commit"), store.user_reads()), (1, 0));
//!
//! let mailer = RecordingMailer::new();
//! mailer.fail_next(1, MailError::Temporary("no connection".into()));
//! let token = Token::mint(&SeededTokens::new(1))?;
//! let (template, valid_for) = (LinkTemplate::PasswordReset, Duration::minutes(30));
//! let message = MailMessage::Link { template, token: token.clone(), valid_for };
//! let mail = Mail { id: "1".to_owned(), to: alice.email, name: alice.first_name, message };
//! assert!(mailer.send(&mail).await.is_err());
//! mailer.send(&mail).await?;
//! assert_eq!(mailer.last_token_for("alice@example.com").as_deref(), Some(token.expose()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Proving a store
//!
//! [`store_contract!`] is the whole test file of a store: it makes one test of every sentence in [`contract`].

#![deny(missing_docs)]

mod clock;
pub mod contract;
mod counting_store;
mod hasher;
mod hooked_store;
mod mailer;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "smtp")]
mod smtp;
mod tokens;
mod users;

use std::fmt::Debug;

pub use clock::FixedClock;
pub use counting_store::{CallCounter, CountingStore};
pub use hasher::InsecureTestHasher;
pub use hooked_store::{Call, HookedStore, Port, StoreHook};
pub use mailer::RecordingMailer;
#[cfg(feature = "postgres")]
pub use postgres::{Cluster, Database};
#[cfg(feature = "smtp")]
pub use smtp::{Letter, ReceivedMail, SmtpCommand, SmtpFault, SmtpSecurity, SmtpServer};
pub use tokens::SeededTokens;
pub use users::{sample_user, user_values};

/// The value of what cannot fail, unless the thing under test is broken.
#[track_caller]
#[expect(clippy::panic, reason = "a test kit ends the test when what it needs does not work")]
fn must<T, E: Debug>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("unexpected failure: {error:?}"),
    }
}

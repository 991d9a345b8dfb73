//! # The business rules, and the ports they need
//!
//! This crate knows users, passwords, tokens and mail jobs; it does not know that HTTP, SQL or SMTP exist. A program
//! that wants accounts without a web server takes this crate, a store and a hasher:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use denizen_services::*;
//! # async fn wire(
//! #     store: Arc<dyn store::Store>, hasher: Arc<dyn PasswordHasher>, mailer: Arc<dyn Mailer>,
//! #     request: denizen_models::CreateUserRequest, stop: tokio::sync::watch::Receiver<bool>,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! let accounts = Accounts::builder(store, hasher).mailer(mailer).build()?;
//! let background = accounts.spawn_background(stop);
//! let user = accounts.users().create_user(&AccessContext::system(), request).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Accounts`] has an example that runs.
//!
//! # The rules of this crate
//!
//! 1. A service reads, decides, and commits a [`store::UnitOfWork`]; it never holds a transaction or a lock across
//!    an `.await`.
//! 2. Whatever was decided on an earlier reading of a user carries the version that was read.
//! 3. Each use case has its own error enum, without words of HTTP. `Ok(None)` of a store becomes an error here.
//! 4. Time and randomness come through [`Clock`] and [`TokenSource`]; nothing here reads either by itself.
//! 5. A feature is one file, such as `invitation.rs`: a trait, its implementation, and what the mail worker does for it.
//!    One line makes the trait a part of [`UserService`].

#![deny(missing_docs)]

mod accounts;
mod audit;
mod change_password;
mod common;
#[cfg(feature = "demos")]
mod demos;
mod email_change;
mod email_verification;
mod forward_auth;
mod health;
mod housekeeping;
mod introspection;
mod invitation;
mod keys;
mod login;
mod mail_jobs;
mod mail_worker;
#[cfg(feature = "messages")]
mod messages;
mod metrics;
mod password_reset;
mod ports;
mod sessions;
mod sign_up;
mod users;

pub use accounts::{
    Accounts, AccountsBuilder, AuthService, Background, InvalidSettings, KeyService, UserService,
};
pub use audit::{AuditList, AuditListQuery, AuditService};
pub use change_password::{ChangePasswordError, PasswordChanges};
pub use common::*;
#[cfg(feature = "demos")]
pub use demos::calculate::{CalculateError, DefaultMathService, MathService};
#[cfg(feature = "demos")]
pub use demos::tasks::{DefaultTaskService, TaskError, TaskService};
pub use email_change::*;
pub use email_verification::*;
pub use forward_auth::ForwardAuth;
pub use health::{DefaultHealthService, HealthService, Readiness};
pub use housekeeping::Housekeeper;
pub use introspection::Introspections;
pub use invitation::*;
pub use keys::{CreateKeyError, CreatedKey, Keys, RevokeKeyError};
pub use login::{LoginError, Logins, SignedIn};
pub use mail_jobs::{MailJobError, MailJobList, MailJobListQuery, MailJobService};
pub use mail_worker::MailWorker;
#[cfg(feature = "messages")]
pub use messages::{
    CloseReason, ConnectError, Connection, ConnectionId, Connections, DefaultMessageService, MessageLimits,
    MessageService, Outgoing, SendMessageError,
};
pub use metrics::{DefaultMetricsService, MailCounters, MailResult, Metrics, MetricsService};
pub use password_reset::*;
pub use ports::*;
pub use sessions::{Authentication, SessionError, Sessions};
pub use sign_up::*;
pub use users::{
    CreateUserError, DeleteAccountError, DeleteUserError, GetUserError, UpdateUserError, UserCreation,
    UserDeletion, UserExports, UserList, UserLists, UserQuery, UserUpdates, Users,
};

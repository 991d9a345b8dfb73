//! # The business rules, and the ports they need
//!
//! This crate knows users, passwords, tokens and mail jobs; it does not know that HTTP, SQL or SMTP exist. A program
//! that wants accounts without a web server takes this crate and `denizen-models`, and puts the service on its ports:
//!
//! ```
//! use std::sync::Arc;
//!
//! use denizen_models::CreateUserRequest;
//! use denizen_services::{
//!     AccessContext, Argon2Cost, Argon2Hasher, OsTokenSource, SystemClock, UserService,
//!     defaults::{DefaultUserService, Ports, ServiceSettings},
//!     memory::InMemoryStore,
//! };
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let tokens = Arc::new(OsTokenSource);
//! let users = DefaultUserService::new(
//!     Ports {
//!         store: Arc::new(InMemoryStore::new()),
//!         clock: Arc::new(SystemClock),
//!         hasher: Arc::new(Argon2Hasher::start(Argon2Cost::RECOMMENDED, 1, 16, tokens.clone())?),
//!         tokens,
//!     },
//!     ServiceSettings::default(),
//! );
//! let request = CreateUserRequest {
//!     username: "ada".to_owned(),
//!     email: "ada@example.com".to_owned(),
//!     first_name: "Ada".to_owned(),
//!     last_name: "Lovelace".to_owned(),
//!     ..CreateUserRequest::default()
//! };
//! let ada = users.create_user(&AccessContext::system(), request).await?;
//! assert_eq!(users.get_user_by_username(&AccessContext::system(), "ADA").await?, ada);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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

mod argon2id;
mod audit;
mod auth_service;
mod bookmark;
mod calculate;
mod change_password;
mod clock;
mod context;
pub mod defaults;
mod email_change;
mod email_verification;
mod expected;
mod hashing;
mod health;
mod housekeeping;
mod invitation;
mod limits;
mod lock;
mod login;
mod mail_jobs;
mod mail_worker;
mod mailed_tokens;
mod mailer;
pub mod memory;
mod messages;
mod metrics;
mod password_reset;
mod passwords;
mod sessions;
mod settings;
mod sign_up;
pub mod store;
mod tasks;
mod tokens;
mod user_service;
mod users;

pub use argon2id::{Argon2Cost, Argon2Hasher};
pub use audit::{AuditList, AuditListQuery, AuditService, ListAuditError};
pub use auth_service::{AuthService, Authentication};
pub use calculate::{CalculateBulkError, CalculateError, CalculationHistoryError, MathService};
pub use change_password::ChangePasswordError;
pub use clock::{Clock, SystemClock};
pub use context::{AccessContext, Actor};
pub use email_change::*;
pub use email_verification::*;
pub use expected::{Expected, Unexpected, UserStates};
pub use hashing::{CostlyWork, HashError, InvalidHash, PasswordHash, PasswordHasher, Verdict};
pub use health::{HealthService, Readiness};
pub use housekeeping::Housekeeper;
pub use invitation::*;
pub use limits::limit_key;
pub use login::{LoginError, SignedIn};
pub use mail_jobs::{ListMailJobsError, MailJobError, MailJobList, MailJobListQuery, MailJobService};
pub use mail_worker::MailWorker;
pub use mailer::{Mail, MailError, MailMessage, Mailer};
pub use messages::{
    CloseReason, ConnectError, Connection, ConnectionId, Connections, ListConnectedError, MessageService,
    Outgoing, SendMessageError, SubscribeError,
};
pub use metrics::{MailResult, MailTally, Metrics, MetricsService};
pub use password_reset::*;
pub use sessions::SessionError;
pub use sign_up::*;
pub use tasks::{TaskError, TaskService};
pub use tokens::{OsTokenSource, RandomnessError, Token, TokenHash, TokenPurpose, TokenSource};
pub use user_service::UserService;
pub use users::{
    CreateUserError, DeleteUserError, GetUserError, ListUsersError, UpdateUserError, UserList, UserQuery,
};

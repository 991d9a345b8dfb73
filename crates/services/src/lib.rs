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
//!     AccessContext, DefaultUserService, OsTokenSource, Ports, ServiceSettings, SystemClock, UserService,
//! };
//! use denizen_hashing::{Argon2Cost, Argon2Hasher};
//! use denizen_storage_memory::InMemoryStore;
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

mod audit;
mod auth_service;
mod change_password;
mod common;
mod demos;
mod email_change;
mod email_verification;
mod health;
mod housekeeping;
mod invitation;
mod login;
mod mail_jobs;
mod mail_worker;
mod messages;
mod metrics;
mod password_reset;
mod ports;
mod sessions;
mod sign_up;
mod user_service;
mod users;

pub use audit::{AuditList, AuditListQuery, AuditService, DefaultAuditService, ListAuditError};
pub use auth_service::{AuthService, Authentication, DefaultAuthService};
pub use change_password::ChangePasswordError;
pub use common::context::{AccessContext, Actor};
pub use common::lock::lock;
pub use common::preconditions::{EntityTags, IfMatch, PreconditionError};
pub use common::rate_limits::limit_key;
pub use common::{
    service::DefaultUserService,
    settings::{Directory, Disclosure, Limits, RegistrationMode, ServiceSettings},
};
pub use demos::calculate::{
    CalculateBulkError, CalculateError, CalculationHistoryError, DefaultMathService, MathService,
};
pub use demos::tasks::{DefaultTaskService, TaskError, TaskService};
pub use email_change::*;
pub use email_verification::*;
pub use health::{DefaultHealthService, HealthService, Readiness};
pub use housekeeping::Housekeeper;
pub use invitation::*;
pub use login::{LoginError, SignedIn};
pub use mail_jobs::{
    DefaultMailJobService, ListMailJobsError, MailJobError, MailJobList, MailJobListQuery, MailJobService,
};
pub use mail_worker::MailWorker;
pub use messages::{
    CloseReason, ConnectError, Connection, ConnectionId, Connections, DefaultMessageService,
    ListConnectedError, MessageLimits, MessageService, Outgoing, SendMessageError, SubscribeError,
};
pub use metrics::{DefaultMetricsService, MailCounters, MailResult, Metrics, MetricsService};
pub use password_reset::*;
pub use ports::Ports;
pub use ports::clock::{Clock, SystemClock};
pub use ports::hasher::{CostlyWork, HashError, InvalidHash, PasswordHash, PasswordHasher, Verdict};
pub use ports::mailer::{LinkTemplate, Mail, MailError, MailMessage, Mailer, NoticeTemplate};
pub use ports::randomness::{OsTokenSource, RandomnessError, Token, TokenHash, TokenPurpose, TokenSource};
pub use ports::store;
pub use sessions::SessionError;
pub use sign_up::*;
pub use user_service::UserService;
pub use users::{
    CreateUserError, DeleteUserError, GetUserError, ListUsersError, UpdateUserError, UserList, UserQuery,
};

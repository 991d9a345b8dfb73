//! # What users are, and what makes a request about them valid
//!
//! The bottom layer of denizen: entities, the request and response structs that travel as JSON, and their validation.
//! Nothing here reads a clock, a socket or a file, nothing is async, and no secret can be printed.
//!
//! A request struct is what a client may say; it becomes something that a store may keep only through its
//! `validate` method, which reports *every* failing member at once:
//!
//! ```
//! use denizen_models::{CreateUserRequest, PasswordPolicy};
//!
//! let request = CreateUserRequest {
//!     username: "ada".to_owned(),
//!     email: " Ada@Example.com ".to_owned(),
//!     first_name: "Ada".to_owned(),
//!     ..CreateUserRequest::default()
//! };
//! let errors = request.validate(&PasswordPolicy::default()).unwrap_err();
//! assert_eq!(errors.to_string(), "last name cannot be empty");
//!
//! let request = CreateUserRequest { last_name: "Lovelace".to_owned(), ..request };
//! let user = request.validate(&PasswordPolicy::default()).unwrap();
//! assert_eq!(user.values.email.as_str(), "Ada@Example.com");
//! assert_eq!(user.values.email.key(), "ada@example.com");
//! assert_eq!(user.values.roles, ["user"]);
//! ```
//!
//! A feature has one file here and a file of the same name in every layer above (`invitation.rs`, `users.rs`, …).

#![deny(missing_docs)]

mod audit;
mod change_password;
#[cfg(feature = "demos")]
mod demos;
mod email_change;
mod email_verification;
mod introspection;
mod invitation;
mod keys;
mod login;
mod mail_jobs;
#[cfg(feature = "messages")]
mod messages;
mod password_reset;
mod sessions;
mod sign_up;
mod types;
mod users;

pub use audit::AuditResponse;
pub use change_password::ChangePasswordRequest;
#[cfg(feature = "demos")]
pub use demos::calculate::{CalculateRequest, Calculation, CalculationRequest, Operation, ValidCalculation};
#[cfg(feature = "demos")]
pub use demos::tasks::{TaskKind, TaskLoad, TaskReport, TaskRequest};
pub use email_change::*;
pub use email_verification::*;
pub use introspection::{IntrospectionRequest, IntrospectionResponse};
pub use invitation::*;
pub use keys::{CreateKeyRequest, CreatedKeyResponse, KeyResponse, KeyScope, ValidKey};
pub use login::{Login, LoginRequest, LoginResponse};
pub use mail_jobs::{MailJobResponse, MailJobState};
#[cfg(feature = "messages")]
pub use messages::{
    InvalidMessage, Message, MessageCommand, MessageContent, MessageKind, MessageRequest, Topic,
};
pub use password_reset::*;
pub use sessions::SessionResponse;
pub use types::*;
pub use users::create::{CreateUserRequest, NewUser};
pub use users::delete::DeleteAccountRequest;
pub use users::export::{ExportedMail, ExportedToken, UserExport};
pub use users::patch::PatchUserRequest;
pub use users::update::UpdateUserRequest;

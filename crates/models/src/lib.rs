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
mod calculate;
mod change_password;
mod email;
mod email_change;
mod email_verification;
mod envelope;
mod fold;
mod invitation;
mod login;
mod mail_jobs;
mod messages;
mod object;
mod password;
mod password_reset;
mod password_strength;
mod patch;
mod profile;
mod secret;
mod sessions;
mod tasks;
mod user;
mod username;
mod users;
mod validation;

pub use audit::AuditResponse;
pub use calculate::{CalculateRequest, Calculation, CalculationRequest, Operation, ValidCalculation};
pub use change_password::ChangePasswordRequest;
pub use email::{EmailAddress, InvalidEmail};
pub use email_change::*;
pub use email_verification::*;
pub use envelope::{ErrorResponse, SuccessResponse};
pub use fold::fold;
pub use invitation::*;
pub use login::{Login, LoginRequest, LoginResponse};
pub use mail_jobs::{MailJobResponse, MailJobState};
pub use messages::{
    InvalidMessage, Message, MessageCommand, MessageContent, MessageKind, MessageRequest, Topic,
};
pub use object::Object;
pub use password::{Password, PasswordPolicy};
pub use password_reset::*;
pub use patch::{Patch, PatchUserRequest};
pub use profile::{Profile, ProfilePatch};
pub use secret::Secret;
pub use sessions::SessionResponse;
pub use tasks::{TaskKind, TaskLoad, TaskReport, TaskRequest};
pub use user::{ADMIN_ROLE, DEFAULT_ROLE, User, UserId, UserResponse, UserValues};
pub use username::{InvalidUsername, Username};
pub use users::{CreateUserRequest, NewUser, UpdateUserRequest};
pub use validation::{FieldError, ValidationErrors, excerpt};

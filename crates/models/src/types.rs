//! Values that the features share: each is valid from the moment it exists.

pub(crate) mod email;
pub(crate) mod envelope;
pub(crate) mod fold;
pub(crate) mod metadata;
pub(crate) mod named_enum;
pub(crate) mod object;
pub(crate) mod password;
pub(crate) mod patch;
pub(crate) mod profile;
#[cfg(feature = "schema")]
mod schema;
pub(crate) mod secret;
pub mod text;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod username;
pub(crate) mod validation;

pub use self::{
    email::{EmailAddress, InvalidEmail},
    envelope::{ErrorResponse, SuccessResponse},
    fold::fold,
    metadata::Metadata,
    object::Object,
    password::{Password, PasswordPolicy},
    patch::Patch,
    profile::{Profile, ProfilePatch},
    secret::Secret,
    token::TokenRequest,
    user::{ADMIN_ROLE, DEFAULT_ROLE, User, UserId, UserResponse, UserValues},
    username::{InvalidUsername, Username},
    validation::{FieldError, ValidationErrors, excerpt},
};
pub(crate) use self::{
    object::object_or_null,
    validation::{has_control, shows_nothing},
};

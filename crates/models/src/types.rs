//! Values that the features share: each is valid from the moment it exists.

pub(crate) mod email;
pub(crate) mod envelope;
pub(crate) mod fold;
pub(crate) mod named_enum;
pub(crate) mod object;
pub(crate) mod password;
pub(crate) mod patch;
pub(crate) mod profile;
pub(crate) mod secret;
pub mod text;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod username;
pub(crate) mod validation;

//! Reading requests and wording answers.

pub(crate) mod authenticated;
pub(crate) mod body;
pub(crate) mod conditions;
pub(crate) mod endpoint;
pub(crate) mod error;
pub(crate) mod json;
pub(crate) mod query;
pub(crate) mod request;

//! Pages for people: embedded, small, and working without JavaScript.
//!
//! Here is what they have in common; the page of a feature is next to its routes.

pub(crate) mod form;
pub(crate) mod link;
pub(crate) mod template;

pub(crate) use template::{error, not_found};

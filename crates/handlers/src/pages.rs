//! Pages for people: embedded, small, and working without JavaScript.
//!
//! Here is what they have in common; the page of a feature is next to its routes.

mod form;
mod link;
mod template;

pub(crate) use self::{
    form::Form,
    link::{Link, Step},
    template::{POLICY, Page, error, not_found},
};

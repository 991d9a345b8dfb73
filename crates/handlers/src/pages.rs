//! Pages for people: embedded, small, and working without JavaScript.
//!
//! Here is what they have in common; the page of a feature is next to its routes.

mod form;
mod link;
mod step;
mod template;

pub(crate) use self::{
    form::Form,
    link::Link,
    step::Step,
    template::{POLICY, Page, SIGN_IN, SIGN_OUT, error, not_found},
};

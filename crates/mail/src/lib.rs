//! # Mail transports
//!
//! A transport implements [`denizen_services::Mailer`]: it words a [`denizen_services::Mail`] and hands it on. The
//! services say *what* is mailed and to whom; subject, text and links are made here.
//!
//! There is one transport so far: [`LogMailer`], for development.

#![deny(missing_docs)]

mod link;
mod log;

pub use crate::log::LogMailer;
pub use link::Links;

//! Mails as they arrive: their words, their form, and what happens when they do not.

mod failures;
mod files;
mod golden;
mod hostile;
mod settings;
mod smtp;
mod support;
mod templates;
mod urls;

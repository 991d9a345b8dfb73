//! The faults of the Go original, each with a test that it is not here. The numbers are those of the list in the
//! reference of its behaviour.
//!
//! | faults | where |
//! |---|---|
//! | 1, 10, 18 to 22, 25, 27, 31 | [`behaviour`] |
//! | 5, 7, 9, 16, 17, 33 | [`accounts`] |
//! | 12, 32 | [`limits`] |
//! | 14, 15, 25 | [`log`] |
//! | 26 | [`pages`] |
//! | 28 to 30 | [`configuration`], and in more depth the tests of the configuration itself |
//!
//! These belong to other routes, and have their tests with them: 2, 3, 24 (tasks), 4, 23 (calculations), the `/ws`
//! part of 20 (messages), 6 to 9, 11 to 13, 16 and 20 as far as passwords are forgotten. The part of 28 that is about TLS is not ours: TLS ends at a proxy.

pub mod accounts;
pub mod behaviour;
mod configuration;
pub mod limits;
mod log;
mod pages;

//! The faults of the Go original, each with a test that it is not here. The numbers are those of the list in the
//! reference of its behaviour.
//!
//! | faults | where |
//! |---|---|
//! | 1, 10, 18 to 22, 25, 27, 31 | [`behaviour`] |
//! | 5 to 9, 11 to 13, 16, 17 | [`accounts`] |
//! | 14, 15, 25 | [`log`] |
//! | 28 to 30 | [`configuration`], and in more depth the tests of the configuration itself |
//!
//! These belong to what is not built yet, and come with it: 2, 3, 4, 23 and 24 (calculations, tasks), the limits of
//! 12 and 32 (rates), 26 (pages), 33 (sign-in), the `/ws` part of 20, and the part of 28 that is about TLS.

mod accounts;
mod behaviour;
mod configuration;
mod log;

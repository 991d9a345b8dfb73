//! # What a running server shows to a stopwatch
//!
//! The tests assert what must be equal and what must be bounded, and never a time. This crate measures the times, with
//! the real binary in a process of its own, in the production profile, on this machine alone:
//!
//! ```text
//! cargo xtask bench                        # all of it, about two minutes
//! cargo xtask bench timing                 # can a stranger tell by the time who has an account?
//! cargo xtask bench storm --seconds 30     # what do others notice while everybody signs in?
//! ```
//!
//! [`timing`] sends requests about people who are known and about people who are not, shuffled, and prints the two
//! medians, their ratio (the security checklist wants it within 5 %), and the z value of a Mann–Whitney test: between
//! −1.96 and 1.96, as in 19 of 20 runs where there is no difference at all, the times do not tell the two apart.
//!
//! [`storm`] keeps a crowd signing in, and prints how many get in per second, as a share of the argon2id hashes that this
//! machine can do at all in the same time; how many are told to come back; what two reads take meanwhile (99 % of them
//! should take less than 50 ms); and the memory that the server has had at most. Client and server share the machine.
//!
//! Both are functions, so that the tests of the server run them, too, with a handful of requests.

mod client;
mod server;
mod statistics;
pub mod storm;
pub mod timing;

/// What went wrong, in a sentence.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

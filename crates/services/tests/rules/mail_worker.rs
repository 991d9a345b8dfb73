//! The mail worker: what it makes of the queue.

mod races;
mod retry;
mod run;

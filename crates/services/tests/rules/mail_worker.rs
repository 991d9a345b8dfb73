//! The mail worker: what it makes of the queue.

mod crowd;
mod kinds;
mod races;
mod retry;
mod run;
mod unsent;

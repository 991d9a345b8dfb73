//! The mail worker: what it makes of the queue.

mod crowd;
mod races;
mod retry;
mod run;

//! The life of a real process: how it starts, or refuses to, how it stops, and what is left when it is killed.

mod backup;
mod check;
mod crash;
#[cfg(target_os = "linux")]
mod disk_faults;
mod health_listener;
mod last_lines;
mod missing_database;
mod output;
mod small_disk;
mod stalled_log;
mod start;
mod stop;
pub mod two_processes;

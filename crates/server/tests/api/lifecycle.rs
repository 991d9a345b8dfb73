//! The life of a real process: how it starts, or refuses to, how it stops, and what is left when it is killed.

mod crash;
mod guide;
mod small_disk;
mod start;
mod stop;
mod two_processes;

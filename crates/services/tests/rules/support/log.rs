//! What the code under test logs, at every level.

use std::{cell::RefCell, sync::Once};

use log::{LevelFilter, Log, Metadata, Record};

thread_local! {
    /// A test keeps to one thread, unless it asks for more: what it logs is what its thread logs.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

struct Capture;

impl Log for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        LINES.with_borrow_mut(|lines| lines.push(line));
    }

    fn flush(&self) {}
}

/// From now on, everything that this thread logs is kept.
pub fn capture() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Capture).expect("no other logger");
        log::set_max_level(LevelFilter::Trace);
    });
    LINES.with_borrow_mut(Vec::clear);
}

/// What this thread has logged.
pub fn lines() -> Vec<String> {
    LINES.with_borrow(Clone::clone)
}

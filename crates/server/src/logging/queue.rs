//! The queue between the threads that log and the one that writes to standard error, whose reader may stall.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use super::line;

/// How many bytes may wait, about two thousand lines. Lines beyond that are dropped and counted.
const CAPACITY: usize = 256 * 1024;
/// How many bytes are written at once: what a pipe takes as a whole (`PIPE_BUF` of Linux), in whole lines.
const CHUNK: usize = 4096;

/// Takes lines without waiting for their reader. Clones share the queue.
#[derive(Clone, Default)]
pub(super) struct LogQueue {
    state: Arc<Mutex<State>>,
    changed: Arc<Condvar>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<u8>,
    /// Whether a chunk that is no longer in `waiting` is being written.
    writing: bool,
    /// Lines that were dropped since the last report.
    dropped: usize,
}

impl LogQueue {
    /// Starts the thread that writes to `target`.
    ///
    /// # Errors
    /// Returns an error if the thread cannot be started.
    pub(super) fn start(target: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Self::default();
        let writer = queue.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || writer.write_to(target))?;
        Ok(queue)
    }

    /// Waits until everything is written, at most for `limit`.
    pub(super) fn flush(&self, limit: Duration) {
        let mut state = self.lock();
        state.report();
        self.changed.notify_all();
        let busy = |state: &mut State| state.writing || !state.waiting.is_empty();
        drop(self.changed.wait_timeout_while(state, limit, busy));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_to(&self, mut target: impl Write) {
        // Lines that could not be written, such as to a full disk, and whether the last write ended within a line.
        let (mut lost, mut torn) = (0, false);
        loop {
            let chunk = self.next_chunk();
            let mut bytes = if torn { vec![b'\n'] } else { Vec::new() };
            if lost > 0 {
                bytes.extend(report(lost, "standard error could not be written").into_bytes());
            }
            let report_length = bytes.len();
            bytes.extend(&chunk);
            let written = write_some(&mut target, &bytes);
            lost = if written < report_length { lost } else { 0 }
                + count_lines(&bytes[written.max(report_length)..]);
            torn = bytes[..written].last().map_or(torn, |last| *last != b'\n');
            self.lock().writing = false;
            self.changed.notify_all();
        }
    }

    /// Waits for lines, and takes as many as fit into a chunk, at least one.
    fn next_chunk(&self) -> Vec<u8> {
        let idle = |state: &mut State| state.waiting.is_empty();
        let mut state = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
        let ends = state.waiting.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let mut ends = ends.map(|(index, _)| index + 1);
        let first = ends.next().unwrap_or(state.waiting.len());
        let length = ends.take_while(|end| *end <= CHUNK).last().unwrap_or(first);
        state.writing = true;
        state.waiting.drain(..length).collect()
    }
}

impl Write for LogQueue {
    /// Queues the lines, or drops them. Never fails, never waits for the writer.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        if state.waiting.len() + lines.len() > CAPACITY {
            state.dropped += count_lines(lines);
        } else {
            state.report();
            state.waiting.extend(lines);
            self.changed.notify_all();
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl State {
    /// Queues a line that says how many lines are missing before it, if any are.
    fn report(&mut self) {
        if self.dropped > 0 {
            let report = report(std::mem::take(&mut self.dropped), "standard error is not read fast enough");
            self.waiting.extend(report.into_bytes());
        }
    }
}

fn report(count: usize, reason: &str) -> String {
    line(log::Level::Warn, module_path!(), &format!("{count} log lines dropped: {reason}"))
}

/// Returns how many bytes were written: less than all of them after an error.
fn write_some(target: &mut impl Write, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match target.write(&bytes[written..]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    written
}

fn count_lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests;

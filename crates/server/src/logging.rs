//! The log: one line per record on standard error, whatever the record contains.

mod queue;

use std::{io, panic, sync::OnceLock, time::Duration};

use chrono::SecondsFormat;
use denizen_models::text;
use denizen_services::{Clock as _, SystemClock};

use self::queue::LogQueue;

static QUEUE: OnceLock<LogQueue> = OnceLock::new();
/// How long a panic waits for its line to be written: the process may not survive it.
const AT_PANIC: Duration = Duration::from_millis(100);

/// Starts the log with an `env_logger` filter such as `info,denizen::access=off`, and sends panics to it. A thread writes
/// the lines, so that a stalled reader of standard error blocks nothing; a program calls [`flush_log`] before it ends.
///
/// Call it once, before anything else.
///
/// # Errors
/// Returns an error if the thread cannot be started.
pub fn start_logging(filter: &str) -> io::Result<()> {
    let queue = LogQueue::start(io::stderr())?;
    env_logger::Builder::new()
        // How many threads the HTTP library starts is its own affair, unless the filter asks for it.
        .filter_module("actix_server", log::LevelFilter::Warn)
        // They log every malformed head and frame as an error, so any client could fill the log.
        .filter_module("actix_http::h1::dispatcher", log::LevelFilter::Off)
        .filter_module("actix_http::ws", log::LevelFilter::Off)
        .parse_filters(filter)
        .target(env_logger::Target::Pipe(Box::new(queue.clone())))
        .format(|out, record| {
            let line = line(record.level(), record.target(), &record.args().to_string());
            io::Write::write_all(out, line.as_bytes())
        })
        .init();
    let _only_once = QUEUE.set(queue);
    panic::set_hook(Box::new(|info| {
        // The place alone: a message can quote what was being worked on, such as the text of a password.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        log::error!("panic at {place}");
        flush_log(AT_PANIC);
    }));
    Ok(())
}

/// Waits until every line is written, at most for `limit`.
pub fn flush_log(limit: Duration) {
    if let Some(queue) = QUEUE.get() {
        queue.flush(limit);
    }
}

/// Writes a text of the program to standard error, whatever the filter of the log is, and in its order among the lines.
pub fn write_message(text: &str) {
    let text = format!("{text}\n");
    // That it cannot be written is what could not be said.
    let _closed = match QUEUE.get() {
        Some(queue) => io::Write::write_all(&mut queue.clone(), text.as_bytes()),
        None => io::Write::write_all(&mut io::stderr(), text.as_bytes()),
    };
}

fn line(level: log::Level, target: &str, text: &str) -> String {
    let time = SystemClock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    format!("{time} {level:<5} {target} {}\n", text::escaped(text))
}

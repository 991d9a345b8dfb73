//! The log: one line per record on standard error, whatever the record contains.

use std::{fmt::Write as _, io::Write as _, panic};

use chrono::SecondsFormat;
use denizen_services::{Clock as _, SystemClock};

/// Starts the log with an `env_logger` filter such as `info,denizen::access=off`, and sends panics to it.
///
/// Call it once, before anything else.
pub fn start_logging(filter: &str) {
    env_logger::Builder::new()
        // How many threads the HTTP library starts is its own affair, unless the filter asks for it.
        .filter_module("actix_server", log::LevelFilter::Warn)
        // They log every malformed head and frame as an error, so any client could fill the log.
        .filter_module("actix_http::h1::dispatcher", log::LevelFilter::Off)
        .filter_module("actix_http::ws", log::LevelFilter::Off)
        .parse_filters(filter)
        .format(|out, record| {
            let time = SystemClock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
            let text = one_line(&record.args().to_string());
            writeln!(out, "{time} {:<5} {} {text}", record.level(), record.target())
        })
        .init();
    panic::set_hook(Box::new(|info| {
        // The place alone: a message can quote what was being worked on, such as the text of a password.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        log::error!("panic at {place}");
    }));
}

/// Escapes what could start a line of the sender's choice or steer the reader's terminal (OWASP ASVS 5.0, V16.4.1).
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            // Writing to a `String` cannot fail.
            let _infallible = write!(line, "{}", c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;

    /// Security checklist: 12.
    #[test]
    fn a_record_stays_on_its_line() {
        assert_eq!(one_line("a\nERROR forged \u{1b}[31m\u{2028}é"), "a\\nERROR forged \\u{1b}[31m\\u{2028}é");
    }
}

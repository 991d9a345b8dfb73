//! The log: one line per record on standard error, whatever the record contains.

use std::{io::Write as _, panic};

use chrono::SecondsFormat;
use denizen_models::text;
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
            let text = text::escaped(&record.args().to_string());
            writeln!(out, "{time} {:<5} {} {text}", record.level(), record.target())
        })
        .init();
    panic::set_hook(Box::new(|info| {
        // The place alone: a message can quote what was being worked on, such as the text of a password.
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        log::error!("panic at {place}");
    }));
}

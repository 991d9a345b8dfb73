//! A log that keeps everything, of all tests of this binary at once. Request ids tell whose line is whose.

use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use log::{Level, LevelFilter, Log, Metadata, Record};

#[derive(Debug, Clone)]
pub struct Line {
    pub level: Level,
    pub target: String,
    pub text: String,
}

struct Capture(Mutex<Vec<Line>>);

static CAPTURE: Capture = Capture(Mutex::new(Vec::new()));

impl Capture {
    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = Line {
            level: record.level(),
            target: record.target().to_owned(),
            text: record.args().to_string(),
        };
        self.lines().push(line);
    }

    fn flush(&self) {}
}

/// From here on everything is kept, down to the traces of the libraries.
pub fn capture() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&CAPTURE).expect("no other logger");
        log::set_max_level(LevelFilter::Trace);
    });
}

/// The lines in which `text` occurs, such as a request id.
pub fn lines_with(text: &str) -> Vec<Line> {
    CAPTURE.lines().iter().filter(|line| line.text.contains(text)).cloned().collect()
}

/// The one line about the request with this id in the access log.
pub fn access_line(request_id: &str) -> String {
    let mut lines = lines_with(request_id);
    lines.retain(|line| line.target == "denizen::access");
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.remove(0).text
}

/// The lines about the request with this id beside its line in the access log: those that tell of failures.
pub fn causes(request_id: &str) -> Vec<(Level, String)> {
    let lines = lines_with(request_id).into_iter();
    lines.filter(|line| line.target != "denizen::access").map(|line| (line.level, line.text)).collect()
}

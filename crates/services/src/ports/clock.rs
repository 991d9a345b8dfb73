//! The time, as a port.

use chrono::{DateTime, SubsecRound as _, Utc};

/// Tells the time.
///
/// Everything that expires asks this port, so that a test moves the clock instead of waiting.
pub trait Clock: Send + Sync {
    /// The present instant. MUST be cut to microseconds, which is what every store keeps: a value that was read
    /// back MUST equal the one that was written.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one adapter of the clock port")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

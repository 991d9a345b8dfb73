//! A clock that stands still.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, SubsecRound as _, Utc};
use denizen_services::Clock;

/// Shows the same instant until the test moves it.
#[derive(Debug)]
pub struct FixedClock(Mutex<DateTime<Utc>>);

impl FixedClock {
    /// A clock at [`Self::start`].
    #[must_use]
    pub fn new() -> Self {
        Self::at(Self::start())
    }

    /// A clock at `instant`, cut to microseconds.
    #[must_use]
    pub fn at(instant: DateTime<Utc>) -> Self {
        Self(Mutex::new(instant.trunc_subsecs(6)))
    }

    /// Where a new clock stands: 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn start() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::seconds(1_767_225_600)
    }

    /// Moves on by `duration`, or back if it is negative.
    pub fn advance(&self, duration: Duration) {
        let mut now = self.lock();
        *now = (*now + duration).trunc_subsecs(6);
    }

    /// Moves to `instant`, cut to microseconds.
    pub fn set(&self, instant: DateTime<Utc>) {
        *self.lock() = instant.trunc_subsecs(6);
    }

    fn lock(&self) -> MutexGuard<'_, DateTime<Utc>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for FixedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_told_and_shows_microseconds() {
        let clock = FixedClock::new();
        assert_eq!(clock.now().to_rfc3339(), "2026-01-01T00:00:00+00:00");
        clock.advance(Duration::nanoseconds(1_999));
        assert_eq!(clock.now() - FixedClock::start(), Duration::microseconds(1));
        clock.set(DateTime::UNIX_EPOCH);
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
    }
}

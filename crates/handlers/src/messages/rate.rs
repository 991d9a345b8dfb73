//! The rate limit of one connection.

use chrono::TimeDelta;
use denizen_services::store::Quota;

use crate::middleware::rate_limit::Meter;

/// 50 frames at once, and 5 a second in the long run.
const FRAMES: Quota = Quota::new(50, TimeDelta::milliseconds(200));

/// The bucket of one connection.
pub(super) struct RateLimiter {
    meter: Meter,
    full_at: Option<i64>,
}

impl RateLimiter {
    pub(super) fn new() -> Self {
        Self { meter: Meter::new(FRAMES), full_at: None }
    }

    /// Counts a frame, and returns whether it is allowed.
    pub(super) fn take(&mut self) -> bool {
        let taken = self.meter.take(self.full_at).ok();
        self.full_at = taken.or(self.full_at);
        taken.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_there_is_one_for_each_interval() {
        let interval: Duration = FRAMES.period.to_std().unwrap();
        let mut limiter = RateLimiter::new();
        for _ in 0..3 {
            assert!((0..FRAMES.burst).all(|_| limiter.take()));
            assert!(!limiter.take());
            advance(interval).await;
            assert!(limiter.take());
            assert!(!limiter.take());
            advance(interval * FRAMES.burst).await;
        }
    }
}

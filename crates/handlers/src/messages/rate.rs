//! How much one client may say.

use std::time::Duration;

use tokio::time::Instant;

/// How many frames may come at once.
const BURST: u32 = 50;
/// How many may come in the long run: one in this time.
const INTERVAL: Duration = Duration::from_millis(200);

/// What is left of it, as the instant at which nothing will be owed any more (GCRA).
pub(super) struct Allowance(Instant);

impl Allowance {
    pub(super) fn full() -> Self {
        Self(Instant::now())
    }

    /// Counts a frame; `false` if it is one too many.
    pub(super) fn take(&mut self) -> bool {
        let now = Instant::now();
        let settled = self.0.max(now) + INTERVAL;
        let is_allowed = settled <= now + INTERVAL * BURST;
        if is_allowed {
            self.0 = settled;
        }
        is_allowed
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_a_burst_there_is_one_for_each_interval() {
        let mut allowance = Allowance::full();
        for _ in 0..3 {
            assert!((0..BURST).all(|_| allowance.take()));
            assert!(!allowance.take());
            advance(INTERVAL).await;
            assert!(allowance.take());
            assert!(!allowance.take());
            advance(INTERVAL * BURST).await;
        }
    }
}

//! Limits that every process on one store shares.

use chrono::{DateTime, Duration, Utc};
use denizen_models::redacted;

/// Identifies a bucket: the name of its limit, and an HMAC of what is limited, so that no address is at rest in a form
/// that can be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketKey {
    limit: &'static str,
    subject: [u8; 32],
}

impl BucketKey {
    /// Wraps an HMAC of the limit's name and of what is limited: it MUST differ between limits, too.
    #[must_use]
    pub const fn new(limit: &'static str, subject: [u8; 32]) -> Self {
        Self { limit, subject }
    }

    /// The name of the limit. Buckets of one limit share a capacity.
    #[must_use]
    pub const fn limit(&self) -> &'static str {
        self.limit
    }

    /// The HMAC.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.subject
    }
}

redacted! { BucketKey }

/// How much a bucket holds, and how soon it fills again: the generic cell rate algorithm (ITU-T I.371), which needs one
/// instant per bucket, the one at which it is full again. What has no bucket yet has a full one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// So many can be taken at once; 0 counts as 1.
    pub burst: u32,
    /// After this time one comes back; less than a microsecond counts as that.
    pub period: Duration,
}

impl Quota {
    /// `burst` at once, and one more with every `period`.
    #[must_use]
    pub const fn new(burst: u32, period: Duration) -> Self {
        Self { burst, period }
    }

    /// Returns this quota `times` over: so many times as much at once, and as often.
    #[must_use]
    pub fn times(self, times: u16) -> Self {
        let times = times.max(1);
        Self { burst: self.burst.saturating_mul(times.into()), period: self.period / i32::from(times) }
    }

    /// Takes one at `now` from a bucket that is full again at `full_at` (microseconds since 1970; `None`: it is full
    /// already), and gives the instant at which it will be full again. Every store calls this, so that all of them
    /// count alike.
    ///
    /// An instant further ahead than this quota can owe is of a clock that was wrong, or of a stricter quota. Nobody
    /// waits for it: one is left in such a bucket, and not more, because the clocks of two processes differ a little.
    ///
    /// # Errors
    /// Returns the time after which it is no longer empty, if it is.
    pub fn take(&self, full_at: Option<i64>, now: DateTime<Utc>) -> Result<i64, Duration> {
        let (now, period, latest) = self.bounds(now);
        let full_at = full_at.map_or(now, |at| if at > latest { latest.saturating_sub(period) } else { at });
        let next = full_at.max(now).saturating_add(period);
        let wait = next.saturating_sub(latest);
        if wait > 0 {
            return Err(Duration::microseconds(wait));
        }
        Ok(next)
    }

    /// Puts one that was [taken](Self::take) back at `now` into a bucket that is full again at `full_at`, and gives
    /// the instant at which it will be full again; `None`: it is.
    #[must_use]
    pub fn put_back(&self, full_at: i64, now: DateTime<Utc>) -> Option<i64> {
        let (now, period, latest) = self.bounds(now);
        let next = full_at.min(latest).saturating_sub(period);
        (next > now).then_some(next)
    }

    /// The present, the period, and the instant at which a bucket that is empty now is full again, in microseconds.
    fn bounds(&self, now: DateTime<Utc>) -> (i64, i64, i64) {
        let now = now.timestamp_micros();
        let period = self.period.num_microseconds().unwrap_or(i64::MAX).max(1);
        (now, period, now.saturating_add(period.saturating_mul(i64::from(self.burst.max(1)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(1_767_225_600_000_000 + micros).unwrap()
    }

    fn full_at(micros: i64) -> Option<i64> {
        Some(at(micros).timestamp_micros())
    }

    fn wait(micros: i64) -> Result<i64, Duration> {
        Err(Duration::microseconds(micros))
    }

    #[test]
    fn what_makes_no_sense_is_the_least_that_does() {
        for quota in [Quota::new(0, Duration::zero()), Quota::new(1, Duration::seconds(-5))] {
            assert_eq!(quota.take(None, at(0)).ok(), full_at(1), "{quota:?}");
            assert_eq!(quota.take(full_at(1), at(0)), wait(1), "{quota:?}");
        }
    }

    #[test]
    fn what_is_too_large_to_count_never_comes_back_and_breaks_nothing() {
        let forever = Quota::new(u32::MAX, Duration::MAX);
        assert_eq!(forever.take(None, at(0)), Ok(i64::MAX));
        let (never, latest) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        for now in [never, latest] {
            assert!(Quota::new(1, Duration::seconds(1)).take(Some(i64::MIN), now).is_ok(), "{now}");
        }
    }

    /// Security checklist: 69.
    #[test]
    fn an_instant_further_ahead_than_the_quota_can_owe_leaves_one() {
        let (quota, second) = (Quota::new(2, Duration::seconds(1)), 1_000_000);
        assert_eq!(quota.take(full_at(2 * second), at(0)), wait(second));
        for ahead in [2 * second + 1, 14 * 3_600 * second, 500 * 86_400 * second] {
            assert_eq!(quota.take(full_at(ahead), at(0)).ok(), full_at(2 * second), "{ahead}");
        }
    }

    #[test]
    fn what_is_put_back_is_there_again_and_no_more() {
        let (quota, second) = (Quota::new(2, Duration::seconds(1)), 1_000_000);
        let put_back = |micros| quota.put_back(full_at(micros).unwrap_or_default(), at(0));
        assert_eq!(put_back(2 * second), full_at(second));
        assert_eq!(put_back(9 * second), full_at(second), "an instant that cannot be right");
        assert_eq!((put_back(second), put_back(0), put_back(-second)), (None, None, None));
    }

    #[test]
    fn a_quota_several_times_over_is_larger_and_faster() {
        let quota = Quota::new(20, Duration::seconds(16));
        assert_eq!(quota.times(4), Quota::new(80, Duration::seconds(4)));
        assert_eq!((quota.times(1), quota.times(0)), (quota, quota));
        assert_eq!(Quota::new(u32::MAX, Duration::MAX).times(16).burst, u32::MAX);
    }
}

//! Limits that every process on one store shares.

use chrono::{DateTime, Duration, Utc};
use denizen_models::redacted;

/// Which bucket: an HMAC of what is limited, so that no address is at rest in a form that can be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketKey([u8; 32]);

impl BucketKey {
    /// Wraps an HMAC.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
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

    /// Takes one at `now` from a bucket that is full again at `full_at` (microseconds since 1970; `None`: it is full
    /// already), and gives the instant at which it will be full again. Every store calls this, so that all of them
    /// count alike.
    ///
    /// A clock that was set back gives nothing back. Only an instant that lies more than a day beyond what this quota
    /// can owe is not believed: it is of a clock that was wrong, and would lock somebody out until then.
    ///
    /// # Errors
    /// Returns the time after which it is no longer empty, if it is.
    pub fn take(&self, full_at: Option<i64>, now: DateTime<Utc>) -> Result<i64, Duration> {
        const DAY: i64 = 24 * 60 * 60 * 1_000_000;
        let now = now.timestamp_micros();
        let period = self.period.num_microseconds().unwrap_or(i64::MAX).max(1);
        let latest = now.saturating_add(period.saturating_mul(i64::from(self.burst.max(1))));
        let believed = full_at.filter(|at| *at <= latest.saturating_add(DAY));
        let next = believed.unwrap_or(now).max(now).saturating_add(period);
        let wait = next.saturating_sub(latest);
        if wait > 0 {
            return Err(Duration::microseconds(wait));
        }
        Ok(next)
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

    #[test]
    fn an_instant_of_a_clock_that_was_wrong_by_more_than_a_day_is_not_believed() {
        let (quota, day) = (Quota::new(2, Duration::seconds(1)), 86_400_000_000);
        assert_eq!(quota.take(full_at(day + 2_000_000), at(0)), wait(day + 1_000_000));
        assert_eq!(quota.take(full_at(day + 2_000_001), at(0)).ok(), full_at(1_000_000));
    }
}

//! The buckets of limits.

use chrono::{DateTime, Utc};

use crate::state::State;
use denizen_services::store::{BucketKey, CommitError, Quota};

impl State {
    pub fn take_from_bucket(
        &mut self,
        bucket: BucketKey,
        quota: Quota,
        now: DateTime<Utc>,
        capacity: u32,
    ) -> Result<(), CommitError> {
        let full_at = self.buckets.get(&bucket).copied();
        let next =
            quota.take(full_at, now).map_err(|retry_after| CommitError::RateLimited { retry_after })?;
        match full_at {
            Some(full_at) => {
                self.buckets_by_time.remove(&(full_at, bucket));
            }
            None => self.forget_buckets(now, capacity),
        }
        self.buckets.insert(bucket, next);
        self.buckets_by_time.insert((next, bucket), ());
        Ok(())
    }

    pub fn reset_bucket(&mut self, bucket: BucketKey) {
        if let Some(full_at) = self.buckets.remove(&bucket) {
            self.buckets_by_time.remove(&(full_at, bucket));
        }
    }

    fn forget_buckets(&mut self, now: DateTime<Utc>, capacity: u32) {
        let too_many = u32::try_from(self.buckets.len()).is_ok_and(|buckets| buckets >= capacity);
        let goes = |(full_at, _): &(i64, BucketKey)| too_many || *full_at <= now.timestamp_micros();
        let fullest = self.buckets_by_time.keys().take(2).copied();
        for key in fullest.filter(goes).collect::<Vec<_>>() {
            self.buckets_by_time.remove(&key);
            self.buckets.remove(&key.1);
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    #[test]
    fn buckets_that_are_full_again_are_forgotten_as_others_come() {
        let (mut state, quota) = (State::default(), Quota::new(1, Duration::seconds(1)));
        for number in 0..100_u8 {
            let now = DateTime::from_timestamp(i64::from(number), 0).unwrap();
            state.take_from_bucket(BucketKey::from_bytes([number; 32]), quota, now, 1_000).unwrap();
        }
        assert_eq!((state.buckets.len(), state.buckets_by_time.len()), (1, 1));
    }
}

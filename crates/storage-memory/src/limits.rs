//! The buckets of limits.

use chrono::{DateTime, Utc};

use crate::state::State;
use denizen_services::store::{BucketKey, CommitError, Outcome, Quota};

impl State {
    pub fn take_from_bucket(
        &mut self,
        bucket: BucketKey,
        quota: Quota,
        now: DateTime<Utc>,
        capacity: u32,
    ) -> Result<Outcome, CommitError> {
        let full_at = self.buckets.get(&bucket).copied();
        let next =
            quota.take(full_at, now).map_err(|retry_after| CommitError::RateLimited { retry_after })?;
        let crowded = match full_at {
            Some(_) => {
                self.forget_bucket(bucket);
                false
            }
            None => self.forget_buckets(bucket.limit(), now, capacity),
        };
        self.keep_bucket(bucket, next);
        Ok(if crowded { Outcome::Crowded } else { Outcome::Done })
    }

    pub fn return_to_bucket(&mut self, bucket: BucketKey, quota: Quota, now: DateTime<Utc>) {
        if let Some(full_at) = self.forget_bucket(bucket)
            && let Some(next) = quota.put_back(full_at, now)
        {
            self.keep_bucket(bucket, next);
        }
    }

    fn keep_bucket(&mut self, bucket: BucketKey, full_at: i64) {
        let limit = bucket.limit();
        self.buckets.insert(bucket, full_at);
        self.buckets_by_time.insert((limit, full_at, bucket), ());
        self.bucket_counts.insert(limit, self.count_buckets(limit) + 1);
    }

    fn forget_bucket(&mut self, bucket: BucketKey) -> Option<i64> {
        let (limit, full_at) = (bucket.limit(), self.buckets.remove(&bucket)?);
        self.buckets_by_time.remove(&(limit, full_at, bucket));
        self.bucket_counts.insert(limit, self.count_buckets(limit) - 1);
        Some(full_at)
    }

    fn count_buckets(&self, limit: &'static str) -> u32 {
        self.bucket_counts.get(limit).copied().unwrap_or_default()
    }

    /// Makes room for one more bucket of this limit. Whether one was forgotten that was not full.
    fn forget_buckets(&mut self, limit: &'static str, now: DateTime<Utc>, capacity: u32) -> bool {
        let (now, too_many) = (now.timestamp_micros(), self.count_buckets(limit) >= capacity);
        let fullest_of = |limit: &'static str| {
            let rows = self.buckets_by_time.range((limit, i64::MIN, BucketKey::new("", [0; 32]))..);
            rows.map(|(key, ())| *key).take_while(move |key| key.0 == limit).take(2)
        };
        let others = self.bucket_counts.keys().filter(|other| **other != limit);
        let fullest = fullest_of(limit).chain(others.flat_map(|other| fullest_of(other)));
        let goes = |key: &(&str, i64, _)| key.1 <= now || too_many && key.0 == limit;
        let gone: Vec<_> = fullest.filter(goes).take(2).collect();
        for (_, _, bucket) in &gone {
            self.forget_bucket(*bucket);
        }
        gone.iter().any(|(_, full_at, _)| *full_at > now)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    #[test]
    fn buckets_that_are_full_again_are_forgotten_as_others_come_of_whatever_limit() {
        let (mut state, quota) = (State::default(), Quota::new(1, Duration::seconds(1)));
        for number in 0..100_u8 {
            let now = DateTime::from_timestamp(i64::from(number), 0).unwrap();
            let limit = if number % 2 == 0 { "even" } else { "odd" };
            state.take_from_bucket(BucketKey::new(limit, [number; 32]), quota, now, 1_000).unwrap();
        }
        assert_eq!((state.buckets.len(), state.buckets_by_time.len()), (1, 1));
    }
}

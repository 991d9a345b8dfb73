//! Rate limits in the memory of this process.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta};
use denizen_services::{
    limit_keys,
    store::{KeyId, Quota},
};
use tokio::time::Instant;

/// The number of independently locked maps.
const SHARDS: usize = 16;
/// The size at which a shard first drops expired entries.
const SWEEP_AT: usize = 256;
/// The largest shard. Beyond it, arbitrary entries are dropped.
const MAX_ENTRIES: usize = 16_384;

/// A rate limit per IP address, or per service key, for all routes together, in the memory of this process. An IPv6 address counts as its /64
/// network; for requests without a session, its /56 has 4 and its /48 has 16 times the limit.
///
/// It keeps one client from taking the server away from the others. It does not protect passwords and tokens from being
/// guessed: each instance counts by itself. Clones share their state.
#[derive(Clone)]
pub struct RateLimit(Arc<State>);

struct State {
    meter: Meter,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Default)]
struct Shard {
    /// When each bucket is full again.
    full_at: HashMap<u128, i64>,
    /// The size at which expired entries are dropped next.
    sweep_at: usize,
}

impl RateLimit {
    /// Allows `per_second` requests in the long run, and `burst` at once (GCRA).
    #[must_use]
    pub fn per_address(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        Self::of(Quota::new(burst.get(), TimeDelta::microseconds(1_000_000 / i64::from(per_second.get()))))
    }

    fn of(quota: Quota) -> Self {
        let (meter, hasher) = (Meter::new(quota), RandomState::new());
        Self(Arc::new(State { meter, hasher, shards: Default::default() }))
    }

    /// Counts a request of `ip`.
    ///
    /// # Errors
    /// Returns the time after which the next request is allowed if this one is not.
    pub(crate) fn check(&self, ip: IpAddr) -> Result<(), Duration> {
        limit_keys(ip).take(1).try_for_each(|(key, quotas)| self.count(key, quotas))
    }

    /// Counts a request without a session for the wider networks of `ip`, after [`Self::check`].
    ///
    /// # Errors
    /// Returns the time after which the next request is allowed if this one is not.
    pub(crate) fn check_networks(&self, ip: IpAddr) -> Result<(), Duration> {
        limit_keys(ip).skip(1).try_for_each(|(key, quotas)| self.count(key, quotas))
    }

    /// Counts a request with a service key.
    ///
    /// # Errors
    /// Returns the time after which the next request is allowed if this one is not.
    pub(crate) fn check_key(&self, key: KeyId) -> Result<(), Duration> {
        self.count(u128::from(key.0.cast_unsigned()), 1)
    }

    fn count(&self, key: u128, quotas: u16) -> Result<(), Duration> {
        let State { meter, hasher, shards } = &*self.0;
        let [low, ..] = hasher.hash_one(key).to_le_bytes();
        let Some(shard) = shards.get(usize::from(low) % SHARDS) else { return Ok(()) };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = meter.times(quotas).take(shard.full_at.get(&key).copied())?;
        shard.full_at.insert(key, full_at);
        shard.make_room(meter);
        Ok(())
    }
}

impl Shard {
    /// Drops expired entries, now and then.
    fn make_room(&mut self, meter: &Meter) {
        let Self { full_at, sweep_at } = self;
        if full_at.len() >= (*sweep_at).max(SWEEP_AT) {
            let (now, mut room) = (meter.now(), MAX_ENTRIES / 2);
            full_at.retain(|_, at| {
                let keeps = *at > now && room > 0;
                room -= usize::from(keeps);
                keeps
            });
            *sweep_at = 2 * full_at.len();
        }
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RateLimit(…)")
    }
}

/// A quota, measured by a clock that is never set back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meter {
    quota: Quota,
    started: Instant,
}

impl Meter {
    pub(crate) fn new(quota: Quota) -> Self {
        Self { quota, started: Instant::now() }
    }

    /// The quota so many times over, by the same clock.
    fn times(self, quotas: u16) -> Self {
        Self { quota: self.quota.times(quotas), ..self }
    }

    /// Takes one from a bucket that is full again at `full_at`, and returns when it will be full again.
    ///
    /// # Errors
    /// Returns the time after which one is left if the bucket is empty.
    pub(crate) fn take(&self, full_at: Option<i64>) -> Result<i64, Duration> {
        let now = DateTime::from_timestamp_micros(self.now()).unwrap_or_default();
        self.quota.take(full_at, now).map_err(|wait| wait.to_std().unwrap_or_default())
    }

    /// Microseconds since the start.
    fn now(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn limit(burst: u32) -> RateLimit {
        // One request in about eleven years, so that time does not matter here.
        RateLimit::of(Quota::new(burst, TimeDelta::seconds(350_000_000)))
    }

    fn entries(limit: &RateLimit) -> usize {
        limit.0.shards.iter().map(|shard| shard.lock().unwrap().full_at.len()).sum()
    }

    #[test]
    fn the_burst_is_served_and_the_next_one_is_told_when_to_come_back() {
        let (limit, ip) = (limit(3), IpAddr::V4(Ipv4Addr::LOCALHOST));
        for _ in 0..3 {
            assert_eq!(limit.check(ip), Ok(()));
        }
        assert!(limit.clone().check(ip).unwrap_err() > Duration::from_secs(1000));
        assert_eq!(limit.check(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))), Ok(()));
    }

    #[test]
    fn changing_the_lower_half_of_an_ipv6_address_does_not_help() {
        let limit = limit(1);
        assert_eq!(limit.check(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))), Ok(()));
        assert!(limit.check(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 9, 9, 9, 9))).is_err());
    }

    /// Security checklist: 66.
    #[test]
    fn strangers_share_the_limit_of_their_wider_networks() {
        let limit = limit(2);
        let network = |number: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, number, 0, 0, 0, 1));
        let counted =
            |number| limit.check(network(number)).is_ok() && limit.check_networks(network(number)).is_ok();
        // 4 × 2 in 2001:db8::/56, of each other /56 as many, and 16 × 2 in 2001:db8::/48.
        assert_eq!((0..0x100).filter(|number| counted(*number)).count(), 8);
        assert_eq!((0x100..0x1000).filter(|number| counted(*number)).count(), 24);
        assert_eq!(limit.check(network(0x2000)), Ok(()), "with a session, only the /64 counts");
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_that_are_quiet_again_are_forgotten() {
        let limit = RateLimit::per_address(NonZeroU32::new(1_000_000).unwrap(), NonZeroU32::MIN);
        for address in 0..100_000_u32 {
            let _counted = limit.check(IpAddr::V4(Ipv4Addr::from_bits(address)));
            if address % 1000 == 0 {
                // Each of them is quiet again after a microsecond.
                tokio::time::advance(Duration::from_millis(1)).await;
            }
        }
        assert!(entries(&limit) < 2 * SHARDS * SWEEP_AT, "{}", entries(&limit));
    }

    #[test]
    fn however_many_addresses_there_are_memory_is_bounded() {
        let limit = limit(1);
        for network in 0..u64::try_from(2 * SHARDS * MAX_ENTRIES).unwrap() {
            let _counted = limit.check(IpAddr::V6(Ipv6Addr::from_bits(u128::from(network) << 64)));
        }
        assert!(entries(&limit) <= SHARDS * MAX_ENTRIES, "{}", entries(&limit));
    }
}

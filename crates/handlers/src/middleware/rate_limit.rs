//! How many requests one address may make.

use std::{
    fmt,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use denizen_services::limit_key;
use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    state::keyed::DefaultKeyedStateStore,
};

/// After so many requests, addresses that have not been heard of lately are forgotten.
const FORGET_EVERY: u32 = 4096;

/// A limit for every address (IPv6: every /64 network), for all routes together, in the memory of this process.
///
/// It keeps one client from taking the server away from the others. What must not be guessed (passwords, tokens) is
/// not protected by this: several instances have several of it. Clones share their state.
#[derive(Clone)]
pub struct RateLimit(Arc<State>);

struct State {
    limiter: RateLimiter<u128, DefaultKeyedStateStore<u128>, DefaultClock>,
    clock: DefaultClock,
    requests: AtomicU32,
}

impl RateLimit {
    /// At most `per_second` requests in the long run, and `burst` at once (GCRA).
    #[must_use]
    pub fn per_address(per_second: NonZeroU32, burst: NonZeroU32) -> Self {
        let clock = DefaultClock::default();
        let quota = Quota::per_second(per_second).allow_burst(burst);
        let limiter = RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone());
        Self(Arc::new(State { limiter, clock, requests: AtomicU32::new(0) }))
    }

    /// Counts a request of `ip`. If it is one too many: after how long the next one will be served.
    pub(crate) fn check(&self, ip: IpAddr) -> Result<(), Duration> {
        let State { limiter, clock, requests } = &*self.0;
        if requests.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(&limit_key(ip)).map_err(|denied| denied.wait_time_from(clock.now()))
    }
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RateLimit(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn limit(burst: u32) -> RateLimit {
        // One request in about eleven years, so that time does not matter here.
        let slow = Quota::with_period(Duration::from_secs(350_000_000)).unwrap();
        let clock = DefaultClock::default();
        let quota = slow.allow_burst(NonZeroU32::new(burst).unwrap());
        let limiter = RateLimiter::new(quota, DefaultKeyedStateStore::default(), clock.clone());
        RateLimit(Arc::new(State { limiter, clock, requests: AtomicU32::new(0) }))
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

    #[test]
    fn addresses_that_are_quiet_again_are_forgotten() {
        let second = NonZeroU32::new(1_000_000).unwrap();
        let limit = RateLimit::per_address(second, NonZeroU32::MIN);
        for address in 0..100_000_u32 {
            let _counted = limit.check(IpAddr::V4(Ipv4Addr::from_bits(address)));
        }
        // Each of them is quiet again after a microsecond.
        assert!(
            limit.0.limiter.len() < 3 * usize::try_from(FORGET_EVERY).unwrap(),
            "{}",
            limit.0.limiter.len()
        );
    }
}

//! How many connections one IP address may have.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use denizen_services::limit_key;
use ipnet::IpNet;

/// The connections of every network: an IPv4 address, or a /64 of IPv6. Clones share the counts.
#[derive(Clone)]
pub(super) struct ConnectionLimit(Arc<Shared>);

struct Shared {
    max: usize,
    exempt: Vec<IpNet>,
    /// Never zero.
    open: Mutex<HashMap<u128, usize>>,
}

impl ConnectionLimit {
    /// Lets every network have `max` connections, and as many as they like `exempt` networks and this machine: proxies,
    /// behind which are many clients.
    pub(super) fn new(max: usize, exempt: Vec<IpNet>) -> Self {
        Self(Arc::new(Shared { max, exempt, open: Mutex::default() }))
    }

    /// Returns a place for a connection from this address, until it is dropped.
    ///
    /// # Errors
    /// Returns an error if the network has as many as it may.
    pub(super) fn admit(&self, ip: IpAddr) -> Result<Place, Refused> {
        let ip = ip.to_canonical();
        if ip.is_loopback() || self.0.exempt.iter().any(|net| net.contains(&ip)) {
            return Ok(Place(None));
        }
        let key = limit_key(ip);
        let mut open = self.0.open();
        let count = open.entry(key).or_default();
        if *count >= self.0.max {
            return Err(Refused);
        }
        *count += 1;
        Ok(Place(Some((self.clone(), key))))
    }
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<u128, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network has as many connections as it may.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused;

/// The place of an open connection.
pub(super) struct Place(Option<(ConnectionLimit, u128)>);

impl Drop for Place {
    fn drop(&mut self) {
        if let Some((limit, key)) = &self.0 {
            let mut open = limit.0.open();
            match open.get_mut(key) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(open.remove(key)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(limit: &ConnectionLimit, ip: &str) -> Result<Place, Refused> {
        limit.admit(ip.parse().unwrap())
    }

    /// Security checklist: 72.
    #[test]
    fn a_network_has_so_many_places_and_each_again_when_it_is_left() {
        let limit = ConnectionLimit::new(2, Vec::new());
        for (one, other) in
            [("192.0.2.1", "192.0.2.1"), ("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8::1", "2001:db8::2:1")]
        {
            let first = admit(&limit, one).ok();
            let second = admit(&limit, other).ok();
            assert!(first.is_some() && second.is_some());
            assert_eq!(admit(&limit, one).err(), Some(Refused));
            drop(first);
            let third = admit(&limit, one).ok();
            assert!(third.is_some());
            assert_eq!(admit(&limit, other).err(), Some(Refused));
            assert!(admit(&limit, "198.51.100.1").is_ok());
        }
        assert!(limit.0.open().is_empty());
    }

    /// Security checklist: 72.
    #[test]
    fn proxies_and_this_machine_have_as_many_as_they_like() {
        let limit = ConnectionLimit::new(1, vec!["10.0.0.0/8".parse().unwrap()]);
        for ip in ["10.1.2.3", "::ffff:10.1.2.3", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            let places: Vec<_> = (0..1_000).map(|_| admit(&limit, ip)).collect();
            assert!(places.iter().all(Result::is_ok), "{ip}");
        }
        assert!(limit.0.open().is_empty());
    }
}

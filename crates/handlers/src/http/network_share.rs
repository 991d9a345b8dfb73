//! What one network may hold of something that there is only so much of.

use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};
use denizen_services::limit_keys;

/// An answer of at most this many bytes does not count: it takes no more than its connection does anyway.
pub(crate) const FREE: usize = 16 * 1024;
/// An answer is sent in pieces of this many bytes, so that the rest of it is held here and not by the connection.
const PIECE: usize = 32 * 1024;

/// What each network (an IPv4 address; a /64 of IPv6, with wider ones at a multiple) holds: bytes of memory, say, or
/// connections. Clones share the count.
///
/// A client decides how slowly it sends a body and reads an answer, so without a bound a few hundred connections
/// would hold as much memory as the machine has.
#[derive(Clone)]
pub struct NetworkShares(Arc<Shared>);

struct Shared {
    max: usize,
    max_total: usize,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// Never zero.
    of_network: HashMap<u128, usize>,
    total: usize,
}

impl NetworkShares {
    /// Lets every network hold `max`, and all together `max_total`.
    #[must_use]
    pub fn new(max: usize, max_total: usize) -> Self {
        Self(Arc::new(Shared { max, max_total, held: Mutex::default() }))
    }

    /// Returns the share of this client's network, of which it holds nothing yet.
    #[must_use]
    pub fn share_of(&self, ip: IpAddr) -> NetworkShare {
        NetworkShare { shares: self.clone(), ip, held: 0 }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for NetworkShares {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NetworkShares(…)")
    }
}

/// What one client holds of its network's share. Dropping it gives it back.
pub struct NetworkShare {
    shares: NetworkShares,
    ip: IpAddr,
    held: usize,
}

impl NetworkShare {
    /// Holds `amount` in all, and returns whether the share has room for it. The first one of its network may hold any
    /// amount: how long a body or an answer can be is bounded elsewhere.
    #[must_use]
    pub fn hold(&mut self, amount: usize) -> bool {
        let Shared { max, max_total, .. } = &*self.shares.0;
        let more = amount.saturating_sub(self.held);
        let mut held = self.shares.held();
        let has_room = |(network, factor): (u128, u16)| {
            let of_network = held.of_network.get(&network).copied().unwrap_or(0);
            of_network == self.held || of_network + more <= max.saturating_mul(factor.into())
        };
        if more == 0 {
            return true;
        }
        if held.total + more > *max_total || !limit_keys(self.ip).all(has_room) {
            return false;
        }
        for (network, _) in limit_keys(self.ip) {
            *held.of_network.entry(network).or_default() += more;
        }
        held.total += more;
        self.held = amount;
        true
    }
}

impl Drop for NetworkShare {
    fn drop(&mut self) {
        if self.held > 0 {
            let mut held = self.shares.held();
            held.total -= self.held;
            for (network, _) in limit_keys(self.ip) {
                let rest = held.of_network.remove(&network).unwrap_or(0).saturating_sub(self.held);
                if rest > 0 {
                    held.of_network.insert(network, rest);
                }
            }
        }
    }
}

/// The body of an answer, of which the connection takes a piece when it has sent the one before.
pub(crate) struct HeldBody {
    pub(crate) rest: Bytes,
    pub(crate) _share: NetworkShare,
}

impl MessageBody for HeldBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.rest.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let length = self.rest.len().min(PIECE);
        Poll::Ready((length > 0).then(|| Ok(self.rest.split_to(length))))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const MAX: usize = 100;

    fn shares() -> NetworkShares {
        NetworkShares::new(MAX, 10 * MAX)
    }

    fn share(shares: &NetworkShares, host: u32) -> NetworkShare {
        shares.share_of(IpAddr::V4(Ipv4Addr::from_bits(host)))
    }

    /// Security checklist: 72.
    #[test]
    fn a_network_holds_its_share_and_has_it_back_when_it_is_given_back() {
        let shares = shares();
        for _ in 0..2 {
            let mut held: Vec<_> = (0..200).map(|_| share(&shares, 1)).collect();
            let granted = held.iter_mut().filter_map(|share| share.hold(2).then_some(())).count();
            assert_eq!((granted, shares.held().total), (50, MAX));
            assert!(held[0].hold(2) && held[0].hold(1) && !held[0].hold(3), "what is held stays held");
            assert!(!share(&shares, 1).hold(1));
            assert!(share(&shares, 2).hold(2), "another network has its own");
        }
        assert!(shares.held().of_network.is_empty());
        assert_eq!(shares.held().total, 0);
    }

    /// Security checklist: 72.
    #[test]
    fn an_address_is_the_same_however_it_is_written_and_an_ipv6_network_is_one() {
        for (one, other) in [("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8::1", "2001:db8::2:1")] {
            let shares = shares();
            let mut first = shares.share_of(one.parse().unwrap());
            assert!(first.hold(MAX) && !shares.share_of(other.parse().unwrap()).hold(1), "{one}");
            drop(first);
            assert!(shares.share_of(other.parse().unwrap()).hold(1), "{one}");
        }
    }

    /// Security checklist: 72.
    #[test]
    fn wider_networks_of_ipv6_hold_a_multiple() {
        let shares = NetworkShares::new(MAX, usize::MAX);
        let mut held: Vec<_> = (0..0x10000_u128)
            .map(|number| shares.share_of(IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | number << 64))))
            .collect();
        let granted = held.iter_mut().filter_map(|share| share.hold(MAX).then_some(())).count();
        assert_eq!(granted, 16, "a /48");
        held.truncate(1);
        assert_eq!(shares.held().of_network.len(), 3);
        let mut next = shares.share_of("2001:db8:0:ff::1".parse().unwrap());
        assert!(next.hold(3 * MAX) && !shares.share_of("2001:db8:0:1::1".parse().unwrap()).hold(1), "a /56");
        assert!(shares.share_of("2001:db8:0:100::1".parse().unwrap()).hold(1));
    }

    #[test]
    fn the_first_one_of_a_network_may_hold_any_amount() {
        let shares = shares();
        let mut long = share(&shares, 1);
        assert!(long.hold(1) && long.hold(MAX + 1) && long.hold(2 * MAX) && long.hold(2 * MAX));
        assert!(!share(&shares, 1).hold(1));
    }

    #[test]
    fn all_networks_together_hold_a_bounded_amount() {
        let shares = shares();
        let mut held: Vec<_> = (0..100).map(|host| share(&shares, host)).collect();
        assert_eq!(held.iter_mut().filter_map(|share| share.hold(MAX).then_some(())).count(), 10);
    }

    #[test]
    fn an_answer_comes_in_pieces_and_holds_its_share_until_the_last() {
        let shares = NetworkShares::new(usize::MAX, usize::MAX);
        let mut held = share(&shares, 1);
        assert!(held.hold(2 * PIECE + 1));
        let mut body = HeldBody { rest: Bytes::from(vec![1; 2 * PIECE + 1]), _share: held };
        assert_eq!(body.size(), BodySize::Sized(2 * PIECE as u64 + 1));
        let mut context = Context::from_waker(std::task::Waker::noop());
        for expected in [Some(PIECE), Some(PIECE), Some(1), None] {
            assert_eq!(shares.held().total, 2 * PIECE + 1);
            let Poll::Ready(piece) = Pin::new(&mut body).poll_next(&mut context) else { panic!("a wait") };
            assert_eq!(piece.map(|piece| piece.unwrap().len()), expected);
        }
        drop(body);
        assert_eq!(shares.held().total, 0);
    }
}

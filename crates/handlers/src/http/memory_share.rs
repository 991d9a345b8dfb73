//! How much memory the unread bodies and the unsent answers of one network take.
//!
//! A client decides how slowly it sends a body and reads an answer, so without a bound a few hundred connections
//! would hold as much memory as the machine has.

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};
use denizen_services::limit_key;

/// A body or an answer of at most this many bytes does not count: it takes no more than its connection does anyway.
pub(crate) const FREE: usize = 16 * 1024;
/// All networks together may hold as much as so many.
const NETWORKS: usize = 16;
/// An answer is sent in pieces of this many bytes, so that the rest of it is held here and not by the connection.
const PIECE: usize = 32 * 1024;

/// The bytes that are held, for each network. Clones share the count.
#[derive(Clone, Default)]
pub(crate) struct MemoryShares(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    /// Never zero.
    of_network: HashMap<u128, usize>,
    total: usize,
}

impl MemoryShares {
    /// Returns the share of this client's network, of which it holds nothing yet; the network may hold `max` bytes.
    pub(crate) fn share_of(&self, ip: IpAddr, max: usize) -> MemoryShare {
        MemoryShare { shares: self.clone(), network: limit_key(ip), max, bytes: 0 }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one body or answer holds of its network's share. Dropping it gives it back.
pub(crate) struct MemoryShare {
    shares: MemoryShares,
    network: u128,
    max: usize,
    bytes: usize,
}

impl MemoryShare {
    /// Holds `bytes` in all, and returns whether the share has room for them. Whoever is the first of its network has,
    /// however many they are: the length of what is sent and received is bounded elsewhere.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        if bytes <= FREE || more == 0 {
            return true;
        }
        let mut held = self.shares.held();
        let of_network = held.of_network.get(&self.network).copied().unwrap_or(0);
        let is_first = of_network == self.bytes;
        if !is_first && of_network + more > self.max || held.total + more > self.max.saturating_mul(NETWORKS)
        {
            return false;
        }
        held.of_network.insert(self.network, of_network + more);
        held.total += more;
        self.bytes = bytes;
        true
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let mut held = self.shares.held();
            held.total -= self.bytes;
            let of_network = held.of_network.get(&self.network).map_or(0, |bytes| bytes - self.bytes);
            if of_network > 0 {
                held.of_network.insert(self.network, of_network);
            } else {
                held.of_network.remove(&self.network);
            }
        }
    }
}

/// The body of an answer, of which the connection takes a piece when it has sent the one before.
pub(crate) struct HeldBody {
    pub(crate) rest: Bytes,
    pub(crate) _share: MemoryShare,
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
    use std::net::Ipv4Addr;

    use super::*;

    const MAX: usize = 100 * FREE;

    fn share(shares: &MemoryShares, host: u32) -> MemoryShare {
        shares.share_of(IpAddr::V4(Ipv4Addr::from_bits(host)), MAX)
    }

    /// Security checklist: 72.
    #[test]
    fn a_network_holds_its_share_and_has_it_back_when_it_is_given_back() {
        let shares = MemoryShares::default();
        for _ in 0..2 {
            let mut held: Vec<_> = (0..200).map(|_| share(&shares, 1)).collect();
            let granted = held.iter_mut().filter_map(|share| share.hold(2 * FREE).then_some(())).count();
            assert_eq!(granted, 50);
            assert!(share(&shares, 1).hold(FREE), "what is short is free");
            assert!(share(&shares, 2).hold(2 * FREE), "another network has its own");
            assert_eq!(shares.held().total, MAX);
        }
        assert!(shares.held().of_network.is_empty());
        assert_eq!(shares.held().total, 0);
    }

    #[test]
    fn the_first_one_of_a_network_may_be_as_long_as_it_is() {
        let shares = MemoryShares::default();
        let mut long = share(&shares, 1);
        assert!(long.hold(FREE) && long.hold(MAX + 1) && long.hold(2 * MAX) && long.hold(2 * MAX));
        assert!(!share(&shares, 1).hold(FREE + 1));
    }

    #[test]
    fn all_networks_together_hold_a_bounded_number_of_bytes() {
        let shares = MemoryShares::default();
        let mut held: Vec<_> = (0..100).map(|host| share(&shares, host)).collect();
        let granted = held.iter_mut().filter_map(|share| share.hold(MAX).then_some(())).count();
        assert_eq!(granted, NETWORKS);
    }

    #[test]
    fn an_answer_comes_in_pieces_and_holds_its_share_until_the_last() {
        let shares = MemoryShares::default();
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

//! The order in which observers are told of commits.
//!
//! Units commit on several connections at once, so that they share the wait for the disk. A unit takes a number when it
//! holds all its locks and before it commits: of two units that touch the same row, the second one gets there only after
//! the first has committed, so the numbers of units that depend on each other are in the order of their commits.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use denizen_services::lock;
use tokio::sync::watch;

#[derive(Default)]
struct Numbers {
    next: u64,
    /// Those that were given and whose units are still under way.
    open: BTreeSet<u64>,
}

impl Numbers {
    fn lowest_open(&self) -> u64 {
        self.open.first().copied().unwrap_or(self.next)
    }
}

/// Gives the numbers.
#[derive(Clone)]
pub(crate) struct CommitOrder {
    numbers: Arc<Mutex<Numbers>>,
    lowest_open: watch::Sender<u64>,
}

impl CommitOrder {
    pub fn new() -> Self {
        Self { numbers: Arc::default(), lowest_open: watch::channel(0).0 }
    }

    /// Gives the number of a unit that is about to commit.
    pub fn take(&self) -> Number {
        let mut numbers = lock(&self.numbers);
        let number = numbers.next;
        numbers.next += 1;
        numbers.open.insert(number);
        Number { number, order: self.clone() }
    }
}

/// A unit that is under way. Whatever becomes of it, the next one goes on when this is dropped.
pub(crate) struct Number {
    number: u64,
    order: CommitOrder,
}

impl Number {
    /// Waits until all units with lower numbers are done.
    pub async fn turn(&self) {
        let mut lowest_open = self.order.lowest_open.subscribe();
        // Fails if the sender is gone, and this holds one.
        let _never = lowest_open.wait_for(|lowest| *lowest >= self.number).await;
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        let mut numbers = lock(&self.order.numbers);
        numbers.open.remove(&self.number);
        self.order.lowest_open.send_replace(numbers.lowest_open());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_number_waits_for_those_before_it_and_for_no_other() {
        let order = CommitOrder::new();
        let (first, second, third) = (order.take(), order.take(), order.take());
        assert_eq!(first.turn().now_or_never(), Some(()));
        assert_eq!(second.turn().now_or_never(), None);
        drop(second);
        assert_eq!(third.turn().now_or_never(), None, "the first is still under way");
        drop(first);
        assert_eq!(third.turn().now_or_never(), Some(()));
        drop(third);
        assert_eq!(order.take().turn().now_or_never(), Some(()));
    }
}

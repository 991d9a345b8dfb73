//! The queue in front of the threads: bounded, with a fair share for every network.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use denizen_services::{Network, lock};

/// Serves the networks that wait in turn, one job each.
///
/// There is no fixed share: a network that waits alone may use the whole queue, since it keeps no other out. In a full
/// queue, a job of a network with fewer jobs takes the place of the last job of the network with the most. So a network
/// is refused while it has its share, which is the room divided by the number of networks, and never because of others
/// that have more.
pub(super) struct Queue<J> {
    room: usize,
    waiting: Mutex<Waiting<J>>,
    changed: Condvar,
}

struct Waiting<J> {
    /// In the order of their turns. Each of them has at least one job.
    networks: VecDeque<(Network, VecDeque<J>)>,
    jobs: usize,
    closed: bool,
}

/// What a thread is to do.
pub(super) enum Next<J> {
    Work(J),
    /// There was nothing to do for the time that the thread wanted to wait.
    Idle,
    /// The queue is closed, and empty.
    End,
}

impl<J> Queue<J> {
    pub fn new(room: usize) -> Self {
        let waiting = Waiting { networks: VecDeque::new(), jobs: 0, closed: false };
        Self { room, waiting: Mutex::new(waiting), changed: Condvar::new() }
    }

    /// Puts a job behind the others of its network. `Err`: the job that found no room, which is this one or, of a
    /// network that has more jobs, its last.
    pub fn push(&self, network: Network, job: J) -> Result<(), J> {
        let mut waiting = lock(&self.waiting);
        let displaced = if waiting.jobs < self.room {
            waiting.jobs += 1;
            None
        } else {
            let own = waiting
                .networks
                .iter()
                .find(|(other, _)| *other == network)
                .map_or(0, |(_, jobs)| jobs.len());
            let most = waiting.networks.iter_mut().max_by_key(|(_, jobs)| jobs.len());
            // With this job, the network would have one more: of equals, the newcomer is refused.
            match most.filter(|(_, jobs)| jobs.len() > own + 1).and_then(|(_, jobs)| jobs.pop_back()) {
                Some(last) => Some(last),
                None => return Err(job),
            }
        };
        match waiting.networks.iter_mut().find(|(other, _)| *other == network) {
            Some((_, jobs)) => jobs.push_back(job),
            None => waiting.networks.push_back((network, VecDeque::from([job]))),
        }
        drop(waiting);
        self.changed.notify_one();
        displaced.map_or(Ok(()), Err)
    }

    /// Takes the next job, waiting for one for at most `patience`.
    pub fn next(&self, patience: Duration) -> Next<J> {
        let nothing = |waiting: &mut Waiting<J>| waiting.jobs == 0 && !waiting.closed;
        let waited = self.changed.wait_timeout_while(lock(&self.waiting), patience, nothing);
        let (mut waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match waiting.pop() {
            Some(job) => Next::Work(job),
            None if waiting.closed => Next::End,
            None => Next::Idle,
        }
    }

    /// Lets the threads end when there is no more work.
    pub fn close(&self) {
        lock(&self.waiting).closed = true;
        self.changed.notify_all();
    }
}

impl<J> Waiting<J> {
    fn pop(&mut self) -> Option<J> {
        let (network, mut jobs) = self.networks.pop_front()?;
        let job = jobs.pop_front();
        self.jobs -= job.iter().len();
        if !jobs.is_empty() {
            self.networks.push_back((network, jobs));
        }
        job
    }
}

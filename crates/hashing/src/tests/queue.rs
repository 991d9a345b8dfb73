//! Whose job is next, and whose finds no room.

use std::time::Duration;

use super::*;
use crate::queue::{Next, Queue};

/// The network of a client in this /24.
fn client(number: u8) -> Network {
    Network::of(Some([192, 0, 2, number].into()))
}

/// A job: of which client, and which one of theirs.
type Job = (u8, u32);

fn push(queue: &Queue<Job>, (number, job): Job) -> Result<(), Job> {
    queue.push(client(number), (number, job))
}

/// Everything that waits, in the order in which it is served.
fn drain(queue: &Queue<Job>) -> Vec<Job> {
    let mut jobs = Vec::new();
    while let Next::Work(job) = queue.next(Duration::ZERO) {
        jobs.push(job);
    }
    jobs
}

/// Security checklist: 33.
#[test]
fn networks_that_wait_are_served_in_turn() {
    let queue = Queue::new(10);
    for job in [(1, 1), (1, 2), (1, 3), (2, 1), (1, 4), (3, 1), (3, 2)] {
        assert_eq!(push(&queue, job), Ok(()));
    }
    assert_eq!(drain(&queue), [(1, 1), (2, 1), (3, 1), (1, 2), (3, 2), (1, 3), (1, 4)]);
    assert_eq!(drain(&queue), []);
}

/// Security checklist: 33.
#[test]
fn a_network_that_fills_the_queue_keeps_no_other_out() {
    let queue = Queue::new(6);
    for job in 1..=6 {
        assert_eq!(push(&queue, (1, job)), Ok(()), "alone, it may have all of it");
    }
    assert_eq!(push(&queue, (1, 7)), Err((1, 7)));
    assert_eq!(push(&queue, (2, 1)), Err((1, 6)), "its last job makes room");
    assert_eq!(push(&queue, (2, 2)), Err((1, 5)));
    assert_eq!(push(&queue, (2, 3)), Err((1, 4)));
    assert_eq!(push(&queue, (2, 4)), Err((2, 4)), "both have their half");
    assert_eq!(push(&queue, (1, 8)), Err((1, 8)));
    assert_eq!(push(&queue, (3, 1)), Err((2, 3)));
    assert_eq!(push(&queue, (3, 2)), Err((1, 3)));
    assert_eq!(push(&queue, (4, 1)), Err((3, 2)));
    assert_eq!(drain(&queue), [(1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (2, 2)]);
}

/// Security checklist: 33.
#[test]
fn when_every_network_has_one_job_the_next_network_is_refused() {
    let queue = Queue::new(3);
    for number in 1..=3 {
        assert_eq!(push(&queue, (number, 1)), Ok(()));
    }
    assert_eq!(push(&queue, (4, 1)), Err((4, 1)));
    assert!(matches!(queue.next(Duration::ZERO), Next::Work((1, 1))));
    assert_eq!(push(&queue, (4, 1)), Ok(()));
    assert_eq!(drain(&queue), [(2, 1), (3, 1), (4, 1)]);
}

#[test]
fn without_room_nothing_waits() {
    assert_eq!(push(&Queue::new(0), (1, 1)), Err((1, 1)));
}

#[test]
fn a_closed_queue_is_worked_off_and_ends() {
    let queue = Queue::new(3);
    assert!(matches!(queue.next(Duration::ZERO), Next::Idle));
    push(&queue, (1, 1)).unwrap();
    queue.close();
    assert!(matches!(queue.next(Duration::MAX), Next::Work((1, 1))));
    assert!(matches!(queue.next(Duration::MAX), Next::End));
}

/// Security checklist: 33.
#[test]
fn an_ipv6_network_is_a_48_and_callers_without_an_address_are_the_service() {
    let of = |ip: &str| Network::of(Some(ip.parse().unwrap()));
    assert_eq!(of("2001:db8:1::1"), of("2001:db8:1:ff00::ffff"));
    assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    assert_eq!(Network::of(None), Network::SERVICE);
}

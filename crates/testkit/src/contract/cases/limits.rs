//! What may not be done too often.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use denizen_services::store::{
    Change, CommitError, Outcome, Quota, SecretName, ServiceSecret, Store, UnitOfWork,
};
use tokio::task::JoinSet;

use crate::{
    contract::{
        examples::event,
        verbs::{
            NOBODY, ONE_AN_HOUR, USER_GONE, at, bucket, commit, insert, limited, race, refusal, snapshot,
        },
    },
    must,
};

const ROOM: u32 = 1000;
/// Three at once, and one more every ten seconds.
const THREE: Quota = Quota::new(3, Duration::seconds(10));

fn take(number: u8, quota: Quota, now: DateTime<Utc>) -> UnitOfWork {
    UnitOfWork::new().take_from_bucket(bucket(number), quota, now, ROOM)
}

/// How many can be taken from a bucket at `now`, and what the next one is told.
async fn exhaust(
    store: &Arc<dyn Store>,
    number: u8,
    quota: Quota,
    now: DateTime<Utc>,
) -> (usize, CommitError) {
    for taken in 0.. {
        match store.commit(take(number, quota, now)).await {
            Ok(committed) => assert_eq!(committed.0, [Outcome::Done]),
            Err(error) => return (taken, error),
        }
    }
    must(Err("a bucket without a bottom"))
}

pub async fn as_many_as_a_bucket_holds_can_be_taken_at_once(store: Arc<dyn Store>) {
    assert_eq!(exhaust(&store, 1, THREE, at(0)).await, (3, limited(Duration::seconds(10))));
    assert_eq!(exhaust(&store, 2, ONE_AN_HOUR, at(0)).await, (1, limited(Duration::hours(1))));
}

pub async fn who_finds_a_bucket_empty_is_told_to_the_microsecond_when_it_is_not(store: Arc<dyn Store>) {
    exhaust(&store, 1, THREE, at(0)).await;
    let (micro, soon) = (Duration::microseconds(1), at(10));
    assert_eq!(refusal(&store, take(1, THREE, at(4))).await, limited(Duration::seconds(6)));
    assert_eq!(refusal(&store, take(1, THREE, soon - micro)).await, limited(micro));
    assert_eq!(exhaust(&store, 1, THREE, soon).await, (1, limited(Duration::seconds(10))));
    assert_eq!(exhaust(&store, 1, THREE, at(35)).await, (2, limited(Duration::seconds(5))));
}

pub async fn to_be_refused_costs_nothing(store: Arc<dyn Store>) {
    exhaust(&store, 1, ONE_AN_HOUR, at(0)).await;
    for second in 1..20 {
        let wait = Duration::seconds(3600 - second);
        assert_eq!(refusal(&store, take(1, ONE_AN_HOUR, at(second))).await, limited(wait));
    }
    commit(&store, take(1, ONE_AN_HOUR, at(3600))).await;
}

pub async fn a_bucket_that_was_left_alone_is_full_and_no_fuller(store: Arc<dyn Store>) {
    exhaust(&store, 1, THREE, at(0)).await;
    for (number, now) in [(1, at(30)), (1, at(1_000_000)), (2, at(1_000_000))] {
        assert_eq!(exhaust(&store, number, THREE, now).await, (3, limited(Duration::seconds(10))), "{now}");
    }
}

pub async fn buckets_do_not_know_of_each_other(store: Arc<dyn Store>) {
    exhaust(&store, 1, ONE_AN_HOUR, at(0)).await;
    assert_eq!(exhaust(&store, 2, THREE, at(0)).await, (3, limited(Duration::seconds(10))));
    assert_eq!(refusal(&store, take(1, ONE_AN_HOUR, at(0))).await, limited(Duration::hours(1)));
}

pub async fn of_several_buckets_all_are_taken_from_or_none(store: Arc<dyn Store>) {
    exhaust(&store, 1, THREE, at(0)).await;
    exhaust(&store, 2, ONE_AN_HOUR, at(0)).await;
    let from = |numbers: [(u8, Quota); 3]| {
        numbers.into_iter().fold(UnitOfWork::new(), |work, (number, quota)| {
            work.take_from_bucket(bucket(number), quota, at(0), ROOM)
        })
    };
    let work = from([(3, ONE_AN_HOUR), (1, THREE), (2, ONE_AN_HOUR)]);
    assert_eq!(refusal(&store, work).await, limited(Duration::seconds(10)), "the first empty one is named");
    let work = from([(3, ONE_AN_HOUR), (2, ONE_AN_HOUR), (1, THREE)]);
    assert_eq!(refusal(&store, work).await, limited(Duration::hours(1)));
    // Two of the same bucket are two.
    let work = from([(3, ONE_AN_HOUR), (4, THREE), (3, ONE_AN_HOUR)]);
    assert_eq!(refusal(&store, work).await, limited(Duration::hours(1)));
    commit(&store, from([(3, ONE_AN_HOUR), (4, THREE), (4, THREE)])).await;
    assert_eq!(exhaust(&store, 4, THREE, at(0)).await.0, 1);
}

pub async fn a_unit_that_is_refused_changes_nothing(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    exhaust(&store, 1, ONE_AN_HOUR, at(0)).await;
    let before = snapshot(&store).await;
    let late = take(2, ONE_AN_HOUR, at(1))
        .record(event(alice.id))
        .delete_user(alice.id, None)
        .with(Change::TakeFromBucket { bucket: bucket(1), quota: ONE_AN_HOUR, now: at(1), capacity: ROOM });
    assert_eq!(refusal(&store, late).await, limited(Duration::seconds(3599)));
    assert_eq!(snapshot(&store).await, before);
    commit(&store, take(2, ONE_AN_HOUR, at(1))).await;
}

pub async fn a_clock_that_goes_back_gives_nothing_back(store: Arc<dyn Store>) {
    exhaust(&store, 1, THREE, at(100)).await;
    for (now, wait) in [(at(100), 10), (at(50), 60), (at(0), 110), (at(109), 1)] {
        assert_eq!(refusal(&store, take(1, THREE, now)).await, limited(Duration::seconds(wait)), "{now}");
    }
    assert_eq!(exhaust(&store, 1, THREE, at(110)).await.0, 1);
}

pub async fn without_room_the_buckets_nearest_to_full_are_forgotten(store: Arc<dyn Store>) {
    let crowded = |number, minutes| {
        let quota = Quota::new(1, Duration::minutes(minutes));
        UnitOfWork::new().take_from_bucket(bucket(number), quota, at(0), 3)
    };
    for (number, minutes) in [(1, 30), (2, 10), (3, 20), (4, 40)] {
        commit(&store, crowded(number, minutes)).await;
    }
    assert_eq!(refusal(&store, crowded(1, 30)).await, limited(Duration::minutes(30)));
    assert_eq!(refusal(&store, crowded(4, 40)).await, limited(Duration::minutes(40)));
    commit(&store, crowded(3, 20)).await;
}

pub async fn full_buckets_make_room_before_others(store: Arc<dyn Store>) {
    let crowded = |number, quota, now| UnitOfWork::new().take_from_bucket(bucket(number), quota, now, 3);
    for (number, quota) in [(1, ONE_AN_HOUR), (2, THREE), (3, THREE)] {
        commit(&store, crowded(number, quota, at(0))).await;
    }
    commit(&store, crowded(4, ONE_AN_HOUR, at(100))).await;
    let wait = Duration::seconds(3500);
    assert_eq!(refusal(&store, crowded(1, ONE_AN_HOUR, at(100))).await, limited(wait));
}

pub async fn a_forgotten_bucket_is_full_again(store: Arc<dyn Store>) {
    exhaust(&store, 1, THREE, at(0)).await;
    exhaust(&store, 2, THREE, at(0)).await;
    let forget = |number| UnitOfWork::new().reset_bucket(bucket(number));
    assert_eq!(commit(&store, forget(3)).await, [Outcome::Done], "what was never taken from is full already");
    assert_eq!(refusal(&store, forget(1).expect_user(NOBODY, 1)).await, USER_GONE);
    assert_eq!(exhaust(&store, 1, THREE, at(0)).await.0, 0, "it is not forgotten by a unit that fails");
    assert_eq!(commit(&store, forget(1)).await, [Outcome::Done]);
    assert_eq!(exhaust(&store, 1, THREE, at(0)).await, (3, limited(Duration::seconds(10))));
    assert_eq!(exhaust(&store, 2, THREE, at(0)).await.0, 0, "others stay as they are");
    let both = forget(2).take_from_bucket(bucket(2), THREE, at(0), ROOM);
    assert_eq!(
        commit(&store, both).await,
        [Outcome::Done, Outcome::Done],
        "changes see what the unit did before them"
    );
    assert_eq!(exhaust(&store, 2, THREE, at(0)).await.0, 2);
}

pub async fn a_forgotten_bucket_makes_room(store: Arc<dyn Store>) {
    let crowded = |number| UnitOfWork::new().take_from_bucket(bucket(number), ONE_AN_HOUR, at(0), 2);
    commit(&store, crowded(1)).await;
    commit(&store, crowded(2)).await;
    commit(&store, UnitOfWork::new().reset_bucket(bucket(1))).await;
    commit(&store, crowded(3)).await;
    for number in [2, 3] {
        assert_eq!(refusal(&store, crowded(number)).await, limited(Duration::hours(1)), "{number}");
    }
}

pub async fn a_forgotten_bucket_that_is_taken_from_again_is_kept_as_long_as_others(store: Arc<dyn Store>) {
    commit(&store, take(1, ONE_AN_HOUR, at(0)).reset_bucket(bucket(1))).await;
    commit(&store, take(1, ONE_AN_HOUR, at(1000))).await;
    // Those that are full by now are forgotten.
    commit(&store, take(2, ONE_AN_HOUR, at(3700))).await;
    commit(&store, take(3, ONE_AN_HOUR, at(3700))).await;
    assert_eq!(refusal(&store, take(1, ONE_AN_HOUR, at(3700))).await, limited(Duration::seconds(900)));
}

pub async fn takers_who_race_get_no_more_than_there_is(store: Arc<dyn Store>) {
    let seven = Quota::new(7, Duration::seconds(1));
    let taken = race(&store, 50, |_| take(1, seven, at(0)), limited(Duration::seconds(1))).await;
    assert_eq!(taken, 7);
}

pub async fn a_secret_is_the_first_candidate_for_ever(store: Arc<dyn Store>) {
    let keep = async |byte| must(store.keep_secret(SecretName::Limits, secret(byte)).await);
    assert_eq!(keep(1).await, secret(1));
    assert_eq!(keep(2).await, secret(1));
}

pub async fn processes_that_race_for_a_secret_agree_on_one(store: Arc<dyn Store>) {
    let mut callers = JoinSet::new();
    for byte in 0..20 {
        let store = store.clone();
        callers.spawn(async move { must(store.keep_secret(SecretName::Limits, secret(byte)).await) });
    }
    let secrets = callers.join_all().await;
    assert!((0..20).map(secret).any(|candidate| candidate == secrets[0]));
    assert!(secrets.iter().all(|given| *given == secrets[0]));
}

fn secret(byte: u8) -> ServiceSecret {
    ServiceSecret::from_bytes([byte; 64])
}

//! What may not be done too often.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use denizen_models::UserId;
use denizen_services::store::{
    BucketKey, Change, ClientKind, CommitError, FailedAttempts, Outcome, Quota, SecretName, ServiceSecret,
    Store, UnitOfWork,
};
use tokio::task::JoinSet;

use crate::{
    contract::{
        examples::event,
        verbs::{
            NOBODY, ONE_AN_HOUR, TOO_MANY_FAILED, USER_GONE, address, at, bucket, commit, credentials,
            insert, limited, other_bucket, password, race, refusal, snapshot, update, user,
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

/// Security checklist: 69.
pub async fn a_clock_that_goes_back_gives_one_back_and_keeps_nobody_waiting(store: Arc<dyn Store>) {
    let day = 86_400;
    for (number, ahead) in [(1, 1), (2, 14 * 3_600), (3, day), (4, 500 * day)] {
        exhaust(&store, number, THREE, at(ahead)).await;
        assert_eq!(
            exhaust(&store, number, THREE, at(0)).await,
            (1, limited(Duration::seconds(10))),
            "{ahead}"
        );
        assert_eq!(exhaust(&store, number, THREE, at(30)).await.0, 3, "{ahead}");
    }
}

/// Security checklist: 69.
pub async fn a_relaxed_limit_keeps_nobody_waiting(store: Arc<dyn Store>) {
    exhaust(&store, 1, Quota::new(9, Duration::days(30)), at(0)).await;
    assert_eq!(exhaust(&store, 1, THREE, at(0)).await, (1, limited(Duration::seconds(10))));
}

/// One from a bucket of a limit with room for three.
fn crowded(bucket: BucketKey, minutes: i64) -> UnitOfWork {
    UnitOfWork::new().take_from_bucket(bucket, Quota::new(1, Duration::minutes(minutes)), at(0), 3)
}

pub async fn without_room_the_buckets_nearest_to_full_are_forgotten(store: Arc<dyn Store>) {
    for (number, minutes) in [(1, 30), (2, 10), (3, 20)] {
        assert_eq!(commit(&store, crowded(bucket(number), minutes)).await, [Outcome::Done]);
    }
    assert_eq!(commit(&store, crowded(bucket(4), 40)).await, [Outcome::Crowded]);
    assert_eq!(refusal(&store, crowded(bucket(1), 30)).await, limited(Duration::minutes(30)));
    assert_eq!(refusal(&store, crowded(bucket(4), 40)).await, limited(Duration::minutes(40)));
    assert_eq!(commit(&store, crowded(bucket(3), 20)).await, [Outcome::Done]);
}

pub async fn full_buckets_make_room_before_others(store: Arc<dyn Store>) {
    let crowded = |number, quota, now| UnitOfWork::new().take_from_bucket(bucket(number), quota, now, 3);
    for (number, quota) in [(1, ONE_AN_HOUR), (2, THREE), (3, THREE)] {
        commit(&store, crowded(number, quota, at(0))).await;
    }
    assert_eq!(commit(&store, crowded(4, ONE_AN_HOUR, at(100))).await, [Outcome::Done], "nothing was lost");
    let wait = Duration::seconds(3500);
    assert_eq!(refusal(&store, crowded(1, ONE_AN_HOUR, at(100))).await, limited(wait));
}

/// Security checklist: 67.
pub async fn the_room_of_one_limit_is_not_that_of_another(store: Arc<dyn Store>) {
    for number in 1..=3 {
        commit(&store, crowded(other_bucket(number), 1)).await;
        commit(&store, crowded(bucket(number), 90)).await;
    }
    for number in 4..=20 {
        commit(&store, crowded(bucket(number), 90)).await;
    }
    for number in 1..=3 {
        let wait = limited(Duration::minutes(1));
        assert_eq!(refusal(&store, crowded(other_bucket(number), 1)).await, wait, "{number}");
    }
    assert_eq!(commit(&store, crowded(other_bucket(4), 2)).await, [Outcome::Crowded], "it has its own");
    assert_eq!(refusal(&store, crowded(bucket(20), 90)).await, limited(Duration::minutes(90)));
}

pub async fn full_buckets_of_every_limit_are_forgotten(store: Arc<dyn Store>) {
    let two = |bucket, now| UnitOfWork::new().take_from_bucket(bucket, THREE, now, 2);
    commit(&store, two(other_bucket(1), at(0))).await;
    commit(&store, two(other_bucket(2), at(0))).await;
    assert_eq!(commit(&store, two(bucket(1), at(100))).await, [Outcome::Done]);
    // Were they still there, there would be no room; that they went shows if the clock goes back.
    assert_eq!(commit(&store, two(other_bucket(3), at(0))).await, [Outcome::Done]);
    assert_eq!(commit(&store, two(other_bucket(4), at(0))).await, [Outcome::Done]);
    assert_eq!(commit(&store, two(other_bucket(5), at(0))).await, [Outcome::Crowded]);
}

fn put_back(number: u8, quota: Quota, now: DateTime<Utc>) -> UnitOfWork {
    UnitOfWork::new().return_to_bucket(bucket(number), quota, now)
}

pub async fn what_is_returned_can_be_taken_again(store: Arc<dyn Store>) {
    exhaust(&store, 1, THREE, at(0)).await;
    exhaust(&store, 2, THREE, at(0)).await;
    assert_eq!(refusal(&store, put_back(1, THREE, at(0)).expect_user(NOBODY, 1)).await, USER_GONE);
    assert_eq!(exhaust(&store, 1, THREE, at(0)).await.0, 0, "it is not returned by a unit that fails");
    for returned in 1..=2 {
        for _ in 0..returned {
            assert_eq!(commit(&store, put_back(1, THREE, at(0))).await, [Outcome::Done]);
        }
        assert_eq!(exhaust(&store, 1, THREE, at(0)).await, (returned, limited(Duration::seconds(10))));
    }
    assert_eq!(exhaust(&store, 2, THREE, at(0)).await.0, 0, "others stay as they are");
    let both = put_back(2, THREE, at(0)).take_from_bucket(bucket(2), THREE, at(0), ROOM);
    assert_eq!(
        commit(&store, both).await,
        [Outcome::Done, Outcome::Done],
        "changes see what the unit did before them"
    );
    assert_eq!(exhaust(&store, 2, THREE, at(0)).await.0, 0);
}

pub async fn more_than_was_taken_cannot_be_returned(store: Arc<dyn Store>) {
    commit(&store, take(1, THREE, at(0))).await;
    for _ in 0..5 {
        assert_eq!(commit(&store, put_back(1, THREE, at(1))).await, [Outcome::Done]);
    }
    assert_eq!(exhaust(&store, 1, THREE, at(1)).await, (3, limited(Duration::seconds(10))));
    // One of a clock that was wrong counts as empty.
    exhaust(&store, 2, THREE, at(90_000)).await;
    commit(&store, put_back(2, THREE, at(0))).await;
    assert_eq!(exhaust(&store, 2, THREE, at(0)).await.0, 1);
}

pub async fn a_bucket_to_which_all_was_returned_makes_room(store: Arc<dyn Store>) {
    let crowded = |number| UnitOfWork::new().take_from_bucket(bucket(number), ONE_AN_HOUR, at(0), 2);
    commit(&store, crowded(1)).await;
    commit(&store, crowded(2)).await;
    commit(&store, put_back(1, ONE_AN_HOUR, at(0))).await;
    assert_eq!(commit(&store, crowded(3)).await, [Outcome::Done]);
    for number in [2, 3] {
        assert_eq!(refusal(&store, crowded(number)).await, limited(Duration::hours(1)), "{number}");
    }
}

async fn failed(store: &Arc<dyn Store>, user: UserId) -> (u32, u32) {
    let FailedAttempts { stranger, known } = credentials(store, user).await.failed_attempts;
    (stranger, known)
}

fn fail(user: impl Into<Option<UserId>>, client: ClientKind) -> UnitOfWork {
    UnitOfWork::new().count_failed_attempt(user.into(), client)
}

pub async fn failed_attempts_are_counted_by_who_made_them(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    assert_eq!(failed(&store, alice.id).await, (0, 0));
    for client in [ClientKind::Stranger, ClientKind::Known, ClientKind::Stranger] {
        assert_eq!(commit(&store, fail(alice.id, client)).await, [Outcome::Done]);
        assert_eq!(commit(&store, fail(NOBODY, client)).await, [Outcome::Done]);
        assert_eq!(commit(&store, fail(None, client)).await, [Outcome::Done]);
    }
    assert_eq!((failed(&store, alice.id).await, failed(&store, bob.id).await), ((2, 1), (0, 0)));
    let undone = fail(alice.id, ClientKind::Known).expect_user(NOBODY, 1);
    assert_eq!(refusal(&store, undone).await, USER_GONE);
    assert_eq!(failed(&store, alice.id).await, (2, 1));
    assert_eq!(user(&store, alice.id).await, alice, "that is nothing that its owner sees");
}

pub async fn a_success_needs_fewer_failures_and_clears_them_all(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    for client in [ClientKind::Stranger, ClientKind::Stranger, ClientKind::Known] {
        commit(&store, fail(alice.id, client)).await;
    }
    let clear = |client, below| UnitOfWork::new().clear_failed_attempts(alice.id, client, below);
    for (client, below) in [(ClientKind::Stranger, 2), (ClientKind::Stranger, 0), (ClientKind::Known, 1)] {
        assert_eq!(refusal(&store, clear(client, below)).await, TOO_MANY_FAILED, "{client:?} {below}");
    }
    assert_eq!(failed(&store, alice.id).await, (2, 1));
    assert_eq!(commit(&store, clear(ClientKind::Known, 2)).await, [Outcome::Done]);
    assert_eq!(failed(&store, alice.id).await, (0, 0));
    assert_eq!(commit(&store, clear(ClientKind::Stranger, 1)).await, [Outcome::Done]);
}

pub async fn a_new_password_clears_failures_and_has_the_version_that_it_made(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    assert_eq!(credentials(&store, alice.id).await.password_version, 1);
    let alice = update(&store, &alice, |values| values.active = false).await;
    commit(&store, fail(alice.id, ClientKind::Stranger)).await;
    commit(&store, fail(alice.id, ClientKind::Known)).await;
    commit(&store, UnitOfWork::new().set_password(alice.id, password("new"), alice.security_version, at(90)))
        .await;
    let kept = credentials(&store, alice.id).await;
    assert_eq!((kept.security_version, kept.password_version), (3, 3));
    assert_eq!(failed(&store, alice.id).await, (0, 0));
}

pub async fn nothing_else_makes_a_version_of_the_password(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let alice = update(&store, &alice, |values| values.email = address("other@example.com")).await;
    let work = UnitOfWork::new()
        .rehash(alice.id, password("costlier"), alice.security_version)
        .verify_email(alice.id, at(90))
        .revoke_sessions(alice.id, None)
        .revoke_tokens(alice.id);
    commit(&store, work).await;
    let kept = credentials(&store, alice.id).await;
    assert_eq!((kept.security_version, kept.password_version), (2, 1));
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

//! Pending registrations.

use std::sync::Arc;

use chrono::Duration;
use denizen_services::store::{CommitError, Outcome, Registration, Store, UniqueKey, UnitOfWork, UserFilter};

use crate::{
    contract::verbs::{
        NOBODY, QUEUE_FULL, TOKEN_GONE, USER_GONE, at, commit, find_registration, hash, insert, password,
        race, refusal, registration,
    },
    must, user_values,
};

const ROOM: u32 = 100;

/// The registration of `name` with this token.
fn put(name: &str, token: u8) -> UnitOfWork {
    UnitOfWork::new().put_registration(registration(name, token), ROOM)
}

fn attempt(token: u8, most: u32) -> UnitOfWork {
    UnitOfWork::new().try_registration(hash(token), at(1), most)
}

fn consume(token: u8) -> UnitOfWork {
    UnitOfWork::new().consume_registration(hash(token), at(1))
}

pub async fn a_registration_is_found_by_its_token_expired_or_not(store: Arc<dyn Store>) {
    assert_eq!(find_registration(&store, hash(1)).await, None);
    assert_eq!(commit(&store, put("alice", 1)).await, [Outcome::Done]);
    assert_eq!(find_registration(&store, hash(1)).await, Some(registration("alice", 1)));
    assert_eq!(find_registration(&store, hash(2)).await, None);
    assert_eq!(must(store.count_users(&UserFilter::default()).await), 0, "it is no user yet");
    let expired = Registration { expires_at: at(-1), ..registration("bob", 2) };
    commit(&store, UnitOfWork::new().put_registration(expired.clone(), ROOM)).await;
    assert_eq!(find_registration(&store, hash(2)).await, Some(expired), "no clock is asked");
}

pub async fn a_second_registration_replaces_the_first_and_its_token(store: Arc<dyn Store>) {
    commit(&store, put("alice", 1).put_registration(registration("bob", 3), ROOM)).await;
    commit(&store, attempt(1, 5)).await;
    let second = Registration { expires_at: at(7200), ..registration("alice", 2) };
    commit(&store, UnitOfWork::new().put_registration(second.clone(), ROOM)).await;
    assert_eq!(find_registration(&store, hash(1)).await, None, "there is one token at most");
    assert_eq!(refusal(&store, consume(1)).await, TOKEN_GONE);
    assert_eq!(refusal(&store, attempt(1, 5)).await, TOKEN_GONE);
    assert_eq!(find_registration(&store, hash(2)).await, Some(second.clone()), "with all its attempts");
    commit(&store, UnitOfWork::new().put_registration(second.clone(), ROOM)).await;
    assert_eq!(find_registration(&store, hash(2)).await, Some(second), "the same token again");
    assert_eq!(find_registration(&store, hash(3)).await, Some(registration("bob", 3)), "others keep theirs");
}

pub async fn a_registration_is_consumed_once(store: Arc<dyn Store>) {
    commit(&store, put("alice", 1).put_registration(registration("bob", 2), ROOM)).await;
    assert_eq!(refusal(&store, consume(3)).await, TOKEN_GONE);
    assert_eq!(refusal(&store, consume(1).expect_user(NOBODY, 1)).await, USER_GONE);
    assert_eq!(commit(&store, consume(1)).await, [Outcome::Done], "the unit that failed left it");
    assert_eq!(find_registration(&store, hash(1)).await, None);
    assert_eq!(refusal(&store, consume(1)).await, TOKEN_GONE);
    assert_eq!(refusal(&store, attempt(1, 5)).await, TOKEN_GONE);
    assert!(find_registration(&store, hash(2)).await.is_some(), "others keep theirs");
}

pub async fn a_registration_is_void_from_the_instant_it_expires(store: Arc<dyn Store>) {
    let expires_at = at(600) + Duration::microseconds(1);
    let expiring = Registration { expires_at, ..registration("alice", 1) };
    commit(&store, UnitOfWork::new().put_registration(expiring.clone(), ROOM)).await;
    for now in [expires_at, expires_at + Duration::days(1)] {
        let new = UnitOfWork::new;
        assert_eq!(refusal(&store, new().consume_registration(hash(1), now)).await, TOKEN_GONE);
        assert_eq!(refusal(&store, new().try_registration(hash(1), now, 5)).await, TOKEN_GONE);
    }
    assert_eq!(find_registration(&store, hash(1)).await, Some(expiring), "a refusal changes nothing");
    let before = expires_at - Duration::microseconds(1);
    commit(&store, UnitOfWork::new().try_registration(hash(1), before, 5)).await;
    commit(&store, UnitOfWork::new().consume_registration(hash(1), before)).await;
    assert_eq!(find_registration(&store, hash(1)).await, None);
}

/// Security checklist: 65.
pub async fn attempts_are_counted_until_there_are_no_more(store: Arc<dyn Store>) {
    commit(&store, put("alice", 1).put_registration(registration("bob", 2), ROOM)).await;
    assert_eq!(refusal(&store, attempt(1, 0)).await, TOKEN_GONE);
    assert_eq!(refusal(&store, attempt(1, 3).expect_user(NOBODY, 1)).await, USER_GONE);
    for remaining in [2, 1, 0] {
        assert_eq!(commit(&store, attempt(1, 3)).await, [Outcome::Count(remaining)]);
    }
    assert_eq!(refusal(&store, attempt(1, 3)).await, TOKEN_GONE);
    let tried = Registration { attempts: 3, ..registration("alice", 1) };
    assert_eq!(find_registration(&store, hash(1)).await, Some(tried));
    assert_eq!(find_registration(&store, hash(2)).await, Some(registration("bob", 2)));
    assert_eq!(commit(&store, consume(1)).await, [Outcome::Done], "the last attempt can be the right one");
}

/// Security checklist: 65.
pub async fn of_fifty_attempts_no_more_succeed_than_there_are(store: Arc<dyn Store>) {
    commit(&store, put("alice", 1)).await;
    assert_eq!(race(&store, 50, |_| attempt(1, 5), TOKEN_GONE).await, 5);
    let tried = Registration { attempts: 5, ..registration("alice", 1) };
    assert_eq!(find_registration(&store, hash(1)).await, Some(tried));
}

pub async fn only_new_registrations_need_room(store: Arc<dyn Store>) {
    let put = |name, token, capacity| UnitOfWork::new().put_registration(registration(name, token), capacity);
    let expired = Registration { expires_at: at(-1), ..registration("expired", 1) };
    commit(&store, UnitOfWork::new().put_registration(expired, 2)).await;
    commit(&store, put("alice", 2, 2)).await;
    for (token, capacity) in [(3, 2), (4, 1), (5, 0)] {
        assert_eq!(refusal(&store, put("bob", 9, capacity)).await, QUEUE_FULL, "{capacity}");
        commit(&store, put("ALICE", token, capacity)).await;
    }
    assert_eq!(find_registration(&store, hash(9)).await, None);
    assert_eq!(find_registration(&store, hash(5)).await, Some(registration("alice", 5)));
    commit(&store, consume(5)).await;
    commit(&store, put("bob", 9, 2)).await;
    assert_eq!(refusal(&store, put("carol", 6, 2)).await, QUEUE_FULL);
    commit(&store, consume(9).put_registration(registration("carol", 6), 2)).await;
}

pub async fn a_registration_asks_not_whether_the_user_is_there(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    commit(&store, put("alice", 1)).await;
    let sign_up = consume(1).insert_user(alice.values, Some(password("alice")), at(1));
    assert_eq!(refusal(&store, sign_up).await, CommitError::Conflict(UniqueKey::Username));
    assert!(find_registration(&store, hash(1)).await.is_some(), "nothing of the unit remains");
}

pub async fn of_fifty_confirmations_of_one_registration_one_succeeds(store: Arc<dyn Store>) {
    commit(&store, put("alice", 1)).await;
    let sign_up = |number: u8| consume(1).insert_user(user_values(&format!("alice_{number}")), None, at(1));
    assert_eq!(race(&store, 50, sign_up, TOKEN_GONE).await, 1);
    assert_eq!(must(store.count_users(&UserFilter::default()).await), 1);
    assert_eq!(find_registration(&store, hash(1)).await, None);
}

pub async fn registrations_that_race_for_one_address_become_one(store: Arc<dyn Store>) {
    let put = |token: u8| UnitOfWork::new().put_registration(registration("alice", token), 1);
    assert_eq!(race(&store, 50, put, QUEUE_FULL).await, 50);
    let mut kept = 0;
    for token in 0..50 {
        kept += usize::from(find_registration(&store, hash(token)).await.is_some());
    }
    assert_eq!(kept, 1);
}

pub async fn registrations_that_race_for_the_last_room_do_not_overfill_it(store: Arc<dyn Store>) {
    let put =
        |token: u8| UnitOfWork::new().put_registration(registration(&format!("user_{token}"), token), 7);
    assert_eq!(race(&store, 40, put, QUEUE_FULL).await, 7);
    let mut kept = 0;
    for token in 0..40 {
        kept += usize::from(find_registration(&store, hash(token)).await.is_some());
    }
    assert_eq!(kept, 7);
}

//! User names that were given up, and passwords that are documented.

use std::sync::Arc;

use denizen_models::UserId;
use denizen_services::store::{Purge, Store, UnitOfWork};

use super::purge::{NOTHING, purge};
use crate::{
    contract::verbs::{
        USER_GONE, at, commit, credentials, insert, is_reserved, name_key, password, refusal, user,
    },
    must,
};

async fn give_up(store: &Arc<dyn Store>, user: UserId, name: u8, seconds: i64) {
    commit(store, UnitOfWork::new().reserve_username(name_key(name), user, at(seconds), 3)).await;
}

/// Security checklist: 76.
pub async fn a_name_that_was_given_up_stays_its_former_owners(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    give_up(&store, alice.id, 1, 60).await;
    for other in [None, Some(bob.id)] {
        assert!(is_reserved(&store, 1, other, 59).await, "{other:?}");
        assert!(!is_reserved(&store, 1, other, 60).await, "its time is over: {other:?}");
    }
    assert!(!is_reserved(&store, 1, Some(alice.id), 59).await, "hers to take back");
    assert!(!is_reserved(&store, 2, None, 59).await, "another name");
}

/// Security checklist: 76.
pub async fn the_name_of_a_deleted_user_is_nobodys(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let work = UnitOfWork::new().delete_user(alice.id, None);
    commit(&store, work.reserve_username(name_key(1), alice.id, at(60), 3)).await;
    let again = insert(&store, "alice").await;
    for other in [None, Some(again.id)] {
        assert!(is_reserved(&store, 1, other, 59).await, "{other:?}");
    }
}

pub async fn of_the_names_of_one_user_the_newest_stay_reserved(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    give_up(&store, bob.id, 9, 0).await;
    // Not in the order of time: the clocks of two processes may differ.
    for (name, seconds) in [(1, 40), (2, 10), (3, 30), (4, 20)] {
        give_up(&store, alice.id, name, seconds).await;
    }
    let mut reserved = Vec::new();
    for name in [1, 2, 3, 4, 9] {
        if is_reserved(&store, name, None, -1).await {
            reserved.push(name);
        }
    }
    assert_eq!(reserved, [1, 3, 4, 9]);
    give_up(&store, alice.id, 4, 50).await;
    assert!(is_reserved(&store, 3, None, -1).await, "a name that is given up again is one name");
}

pub async fn a_name_is_reserved_for_whoever_gave_it_up_last(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    give_up(&store, alice.id, 1, 10).await;
    give_up(&store, bob.id, 1, 20).await;
    assert!(is_reserved(&store, 1, Some(alice.id), 0).await);
    assert!(!is_reserved(&store, 1, Some(bob.id), 0).await);
}

pub async fn names_are_removed_from_the_instant_on_that_is_asked_for(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    give_up(&store, alice.id, 1, 60).await;
    let until = |seconds| Purge { usernames_freed_until: at(seconds), ..NOTHING };
    assert_eq!(purge(&store, until(59)).await, 0);
    assert!(is_reserved(&store, 1, None, -1).await);
    assert_eq!(purge(&store, until(60)).await, 1);
    assert!(!is_reserved(&store, 1, None, -1).await);
}

/// Security checklist: 78.
pub async fn the_mark_of_a_documented_password_goes_with_the_password(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let marked = async || -> Vec<UserId> {
        must(store.list_sample_passwords().await).into_iter().map(|user| user.id).collect()
    };
    assert_eq!(marked().await, []);
    commit(&store, UnitOfWork::new().mark_sample_password(bob.id).mark_sample_password(alice.id)).await;
    assert_eq!(marked().await, [alice.id, bob.id]);
    assert_eq!(user(&store, alice.id).await, alice, "no version is raised");
    let version = credentials(&store, alice.id).await.security_version;
    commit(&store, UnitOfWork::new().rehash(alice.id, password("same"), version)).await;
    assert_eq!(marked().await, [alice.id, bob.id], "it is the same password");
    let work = UnitOfWork::new().set_password(alice.id, password("new"), version, at(1));
    assert_eq!(refusal(&store, work.clone().expect_user(alice.id, version)).await, USER_GONE);
    assert_eq!(marked().await, [alice.id, bob.id]);
    commit(&store, work).await;
    assert_eq!(marked().await, [bob.id]);
    commit(&store, UnitOfWork::new().delete_user(bob.id, None)).await;
    assert_eq!(marked().await, []);
}

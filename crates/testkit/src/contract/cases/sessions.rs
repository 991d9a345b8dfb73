use std::sync::Arc;

use chrono::Duration;
use denizen_services::{
    TokenHash,
    store::{NewSession, Outcome, Session, SessionId, SessionTouch, Store, UnitOfWork},
};

use crate::{
    contract::verbs::{NOBODY, USER_GONE, at, commit, find_session, hash, insert, open, refusal, session},
    must,
};

pub async fn touch(store: &Arc<dyn Store>, touches: &[(SessionId, i64)]) {
    let touches = touches.iter().map(|&(session, seconds)| SessionTouch { session, at: at(seconds) });
    must(store.touch_sessions(touches.collect()).await);
}

async fn last_seen(store: &Arc<dyn Store>, token: TokenHash) -> Option<Duration> {
    find_session(store, token).await.map(|session| session.last_seen_at - at(0))
}

/// Security checklist: 44.
pub async fn an_open_session_is_found_by_its_secret(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let opened = NewSession {
        ip: "2001:db8::7".parse().ok(),
        user_agent: Some("Lynx/2.9 (☎)".to_owned()),
        ..session(alice.id, hash(1))
    };
    assert!(opened.ip.is_some(), "{opened:?}");
    let work = UnitOfWork::new().insert_session(opened.clone());
    let id = must(must(store.commit(work).await).session());
    let expected = Session { id, last_seen_at: opened.created_at, opened };
    assert_eq!(find_session(&store, hash(1)).await, Some(expected));
    assert_eq!(find_session(&store, hash(2)).await, None);
}

pub async fn no_session_is_opened_for_a_user_who_is_not_there(store: Arc<dyn Store>) {
    let work = UnitOfWork::new().insert_session(session(NOBODY, hash(1)));
    assert_eq!(refusal(&store, work).await, USER_GONE);
    assert_eq!(find_session(&store, hash(1)).await, None);
}

pub async fn an_expired_session_is_still_found(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let expired = NewSession { expires_at: at(0), ..session(alice.id, hash(1)) };
    commit(&store, UnitOfWork::new().insert_session(expired)).await;
    assert!(find_session(&store, hash(1)).await.is_some(), "no clock is asked");
}

pub async fn revoking_ends_the_sessions_of_one_user(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    for byte in 1..=3 {
        open(&store, alice.id, hash(byte)).await;
    }
    open(&store, bob.id, hash(4)).await;
    let revoke = || UnitOfWork::new().revoke_sessions(alice.id, None);
    assert_eq!(commit(&store, revoke()).await, [Outcome::Count(3)]);
    for byte in 1..=3 {
        assert_eq!(find_session(&store, hash(byte)).await, None);
    }
    assert!(find_session(&store, hash(4)).await.is_some());
    assert_eq!(commit(&store, revoke()).await, [Outcome::Count(0)]);
}

pub async fn revoking_can_spare_one_session(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let mut sessions = Vec::new();
    for byte in 1..=3 {
        sessions.push(open(&store, alice.id, hash(byte)).await);
    }
    let foreign = open(&store, bob.id, hash(4)).await;
    let revoke = |except| UnitOfWork::new().revoke_sessions(alice.id, Some(except));
    assert_eq!(commit(&store, revoke(sessions[1])).await, [Outcome::Count(2)]);
    assert_eq!(find_session(&store, hash(1)).await, None);
    assert_eq!(find_session(&store, hash(2)).await.map(|session| session.id), Some(sessions[1]));
    assert_eq!(
        commit(&store, revoke(foreign)).await,
        [Outcome::Count(1)],
        "a foreign session spares nothing"
    );
    assert_eq!(find_session(&store, hash(2)).await, None);
    assert!(find_session(&store, hash(4)).await.is_some());
}

pub async fn touching_moves_sessions_forward_and_never_back(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let one = open(&store, alice.id, hash(1)).await;
    let two = open(&store, alice.id, hash(2)).await;
    let opened = find_session(&store, hash(1)).await.map(|session| session.opened);
    touch(&store, &[(one, 120), (two, 180)]).await;
    assert_eq!(last_seen(&store, hash(1)).await, Some(Duration::minutes(2)));
    assert_eq!(last_seen(&store, hash(2)).await, Some(Duration::minutes(3)));
    touch(&store, &[(one, 60), (two, 240), (one, -60)]).await;
    assert_eq!(last_seen(&store, hash(1)).await, Some(Duration::minutes(2)));
    assert_eq!(last_seen(&store, hash(2)).await, Some(Duration::minutes(4)));
    touch(&store, &[(one, 300), (one, 180)]).await;
    assert_eq!(last_seen(&store, hash(1)).await, Some(Duration::minutes(5)));
    assert_eq!(find_session(&store, hash(1)).await.map(|session| session.opened), opened);
    touch(&store, &[]).await;
}

/// Security checklist: 45.
pub async fn touching_never_revives_a_session(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let revoked = open(&store, alice.id, hash(1)).await;
    commit(&store, UnitOfWork::new().revoke_sessions(alice.id, None)).await;
    let open_one = open(&store, alice.id, hash(2)).await;
    touch(&store, &[(revoked, 60), (SessionId(i64::MAX), 60), (open_one, 120)]).await;
    assert_eq!(find_session(&store, hash(1)).await, None);
    assert_eq!(last_seen(&store, hash(2)).await, Some(Duration::minutes(2)), "the others are still touched");
}

pub async fn session_ids_only_grow_and_none_is_given_twice(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let mut last = open(&store, alice.id, hash(0)).await;
    for byte in 1..8 {
        if byte % 2 == 0 {
            commit(&store, UnitOfWork::new().revoke_sessions(alice.id, None)).await;
        }
        let next = open(&store, alice.id, hash(byte)).await;
        assert!(next > last, "{next:?} after {last:?}");
        last = next;
    }
}

pub async fn the_sessions_of_a_deleted_user_are_gone(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let session = open(&store, alice.id, hash(1)).await;
    open(&store, bob.id, hash(2)).await;
    commit(&store, UnitOfWork::new().delete_user(alice.id, None)).await;
    touch(&store, &[(session, 60)]).await;
    assert_eq!(find_session(&store, hash(1)).await, None);
    assert!(find_session(&store, hash(2)).await.is_some());
}

//! Sessions that are listed, and ended one by one.

use std::sync::Arc;

use chrono::Duration;
use denizen_models::UserId;
use denizen_services::store::{
    NewSession, Outcome, Session, SessionId, SessionTouch, SessionValidity, Store, UnitOfWork,
};
use tokio::task::JoinSet;

use super::sessions::touch;
use crate::{
    contract::verbs::{
        NOBODY, SESSION_GONE, USER_GONE, at, commit, find_session, hash, insert, open, race, refusal,
        session, session_ids,
    },
    must,
};

fn revoke(user: UserId, session: SessionId) -> UnitOfWork {
    UnitOfWork::new().revoke_session(user, session)
}

async fn trim(store: &Arc<dyn Store>, user: UserId, keep: u32) -> u64 {
    match commit(store, UnitOfWork::new().trim_sessions(user, keep)).await[..] {
        [Outcome::Count(ended)] => ended,
        ref outcomes => must(Err(format!("no count: {outcomes:?}"))),
    }
}

const MICRO: Duration = Duration::microseconds(1);

/// Opens so many sessions for `user`, with the hashes from `first` on.
async fn open_many(store: &Arc<dyn Store>, user: UserId, first: u8, number: u8) -> Vec<SessionId> {
    let mut ids = Vec::new();
    for byte in first..first + number {
        ids.push(open(store, user, hash(byte)).await);
    }
    ids
}

pub async fn the_sessions_of_a_user_are_listed_oldest_first(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let mut expected = Vec::new();
    for (byte, created, expires) in [(1, 30, 3600), (2, 10, 20), (3, 20, 7200)] {
        open(&store, bob.id, hash(byte + 10)).await;
        let opened = NewSession {
            created_at: at(created),
            expires_at: at(expires) + Duration::microseconds(1),
            ip: "192.0.2.7".parse().ok(),
            user_agent: Some(format!("browser {byte}")),
            ..session(alice.id, hash(byte))
        };
        let work = UnitOfWork::new().insert_session(opened.clone());
        let id = must(must(store.commit(work).await).session());
        expected.push(Session { id, last_seen_at: opened.created_at, opened });
    }
    touch(&store, &[(expected[1].id, 600)]).await;
    expected[1].last_seen_at = at(600);
    assert_eq!(must(store.list_sessions(alice.id).await), expected, "as they were opened, expired or not");
    assert_eq!(must(store.list_sessions(bob.id).await).len(), 3);
    assert_eq!(must(store.list_sessions(NOBODY).await), []);
    commit(&store, UnitOfWork::new().revoke_sessions(alice.id, Some(expected[2].id))).await;
    assert_eq!(must(store.list_sessions(alice.id).await), expected[2..]);
}

pub async fn ended_sessions_are_told_from_open_ones(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let mine = open_many(&store, alice.id, 1, 3).await;
    let theirs = open_many(&store, bob.id, 4, 2).await;
    let never = SessionId(i64::MAX);
    let all: Vec<_> = [&mine[..], &theirs[..], &[never]].concat();
    let ended = async |asked: &[SessionId]| ended(&store, asked, now()).await;
    assert_eq!(ended(&all).await, [never]);
    commit(&store, revoke(alice.id, mine[1])).await;
    assert_eq!(ended(&all).await, [mine[1], never]);
    commit(&store, UnitOfWork::new().delete_user(bob.id, None)).await;
    assert_eq!(ended(&all).await, [mine[1], theirs[0], theirs[1], never]);
    assert_eq!(ended(&[mine[0]]).await, [], "only those that are asked for");
    assert_eq!(ended(&[]).await, []);
}

/// Security checklist: 71.
pub async fn a_session_has_ended_at_the_very_instant_of_its_expiry(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let opened = NewSession { created_at: at(0), expires_at: at(600), ..session(alice.id, hash(1)) };
    let work = UnitOfWork::new().insert_session(opened);
    let id = must(must(store.commit(work).await).session());
    touch(&store, &[(id, 60)]).await;
    for (now, unseen_since, expected) in [
        (at(600) - MICRO, at(60) - MICRO, &[][..]),
        (at(600), at(60) - MICRO, &[id]),
        (at(600) - MICRO, at(60), &[id]),
        (at(9000), at(9000), &[id]),
    ] {
        assert_eq!(
            ended(&store, &[id], SessionValidity { now, unseen_since }).await,
            expected,
            "{now} {unseen_since}"
        );
    }
    assert!(find_session(&store, hash(1)).await.is_some(), "nothing is removed by asking");
}

fn now() -> SessionValidity {
    SessionValidity { now: at(0), unseen_since: at(-3600) }
}

/// In the order of their ids.
async fn ended(store: &Arc<dyn Store>, asked: &[SessionId], validity: SessionValidity) -> Vec<SessionId> {
    let mut ended = must(store.list_ended_sessions(asked, validity).await);
    ended.sort_unstable();
    ended.dedup();
    ended
}

pub async fn a_long_list_of_sessions_can_be_asked_for(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let open_one = open(&store, alice.id, hash(1)).await;
    let many: Vec<_> = (0..5000).map(|number| SessionId(i64::MAX - number)).chain([open_one]).collect();
    let gone = must(store.list_ended_sessions(&many, now()).await);
    assert_eq!((gone.len(), gone.contains(&open_one)), (5000, false));
}

pub async fn one_session_of_its_user_can_be_ended_once(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let mine = open_many(&store, alice.id, 1, 2).await;
    let theirs = open_many(&store, bob.id, 3, 1).await;
    for (user, session) in [(bob.id, mine[0]), (alice.id, theirs[0]), (NOBODY, mine[0])] {
        assert_eq!(refusal(&store, revoke(user, session)).await, SESSION_GONE, "{user}");
    }
    assert_eq!(refusal(&store, revoke(alice.id, SessionId(i64::MAX))).await, SESSION_GONE);
    assert_eq!(refusal(&store, revoke(alice.id, mine[0]).expect_user(NOBODY, 1)).await, USER_GONE);
    assert_eq!(session_ids(&store, alice.id).await, mine, "nothing is ended by a unit that fails");
    assert_eq!(commit(&store, revoke(alice.id, mine[0])).await, [Outcome::Done]);
    assert_eq!(find_session(&store, hash(1)).await, None);
    assert_eq!(session_ids(&store, alice.id).await, mine[1..]);
    assert_eq!(session_ids(&store, bob.id).await, theirs);
    assert_eq!(refusal(&store, revoke(alice.id, mine[0])).await, SESSION_GONE);
    let twice = revoke(alice.id, mine[1]).revoke_session(alice.id, mine[1]);
    assert_eq!(refusal(&store, twice).await, SESSION_GONE);
    assert_eq!(session_ids(&store, alice.id).await, mine[1..]);
}

pub async fn of_fifty_ends_of_one_session_one_succeeds(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let session = open(&store, alice.id, hash(1)).await;
    assert_eq!(race(&store, 50, |_| revoke(alice.id, session), SESSION_GONE).await, 1);
}

pub async fn touches_that_race_with_the_end_of_a_session_never_revive_it(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    for round in 0..20 {
        let session = open(&store, alice.id, hash(round)).await;
        let mut running = JoinSet::new();
        for seconds in 1..10 {
            let store = store.clone();
            let touched = SessionTouch { session, at: at(seconds) };
            running.spawn(async move { must(store.touch_sessions(vec![touched]).await) });
        }
        commit(&store, revoke(alice.id, session)).await;
        assert_eq!(find_session(&store, hash(round)).await, None, "round {round}");
        running.join_all().await;
        assert_eq!(find_session(&store, hash(round)).await, None, "round {round}");
        assert_eq!(must(store.list_ended_sessions(&[session], now()).await), [session], "round {round}");
    }
}

pub async fn the_sessions_used_longest_ago_are_trimmed(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    let mine = open_many(&store, alice.id, 1, 5).await;
    let theirs = open_many(&store, bob.id, 10, 5).await;
    touch(&store, &[(mine[0], 50), (mine[1], 20), (mine[2], 40), (mine[3], 10), (mine[4], 30)]).await;
    for keep in [5, 6, u32::MAX] {
        assert_eq!(trim(&store, alice.id, keep).await, 0);
    }
    assert_eq!(trim(&store, alice.id, 3).await, 2);
    assert_eq!(session_ids(&store, alice.id).await, [mine[0], mine[2], mine[4]]);
    assert_eq!((find_session(&store, hash(2)).await, find_session(&store, hash(4)).await), (None, None));
    assert_eq!(trim(&store, alice.id, 1).await, 2);
    assert_eq!(session_ids(&store, alice.id).await, [mine[0]], "the oldest, but the last one used");
    assert_eq!(trim(&store, alice.id, 0).await, 1);
    assert_eq!(session_ids(&store, alice.id).await, []);
    assert_eq!((trim(&store, alice.id, 0).await, trim(&store, NOBODY, 0).await), (0, 0));
    assert_eq!(session_ids(&store, bob.id).await, theirs);
}

pub async fn of_sessions_used_at_the_same_time_the_older_is_trimmed(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let mine = open_many(&store, alice.id, 1, 5).await;
    touch(&store, &[(mine[4], 60), (mine[3], 60), (mine[2], 60)]).await;
    assert_eq!(trim(&store, alice.id, 4).await, 1);
    assert_eq!(session_ids(&store, alice.id).await, mine[1..]);
    assert_eq!(trim(&store, alice.id, 2).await, 2);
    assert_eq!(session_ids(&store, alice.id).await, mine[3..]);
}

pub async fn a_session_that_was_just_opened_can_be_trimmed_for(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let mine = open_many(&store, alice.id, 1, 3).await;
    let newest = NewSession { created_at: at(5), ..session(alice.id, hash(9)) };
    let sign_in = UnitOfWork::new().insert_session(newest).trim_sessions(alice.id, 2);
    assert_eq!(refusal(&store, sign_in.clone().expect_user(NOBODY, 1)).await, USER_GONE);
    assert_eq!(session_ids(&store, alice.id).await, mine);
    let outcomes = commit(&store, sign_in).await;
    assert_eq!(outcomes[1], Outcome::Count(2));
    assert!(find_session(&store, hash(9)).await.is_some(), "changes see what the unit did before them");
    assert_eq!(session_ids(&store, alice.id).await[0], mine[2]);
}

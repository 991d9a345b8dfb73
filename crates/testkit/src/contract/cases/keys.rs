//! Service keys: kept, found, touched, revoked, and what units they may write.

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{DEFAULT_ROLE, KeyScope};
use denizen_services::{
    AccessContext, Actor,
    store::{
        AuditEvent, AuditKind, CommitError, KeyId, KeyTouch, Needs, NewKey, Precondition, ServiceKey,
        SessionValidity, Store, UnitOfWork,
    },
};

use super::units::{for_each_example, join};
use crate::{
    contract::{
        examples::{Example, event},
        verbs::{
            KEY_GONE, NO_ROOM_FOR_KEYS, NOBODY, at, audit, commit, create_key, find_key, hash, insert,
            key_created, open, race, refusal, service_key, snapshot,
        },
    },
    must,
};

const NOT_LIVE: CommitError = CommitError::PreconditionFailed(Precondition::Actor);
const NO_SCOPE: CommitError = CommitError::PreconditionFailed(Precondition::Role);
const WRITE: &[KeyScope] = &[KeyScope::UsersWrite];
const WRITE_ALL: &[KeyScope] = &[KeyScope::UsersWrite, KeyScope::AppMetadataWrite];

fn revoke(key: KeyId) -> UnitOfWork {
    UnitOfWork::new().revoke_key(key)
}

async fn touch(store: &Arc<dyn Store>, touches: &[(KeyId, i64)]) {
    let touches = touches.iter().map(|&(key, seconds)| KeyTouch { key, at: at(seconds) });
    must(store.touch_keys(touches.collect()).await);
}

async fn last_used(store: &Arc<dyn Store>, byte: u8) -> Option<Duration> {
    find_key(store, hash(byte)).await.and_then(|key| key.last_used_at).map(|used| used - at(0))
}

/// The context of a request with this key, which says of itself that it has these scopes.
fn request_of(key: KeyId, scopes: &[KeyScope]) -> AccessContext {
    AccessContext { actor: Actor::Service { key, scopes: scopes.to_vec() }, ..AccessContext::anonymous() }
}

/// So many seconds after the keys were created.
fn after(seconds: i64) -> SessionValidity {
    SessionValidity { now: at(seconds), unseen_since: at(seconds - 3600) }
}

fn by(context: &AccessContext, scopes: &'static [KeyScope]) -> UnitOfWork {
    must(UnitOfWork::by(context, Needs::Scopes(scopes), after(10)))
}

/// Security checklist: 79.
pub async fn a_service_key_is_kept_as_it_was_created(store: Arc<dyn Store>) {
    let mut expected = Vec::new();
    for (byte, created) in [
        (1, service_key(1, &KeyScope::ALL)),
        (2, NewKey { expires_at: None, ..service_key(2, &[KeyScope::UsersRead]) }),
        (
            3,
            NewKey {
                name: "Ünï \"☎\" ' --".to_owned(), expires_at: Some(at(-1)), ..service_key(3, WRITE)
            },
        ),
    ] {
        let work = UnitOfWork::new().insert_key(created.clone(), 1000, key_created());
        let id = must(must(store.commit(work).await).key());
        let key = ServiceKey { id, created, last_used_at: None };
        assert_eq!(find_key(&store, hash(byte)).await, Some(key.clone()), "no clock is asked");
        expected.push(key);
    }
    assert_eq!(must(store.list_keys().await), expected, "as they were created");
    assert_eq!(find_key(&store, hash(4)).await, None);
}

pub async fn the_record_of_a_new_key_has_its_number(store: Arc<dyn Store>) {
    let id = create_key(&store, 1, WRITE).await;
    let revoked = AuditEvent { key: Some(id), ..event(NOBODY) };
    commit(&store, revoke(id).record(revoked)).await;
    let records: Vec<_> = audit(&store).await.into_iter().map(|event| (event.kind, event.key)).collect();
    assert_eq!(records, [(AuditKind::UserUpdated, Some(id)), (AuditKind::KeyCreated, Some(id))]);
}

/// Security checklist: 79.
pub async fn a_revoked_key_is_gone(store: Arc<dyn Store>) {
    let (one, two) = (create_key(&store, 1, WRITE).await, create_key(&store, 2, WRITE).await);
    commit(&store, revoke(one)).await;
    assert_eq!(find_key(&store, hash(1)).await, None);
    assert_eq!(must(store.list_keys().await).into_iter().map(|key| key.id).collect::<Vec<_>>(), [two]);
    assert_eq!(refusal(&store, revoke(one)).await, KEY_GONE);
    touch(&store, &[(one, 60), (two, 60)]).await;
    assert_eq!(find_key(&store, hash(1)).await, None, "a late touch revives nothing");
    assert_eq!(last_used(&store, 2).await, Some(Duration::minutes(1)));
}

pub async fn the_numbers_of_keys_only_grow(store: Arc<dyn Store>) {
    let mut last = create_key(&store, 0, WRITE).await;
    for byte in 1..6 {
        if byte % 2 == 0 {
            commit(&store, revoke(last)).await;
        }
        let next = create_key(&store, byte, WRITE).await;
        assert!(next > last, "{next:?} after {last:?}");
        last = next;
    }
    commit(&store, UnitOfWork::new().skip_ids(1000)).await;
    let after = create_key(&store, 9, WRITE).await;
    assert!(after.0 > last.0 + 1000, "{after:?} after {last:?}");
}

pub async fn keys_that_race_for_the_last_room_do_not_overfill_it(store: Arc<dyn Store>) {
    create_key(&store, 0, WRITE).await;
    let insert = |byte| UnitOfWork::new().insert_key(service_key(byte + 1, WRITE), 3, key_created());
    assert_eq!(race(&store, 20, insert, NO_ROOM_FOR_KEYS).await, 2);
    assert_eq!(must(store.list_keys().await).len(), 3);
    assert_eq!(audit(&store).await.len(), 3, "one record for each key that there is");
}

pub async fn touching_moves_keys_forward_and_never_back(store: Arc<dyn Store>) {
    let (one, two) = (create_key(&store, 1, WRITE).await, create_key(&store, 2, WRITE).await);
    touch(&store, &[(one, 120), (two, 180)]).await;
    touch(&store, &[(one, 60), (two, 240), (KeyId(i64::MAX), 60)]).await;
    assert_eq!(last_used(&store, 1).await, Some(Duration::minutes(2)));
    assert_eq!(last_used(&store, 2).await, Some(Duration::minutes(4)));
    touch(&store, &[]).await;
}

pub async fn a_session_is_found_by_its_number(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let (one, two) = (open(&store, alice.id, hash(1)).await, open(&store, alice.id, hash(2)).await);
    let found = must(store.find_session_by_id(two).await);
    assert_eq!(found.as_ref().map(|session| (session.id, session.opened.token)), Some((two, hash(2))));
    assert_eq!(found, must(store.find_session(&hash(2)).await));
    commit(&store, UnitOfWork::new().revoke_sessions(alice.id, Some(one))).await;
    assert_eq!(must(store.find_session_by_id(two).await), None);
    assert!(must(store.find_session_by_id(one).await).is_some());
}

/// Security checklist: 63, 79.
pub async fn a_key_with_the_scope_writes_until_it_expires(store: Arc<dyn Store>) {
    let key = create_key(&store, 1, WRITE_ALL).await;
    let context = request_of(key, WRITE_ALL);
    let moment = Duration::microseconds(1);
    for scopes in [WRITE, WRITE_ALL, &[]] {
        commit(&store, by(&context, scopes).record(event(NOBODY))).await;
    }
    for (now, expected) in [(at(3600) - moment, Ok(())), (at(3600), Err(NOT_LIVE)), (at(9000), Err(NOT_LIVE))]
    {
        let work = must(UnitOfWork::by(&context, Needs::Scopes(WRITE), SessionValidity { now, ..after(0) }));
        assert_eq!(store.commit(work.record(event(NOBODY))).await.map(|_| ()), expected, "{now}");
    }
    let endless = NewKey { expires_at: None, ..service_key(2, WRITE) };
    let work = UnitOfWork::new().insert_key(endless, 1000, key_created());
    let endless = must(must(store.commit(work).await).key());
    let work = must(UnitOfWork::by(&request_of(endless, WRITE), Needs::Scopes(WRITE), after(1_000_000_000)));
    commit(&store, work.record(event(NOBODY))).await;
    let names: Vec<_> = audit(&store).await.into_iter().map(|event| event.actor).collect();
    assert_eq!(names.len(), 7, "{names:?}");
}

/// Security checklist: 63, 79.
pub async fn every_change_waits_for_a_key_that_is_not_revoked(store: Arc<dyn Store>) {
    let gone = create_key(&store, 250, WRITE).await;
    commit(&store, revoke(gone)).await;
    for_each_example(&store, async |_, Example { variant, works, gives, .. }| {
        let before = snapshot(&store).await;
        let work = join(by(&request_of(gone, WRITE), WRITE), &works);
        assert_eq!(refusal(&store, work).await, NOT_LIVE, "{variant}");
        assert_eq!(snapshot(&store).await, before, "{variant}");
        let live = create_key(&store, 250, WRITE).await;
        let outcomes = commit(&store, join(by(&request_of(live, WRITE), WRITE), &works)).await;
        assert!(outcomes.iter().all(gives), "{variant}: {outcomes:?}");
        commit(&store, revoke(live)).await;
    })
    .await;
}

/// Security checklist: 63, 79.
pub async fn a_key_has_the_scopes_of_its_row_and_no_others(store: Arc<dyn Store>) {
    let reader = create_key(&store, 1, &[KeyScope::UsersRead]).await;
    let writer = create_key(&store, 2, WRITE).await;
    // What the context claims is not enough; nor are all scopes but one.
    for (key, scopes) in [(reader, WRITE), (writer, WRITE_ALL)] {
        let before = snapshot(&store).await;
        let work = by(&request_of(key, &KeyScope::ALL), scopes).expect_user(NOBODY, 1);
        assert_eq!(refusal(&store, work).await, NO_SCOPE, "before the target");
        assert_eq!(snapshot(&store).await, before);
    }
    commit(&store, revoke(reader)).await;
    let work = by(&request_of(reader, &KeyScope::ALL), WRITE).expect_user(NOBODY, 1);
    assert_eq!(refusal(&store, work).await, NOT_LIVE, "the key comes before its scopes");
}

/// Security checklist: 63, 79.
pub async fn no_key_begins_a_unit_of_a_user(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let key = create_key(&store, 1, &KeyScope::ALL).await;
    let context = request_of(key, &KeyScope::ALL);
    for needs in [Needs::Session, Needs::Admin, Needs::SelfOrAdmin(alice.id), Needs::Operator] {
        assert_eq!(UnitOfWork::by(&context, needs, after(10)), Err(Precondition::Role), "{needs:?}");
    }
    let narrowed = UnitOfWork::by(&request_of(key, &[]), Needs::Scopes(WRITE), after(10));
    assert_eq!(narrowed, Err(Precondition::Role));
    let (id, username) = (alice.id, alice.values.username);
    let actor = Actor::External { id, username, roles: vec![DEFAULT_ROLE.to_owned()] };
    let user = AccessContext { actor, ..AccessContext::anonymous() };
    assert_eq!(UnitOfWork::by(&user, Needs::Scopes(&[]), after(10)), Err(Precondition::Role));
}

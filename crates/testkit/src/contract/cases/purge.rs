//! What is of no use any more is removed, and nothing else.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use denizen_models::UserId;
use denizen_services::store::{
    AuditEvent, AuditQuery, MailQuery, NewMailJob, NewSession, Outcome, Purge, Registration, Store,
    UnitOfWork,
};

use super::{
    mail_queue::{dead, enqueue, finish, lease, request, retry},
    sessions::touch,
};
use crate::{
    contract::{
        examples::{event, everything_before, notice},
        verbs::{
            NOBODY, RESET, TOKEN_GONE, USER_GONE, at, audit, commit, find_registration, find_session, hash,
            insert, is_reserved, mail_jobs, name_key, refusal, registration, registration_by_token, session,
            session_ids, snapshot, token, user,
        },
    },
    must, user_values,
};

/// Long before everything in the suite.
const NEVER: DateTime<Utc> = DateTime::UNIX_EPOCH;
const MICRO: Duration = Duration::microseconds(1);

/// Removes nothing; each case says what it is about.
pub const NOTHING: Purge = Purge {
    expired_at: NEVER,
    sessions_unseen_since: NEVER,
    dead_mail_before: NEVER,
    audit_before: None,
    mail_due_by: DateTime::<Utc>::MAX_UTC,
    usernames_freed_until: NEVER,
    limit: u32::MAX,
};

pub async fn purge(store: &Arc<dyn Store>, purge: Purge) -> u64 {
    match commit(store, UnitOfWork::new().purge(purge)).await[..] {
        [Outcome::Count(removed)] => removed,
        ref outcomes => must(Err(format!("no count: {outcomes:?}"))),
    }
}

fn expiring(user: UserId, byte: u8, expires_at: DateTime<Utc>) -> NewSession {
    NewSession { expires_at, ..session(user, hash(byte)) }
}

/// Something of everything that can expire, at this instant.
fn all_expiring(user: UserId, byte: u8, instant: DateTime<Utc>) -> UnitOfWork {
    let name = format!("waiting_{byte}");
    UnitOfWork::new()
        .put_token(user, RESET, hash(byte), instant)
        .insert_session(expiring(user, byte, instant))
        .put_registration(registration(&name), 100)
        .put_registration_token(&user_values(&name).email, hash(byte), instant)
}

pub async fn what_expires_is_removed_from_the_instant_on(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    commit(&store, all_expiring(alice.id, 1, at(60))).await;
    commit(&store, all_expiring(bob.id, 2, at(60) + MICRO)).await;
    let waiting = Registration { expires_at: at(60), ..registration("never_mailed") };
    commit(&store, UnitOfWork::new().put_registration(waiting, 100)).await;
    let expired = |expired_at| Purge { expired_at, ..NOTHING };
    assert_eq!(purge(&store, expired(at(60) - MICRO)).await, 0);
    assert_eq!(purge(&store, expired(at(60))).await, 4);
    assert_eq!(token(&store, hash(1)).await, None);
    assert_eq!(find_session(&store, hash(1)).await, None);
    assert_eq!(session_ids(&store, alice.id).await, []);
    assert_eq!(registration_by_token(&store, hash(1)).await, None);
    assert_eq!(find_registration(&store, "waiting_1@example.com").await, None);
    assert_eq!(find_registration(&store, "never_mailed@example.com").await, None);
    assert!(token(&store, hash(2)).await.is_some() && find_session(&store, hash(2)).await.is_some());
    assert!(registration_by_token(&store, hash(2)).await.is_some());
    assert_eq!(purge(&store, expired(at(60))).await, 0);
    let consume = UnitOfWork::new().consume_token(alice.id, RESET, hash(1), at(1));
    assert_eq!(refusal(&store, consume).await, TOKEN_GONE);
    assert_eq!(commit(&store, UnitOfWork::new().revoke_tokens(alice.id)).await, [Outcome::Count(0)]);
    commit(&store, all_expiring(alice.id, 1, at(90))).await;
    assert!(token(&store, hash(1)).await.is_some(), "there can be new ones");
    assert_eq!(user(&store, alice.id).await, alice);
}

pub async fn sessions_that_were_not_seen_since_are_removed(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let mut ids = Vec::new();
    for byte in 1..=4 {
        let work = UnitOfWork::new().insert_session(expiring(alice.id, byte, at(9_000)));
        ids.push(must(must(store.commit(work).await).session()));
    }
    touch(&store, &[(ids[1], 60), (ids[2], 120)]).await;
    let unseen = |sessions_unseen_since| Purge { sessions_unseen_since, ..NOTHING };
    assert_eq!(purge(&store, unseen(at(0))).await, 0);
    assert_eq!(purge(&store, unseen(at(60))).await, 2, "but not the one seen at that instant");
    assert_eq!(session_ids(&store, alice.id).await, ids[1..3]);
    assert_eq!((find_session(&store, hash(1)).await, find_session(&store, hash(4)).await), (None, None));
    assert_eq!(purge(&store, unseen(at(60) + MICRO)).await, 1);
    assert_eq!(session_ids(&store, alice.id).await, [ids[2]]);
    let both = Purge { expired_at: at(9_000), ..unseen(at(9_000)) };
    assert_eq!(purge(&store, both).await, 1, "one that is both is counted once");
}

pub async fn old_dead_mail_is_removed_and_none_that_waits(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let dying = enqueue(&store, request("dying@example.com", 60, 10)).await;
    let told = enqueue(&store, NewMailJob { at: at(60), ..notice(alice.id) }).await;
    let renewed = enqueue(&store, request("renewed@example.com", 60, 10)).await;
    let retried = enqueue(&store, request("retried@example.com", 60, 10)).await;
    for job in lease(&store, 1, 60).await {
        let outcome = if job.lease.job == retried { retry(500) } else { dead() };
        assert!(finish(&store, &job, outcome).await, "{job:?}");
    }
    enqueue(&store, request("renewed@example.com", 61, 10)).await;
    let before = |dead_mail_before| Purge { dead_mail_before, ..NOTHING };
    assert_eq!(purge(&store, before(at(60))).await, 0, "what was asked for at that instant is not older");
    assert_eq!(purge(&store, before(at(60) + MICRO)).await, 2);
    let left: Vec<_> = mail_jobs(&store).await.into_iter().map(|job| job.id).collect();
    assert_eq!(left, [renewed, retried], "gone: {dying:?} and {told:?}");
    for job in lease(&store, 2, 61).await {
        assert!(finish(&store, &job, dead()).await, "{job:?}");
    }
    assert_eq!(purge(&store, before(at(61))).await, 0, "it is as old as its newest request");
    let anew = enqueue(&store, request("dying@example.com", 90, 10)).await;
    assert!(anew > retried, "its address can ask again");
}

/// Security checklist: 60.
pub async fn the_audit_trail_is_kept_until_its_time_or_forever(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let earliest = async || must(store.find_earliest_audit_time().await);
    assert_eq!(earliest().await, None);
    for seconds in [20, 10, 30] {
        commit(&store, UnitOfWork::new().record(AuditEvent { at: at(seconds), ..event(alice.id) })).await;
    }
    let (far, of_audit) = (at(1_000_000), |audit_before| Purge { audit_before, ..NOTHING });
    let all_else = Purge { expired_at: far, sessions_unseen_since: far, dead_mail_before: far, ..NOTHING };
    assert_eq!(purge(&store, all_else).await, 0);
    assert_eq!(purge(&store, of_audit(Some(at(10)))).await, 0);
    assert_eq!(earliest().await, Some(at(10)), "whatever came first");
    assert_eq!(purge(&store, of_audit(Some(at(20) + MICRO))).await, 2);
    assert_eq!(earliest().await, Some(at(30)));
    assert_eq!(audit(&store).await.iter().map(|event| event.at).collect::<Vec<_>>(), [at(30)]);
    let newest = async || must(store.list_audit_records(&AuditQuery::newest(1)).await).pop();
    let last = newest().await.map(|record| record.id);
    assert_eq!(purge(&store, of_audit(Some(far))).await, 1);
    commit(&store, UnitOfWork::new().record(event(alice.id))).await;
    assert!(newest().await.map(|record| record.id) > last, "no number is given twice");
}

pub async fn a_purge_removes_no_more_of_each_than_its_limit_and_the_oldest_first(store: Arc<dyn Store>) {
    let names = ["alice", "bob", "carol", "dave"];
    let mut dying = Vec::new();
    for (byte, name) in (0..4).zip(names) {
        let user = insert(&store, name).await.id;
        // Not in the order in which they came.
        let age = i64::from([3_u8, 1, 4, 2][usize::from(byte)]);
        commit(&store, all_expiring(user, byte, at(age))).await;
        let unseen = NewSession { created_at: at(-age), ..expiring(user, byte + 10, at(9_000)) };
        commit(&store, UnitOfWork::new().insert_session(unseen)).await;
        let audited = UnitOfWork::new().record(AuditEvent { at: at(age), ..event(user) });
        commit(&store, audited.reserve_username(name_key(byte), user, at(age), 3)).await;
        dying.push(enqueue(&store, request(&format!("{name}@example.com"), age, 10)).await);
    }
    for job in lease(&store, 1, 60).await {
        assert!(finish(&store, &job, dead()).await, "{job:?}");
    }
    let limited = |limit| Purge { limit, sessions_unseen_since: at(0), ..everything_before(at(60)) };
    assert_eq!(purge(&store, limited(0)).await, 0);
    assert_eq!(purge(&store, limited(2)).await, 14, "of seven things");
    let left = |found: Vec<bool>| {
        let left = found.into_iter().zip(names).filter(|(found, _)| *found);
        left.map(|(_, name)| name).collect::<Vec<_>>()
    };
    let (mut tokens, mut expired, mut unseen, mut registrations, mut freed) =
        (vec![], vec![], vec![], vec![], vec![]);
    for byte in 0..4 {
        tokens.push(token(&store, hash(byte)).await.is_some());
        expired.push(find_session(&store, hash(byte)).await.is_some());
        unseen.push(find_session(&store, hash(byte + 10)).await.is_some());
        registrations.push(registration_by_token(&store, hash(byte)).await.is_some());
        freed.push(is_reserved(&store, byte, None, -9).await);
    }
    assert_eq!(left(tokens), ["alice", "carol"]);
    assert_eq!(left(expired), ["alice", "carol"]);
    assert_eq!(left(registrations), ["alice", "carol"]);
    assert_eq!(left(unseen), ["bob", "dave"]);
    assert_eq!(left(freed), ["alice", "carol"]);
    assert_eq!(audit(&store).await.iter().map(|event| event.at).collect::<Vec<_>>(), [at(4), at(3)]);
    let jobs: Vec<_> = mail_jobs(&store).await.into_iter().map(|job| job.id).collect();
    assert_eq!(jobs, [dying[0], dying[2]]);
    assert_eq!(purge(&store, limited(3)).await, 14);
    assert_eq!(purge(&store, limited(3)).await, 0);
}

pub async fn a_purge_is_taken_back_when_its_unit_fails(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    commit(&store, all_expiring(alice.id, 1, at(1)).record(event(alice.id))).await;
    enqueue(&store, request("alice@example.com", 0, 1)).await;
    let job = lease(&store, 1, 0).await.remove(0);
    assert!(finish(&store, &job, dead()).await);
    let before = snapshot(&store).await;
    let work = UnitOfWork::new().purge(everything_before(at(60)));
    assert_eq!(refusal(&store, work.clone().expect_user(NOBODY, 1)).await, USER_GONE);
    assert_eq!(snapshot(&store).await, before);
    assert_eq!(commit(&store, work).await, [Outcome::Count(5)]);
    assert_eq!(must(store.list_mail_jobs(&MailQuery::oldest(10)).await), []);
}

/// Security checklist: 69.
pub async fn mails_that_were_put_off_too_far_are_due_at_once(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    for (name, seconds) in [("one", 0), ("two", 900), ("three", 901), ("four", 90_000)] {
        enqueue(&store, request(&format!("{name}@example.com"), seconds, 10)).await;
    }
    enqueue(&store, NewMailJob { at: at(90_000), ..notice(alice.id) }).await;
    let job = lease(&store, 1, 901).await.remove(2);
    assert!(finish(&store, &job, dead()).await);
    let due = async || mail_jobs(&store).await.iter().map(|job| job.due_at).collect::<Vec<_>>();
    let put_off = Purge { expired_at: at(9), mail_due_by: at(900), limit: 1, ..NOTHING };
    assert_eq!(purge(&store, put_off).await, 1, "no more than the limit at once");
    assert_eq!(due().await, [at(0), at(900), at(901), at(9), at(90_000)], "the dead one is left alone");
    assert_eq!(purge(&store, Purge { limit: 9, ..put_off }).await, 1);
    assert_eq!(due().await, [at(0), at(900), at(901), at(9), at(9)]);
    assert_eq!(purge(&store, Purge { limit: 9, ..put_off }).await, 0);
}

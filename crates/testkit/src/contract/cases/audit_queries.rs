//! Choosing from the audit trail, and paging through it.

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{User, UserId};
use denizen_services::{
    AccessContext,
    store::{AuditEvent, AuditId, AuditKind, AuditQuery, AuditRecord, Store, UnitOfWork, actor_name},
};
use tokio::task::JoinSet;

use crate::{
    contract::verbs::{NOBODY, at, commit, insert, signed_in},
    must,
};

async fn records(store: &Arc<dyn Store>, query: &AuditQuery) -> Vec<AuditRecord> {
    must(store.list_audit_records(query).await)
}

fn all() -> AuditQuery {
    AuditQuery::newest(1000)
}

fn by(user: &User) -> AccessContext {
    AccessContext { actor: signed_in(user), ..AccessContext::system() }
}

/// Records events that differ in everything that can be asked for, and returns their records, newest first.
async fn record_many(store: &Arc<dyn Store>) -> (UserId, UserId, Vec<AuditRecord>) {
    let (alice, bob) = (insert(store, "alice").await, insert(store, "bob").await);
    let contexts = [AccessContext::anonymous(), AccessContext::system(), by(&alice), by(&bob)];
    let (alice, bob) = (alice.id, bob.id);
    let targets = [Some(alice), Some(bob), None];
    let kinds = [AuditKind::LoginFailed, AuditKind::UserUpdated];
    let mut seconds = 0;
    for context in &contexts {
        for target in targets {
            for kind in kinds {
                let event = AuditEvent::untargeted(kind, context, at(seconds));
                let event = AuditEvent { target: target.map(Into::into), ..event };
                commit(store, UnitOfWork::new().record(event)).await;
                seconds += 10;
            }
        }
    }
    let records = records(store, &all()).await;
    assert_eq!(records.len(), contexts.len() * targets.len() * kinds.len());
    assert!(records.is_sorted_by(|one, next| one.id > next.id), "{records:?}");
    (alice, bob, records)
}

/// Asks, and compares with what the records themselves say.
async fn is_answered(store: &Arc<dyn Store>, all: &[AuditRecord], query: AuditQuery, number: usize) {
    let expected: Vec<_> = all.iter().filter(|record| query.matches(record)).cloned().collect();
    assert_eq!(expected.len(), number, "{query:?}");
    assert_eq!(records(store, &query).await, expected, "{query:?}");
    let limited = AuditQuery { limit: number / 2, ..query };
    assert_eq!(records(store, &limited).await, expected[..number / 2], "{limited:?}");
}

pub async fn the_audit_trail_is_chosen_from_by_each_filter(store: Arc<dyn Store>) {
    let (alice, _, records) = record_many(&store).await;
    let ask = async |query, number| is_answered(&store, &records, query, number).await;
    ask(all(), 24).await;
    ask(AuditQuery { kind: Some(AuditKind::LoginFailed), ..all() }, 12).await;
    ask(AuditQuery { kind: Some(AuditKind::MailDropped), ..all() }, 0).await;
    ask(AuditQuery { actor: Some(actor_name(alice)), ..all() }, 6).await;
    ask(AuditQuery { actor: Some("anonymous".to_owned()), ..all() }, 6).await;
    for actor in ["user:", "user:%", "ANONYMOUS", "", "cli"] {
        ask(AuditQuery { actor: Some(actor.to_owned()), ..all() }, 0).await;
    }
    ask(AuditQuery { target: Some(alice), ..all() }, 8).await;
    ask(AuditQuery { target: Some(NOBODY), ..all() }, 0).await;
    ask(AuditQuery { before: Some(records[10].id), ..all() }, 13).await;
    ask(AuditQuery { before: Some(records[23].id), ..all() }, 0).await;
    ask(AuditQuery { before: Some(AuditId(i64::MAX)), ..all() }, 24).await;
}

pub async fn a_span_of_the_audit_trail_begins_with_its_first_and_ends_before_its_last_instant(
    store: Arc<dyn Store>,
) {
    let (_, _, records) = record_many(&store).await;
    let micro = Duration::microseconds(1);
    let ask = async |since, until, number| {
        is_answered(&store, &records, AuditQuery { since, until, ..all() }, number).await;
    };
    ask(Some(at(100)), None, 14).await;
    ask(Some(at(100) + micro), None, 13).await;
    ask(None, Some(at(100)), 10).await;
    ask(None, Some(at(100) + micro), 11).await;
    ask(Some(at(100)), Some(at(150)), 5).await;
    ask(Some(at(100)), Some(at(100)), 0).await;
    ask(Some(at(150)), Some(at(100)), 0).await;
    ask(Some(at(1000)), None, 0).await;
}

pub async fn filters_of_the_audit_trail_can_be_combined(store: Arc<dyn Store>) {
    let (alice, bob, records) = record_many(&store).await;
    let ask = async |query, number| is_answered(&store, &records, query, number).await;
    let kind = Some(AuditKind::UserUpdated);
    let of_alice = AuditQuery { actor: Some(actor_name(alice)), kind, ..all() };
    ask(of_alice.clone(), 3).await;
    ask(AuditQuery { target: Some(bob), ..of_alice.clone() }, 1).await;
    ask(AuditQuery { target: Some(bob), kind, ..all() }, 4).await;
    ask(AuditQuery { target: Some(bob), since: Some(at(60)), until: Some(at(151)), kind, ..all() }, 2).await;
    ask(AuditQuery { before: Some(records[8].id), since: Some(at(100)), ..all() }, 5).await;
    let everything = AuditQuery {
        target: Some(bob),
        since: Some(at(150)),
        until: Some(at(151)),
        before: Some(AuditId(records[8].id.0 + 1)),
        ..of_alice
    };
    ask(everything.clone(), 1).await;
    ask(AuditQuery { before: Some(records[8].id), ..everything }, 0).await;
}

pub async fn the_newest_record_is_the_last_one_whatever_the_clock_said(store: Arc<dyn Store>) {
    for hours in [50, 10, 30] {
        let when = at(0) + Duration::hours(hours);
        let event = AuditEvent::untargeted(AuditKind::LoginFailed, &AccessContext::system(), when);
        commit(&store, UnitOfWork::new().record(event.clone()).record(event)).await;
    }
    let hours = async |since: Option<i64>, until: Option<i64>| {
        let instant = |hours: Option<i64>| hours.map(|hours| at(0) + Duration::hours(hours));
        let query = AuditQuery { since: instant(since), until: instant(until), ..all() };
        let records = records(&store, &query).await.into_iter();
        records.map(|record| (record.event.at - at(0)).num_hours()).collect::<Vec<_>>()
    };
    assert_eq!(hours(None, None).await, [30, 30, 10, 10, 50, 50]);
    assert_eq!(hours(Some(30), None).await, [30, 30, 50, 50]);
    assert_eq!(hours(None, Some(50)).await, [30, 30, 10, 10]);
    assert_eq!(hours(Some(10), Some(30)).await, [10, 10]);
}

pub async fn paging_through_the_audit_trail_neither_repeats_nor_hides_a_record(store: Arc<dyn Store>) {
    let (alice, _, _) = record_many(&store).await;
    for filter in [all(), AuditQuery { target: Some(alice), ..all() }] {
        let expected = records(&store, &filter).await;
        let mut writers = JoinSet::new();
        for writer in 0..4 {
            let store = store.clone();
            writers.spawn(async move {
                for _ in 0..10 {
                    let context = AccessContext::anonymous();
                    let event = AuditEvent::new(AuditKind::UserUpdated, alice, &context, at(writer));
                    commit(&store, UnitOfWork::new().record(event)).await;
                }
            });
        }
        // The first page may hold some of the new records already; what was there before comes behind them.
        let (mut seen, mut before) = (Vec::new(), None);
        for _ in 0..=(expected.len() + 40).div_ceil(3) {
            let page = records(&store, &AuditQuery { before, limit: 3, ..filter.clone() }).await;
            before = page.last().map(|last| last.id).or(before);
            seen.extend(page);
        }
        writers.join_all().await;
        let newest = expected[0].id;
        assert!(seen.is_sorted_by(|one, next| one.id > next.id), "{seen:?}");
        seen.retain(|record| record.id <= newest);
        assert_eq!(seen, expected, "{filter:?}");
    }
}

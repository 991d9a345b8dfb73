//! The audit trail of a service whose clock was set to and fro.

use chrono::{DateTime, Duration, Utc};
use denizen_models::UserId;
use denizen_services::{
    AccessContext,
    store::{
        AuditEvent, AuditId, AuditKind, AuditQuery, AuditRecord, Purge, ReadStore as _, UnitOfWork,
        WriteStore as _,
    },
};

use crate::{
    SqliteStore,
    tests::{now, open},
};

/// About the beginning of the store's time.
fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::minutes(minutes)
}

/// Three hundred records in the two days around 1970, in no order at all.
async fn fill(store: &SqliteStore) {
    let kinds = [AuditKind::LoginFailed, AuditKind::LoginSucceeded, AuditKind::LoggedOut];
    let event = |number: usize| {
        let minutes = i64::try_from(number * 7919 % 2880).unwrap() - 1440;
        let (target, kind) = (UserId::new(1 + minutes.rem_euclid(4)), kinds[number % 3]);
        let event = AuditEvent::new(kind, target, &AccessContext::system(), at(minutes));
        AuditEvent { actor: format!("user:{}", number % 5), ..event }
    };
    let work = (0..300).fold(UnitOfWork::new(), |work, number| work.record(event(number)));
    store.commit(work).await.unwrap();
}

/// What `query` asks for, in pages of seven.
async fn pages(store: &SqliteStore, query: &AuditQuery) -> Vec<AuditRecord> {
    let mut query = AuditQuery { limit: 7, ..query.clone() };
    let mut records: Vec<AuditRecord> = Vec::new();
    loop {
        let page = store.list_audit_records(&query).await.unwrap();
        assert!(page.len() <= 7, "{page:?}");
        let Some(last) = page.last() else { return records };
        query.before = Some(last.id);
        records.extend(page);
    }
}

#[tokio::test]
async fn every_combination_of_filters_finds_what_it_asks_for() {
    let (store, _folder) = open();
    fill(&store).await;
    let all = store.list_audit_records(&AuditQuery::newest(1000)).await.unwrap();
    assert_eq!(all.len(), 300);
    let times = [None, Some(-1441), Some(-60), Some(-1), Some(0), Some(59), Some(600), Some(5000)];
    for bits in 0..16 {
        for since in times {
            for until in times {
                let query = AuditQuery {
                    kind: (bits & 1 != 0).then_some(AuditKind::LoginFailed),
                    actor: (bits & 2 != 0).then(|| "user:2".to_owned()),
                    target: (bits & 4 != 0).then(|| UserId::new(3)),
                    before: (bits & 8 != 0).then_some(AuditId(200)),
                    since: since.map(at),
                    until: until.map(at),
                    limit: 0,
                };
                let expected: Vec<_> = all.iter().filter(|record| query.matches(record)).cloned().collect();
                assert_eq!(pages(&store, &query).await, expected, "{query:?}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_left_after_a_purge_is_found_by_its_time() {
    let (store, _folder) = open();
    fill(&store).await;
    let (old, recent) = (at(-90), AuditQuery { since: Some(at(-90)), ..AuditQuery::newest(1000) });
    let kept = store.list_audit_records(&recent).await.unwrap();
    let purge = Purge {
        expired_at: now(),
        sessions_unseen_since: now(),
        dead_mail_before: now(),
        audit_before: Some(old),
        mail_due_by: now(),
        usernames_freed_until: now(),
        limit: 1000,
    };
    store.commit(UnitOfWork::new().purge(purge)).await.unwrap();
    assert_eq!(store.list_audit_records(&AuditQuery::newest(1000)).await.unwrap(), kept);
    assert_eq!(store.list_audit_records(&recent).await.unwrap(), kept);
    let hours = store.readers.read(|connection| {
        Ok(connection.query_row("SELECT min(hour) FROM audit_hours", [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(hours.await, Ok(-1), "hours without records are forgotten");
}

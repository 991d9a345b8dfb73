use std::{net::IpAddr, sync::Arc};

use denizen_models::UserId;
use denizen_services::{
    AccessContext, Actor,
    store::{AuditEvent, AuditKind, AuditQuery, KeyId, Store, UnitOfWork, UserRef},
};

use crate::{
    contract::verbs::{NOBODY, USER_GONE, at, audit, commit, insert, refusal, signed_in},
    must,
};

fn event(kind: AuditKind, target: UserId, seconds: i64) -> AuditEvent {
    AuditEvent::new(kind, target, &AccessContext::system(), at(seconds))
}

pub async fn the_audit_trail_is_read_newest_first(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    for seconds in 0..5 {
        commit(&store, UnitOfWork::new().record(event(AuditKind::UserUpdated, alice.id, seconds))).await;
    }
    let read = |limit| {
        let store = store.clone();
        async move {
            let records = must(store.list_audit_records(&AuditQuery::newest(limit)).await);
            records.into_iter().map(|record| (record.event.at - at(0)).num_seconds()).collect::<Vec<_>>()
        }
    };
    assert_eq!(read(100).await, [4, 3, 2, 1, 0]);
    assert_eq!(read(2).await, [4, 3]);
    assert_eq!(read(0).await, [0_i64; 0]);
}

pub async fn an_audit_event_is_kept_as_it_was(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let mut expected = Vec::new();
    let service = Actor::Service { key: KeyId(7), scopes: Vec::new() };
    let actors = [Actor::Anonymous, Actor::System, Actor::Cli, signed_in(&alice), service];
    let addresses = ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7", "::1"];
    for (number, kind) in AuditKind::ALL.into_iter().enumerate() {
        let context = AccessContext {
            actor: actors[number % actors.len()].clone(),
            ip: addresses.get(number).map(|address| must(address.parse::<IpAddr>())),
            request_id: format!("01890a5d-ac96-774b-bcce-b302099a805{number}"),
            ..AccessContext::system()
        };
        let mut written = AuditEvent::new(kind, alice.id, &context, at(60));
        if number == 0 {
            (written.target, written.key) = (None, Some(KeyId(7)));
        }
        commit(&store, UnitOfWork::new().record(written.clone())).await;
        let AuditEvent { kind, at, actor, target, key, ip, request_id } = written;
        let target = target.map(|target| if let UserRef::Id(id) = target { id } else { NOBODY });
        expected.insert(0, AuditEvent { kind, at, actor, target, key, ip, request_id });
    }
    assert_eq!(audit(&store).await, expected);
}

/// Security checklist: 60.
pub async fn the_audit_trail_remembers_deleted_users(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    commit(&store, UnitOfWork::new().record(event(AuditKind::UserCreated, alice.id, 0))).await;
    let delete =
        UnitOfWork::new().delete_user(alice.id, None).record(event(AuditKind::UserDeleted, alice.id, 1));
    commit(&store, delete).await;
    let events: Vec<_> = audit(&store).await.into_iter().map(|event| (event.kind, event.target)).collect();
    assert_eq!(events, [(AuditKind::UserDeleted, Some(alice.id)), (AuditKind::UserCreated, Some(alice.id))]);
}

/// Security checklist: 22.
pub async fn a_failed_unit_leaves_no_audit_event(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let work = UnitOfWork::new().record(event(AuditKind::UserUpdated, alice.id, 0)).delete_user(NOBODY, None);
    assert_eq!(refusal(&store, work).await, USER_GONE);
    assert_eq!(audit(&store).await, []);
}

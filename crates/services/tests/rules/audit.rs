//! Who reads the audit trail, and what of it.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use denizen_models::{AuditResponse, UserId};
use denizen_services::{
    AccessContext, AccountService, AuditList, AuditListQuery, AuditService as _, Failure,
    store::{AuditEvent, AuditKind, UnitOfWork, WriteStore as _},
};
use denizen_testkit::FixedClock;

use crate::support::{World, administrator, failing_members, member, stranger};

const ALICE: UserId = UserId::new(1);
const BOB: UserId = UserId::new(2);

fn service(world: &World) -> &AccountService {
    &world.accounts
}

fn minute(number: i64) -> DateTime<Utc> {
    FixedClock::start() + Duration::minutes(number)
}

async fn record(world: &World, event: AuditEvent) {
    world.store.commit(UnitOfWork::new().record(event)).await.unwrap();
}

/// One event in each of the first minutes: a failed sign-in, alice's, what she does to bob, and what the system does.
async fn eventful_world() -> World {
    let world = World::new();
    let event =
        |kind, target: UserId, context: &AccessContext, at| AuditEvent::new(kind, target, context, at);
    record(&world, AuditEvent::untargeted(AuditKind::LoginFailed, &stranger(), minute(0))).await;
    record(&world, event(AuditKind::LoginSucceeded, ALICE, &stranger(), minute(1))).await;
    record(&world, event(AuditKind::UserDisabled, BOB, &administrator(ALICE), minute(2))).await;
    record(&world, event(AuditKind::UserDeleted, BOB, &AccessContext::system(), minute(3))).await;
    world
}

async fn list(world: &World, query: &AuditListQuery) -> AuditList {
    service(world).list_audit(&AccessContext::system(), query).await.expect("a part of the trail")
}

async fn kinds(world: &World, query: &AuditListQuery) -> Vec<&'static str> {
    list(world, query).await.events.iter().map(|event| event.kind).collect()
}

async fn refusal(world: &World, query: &AuditListQuery) -> Vec<String> {
    match service(world).list_audit(&AccessContext::system(), query).await {
        Err(Failure::InvalidQuery(errors)) => failing_members(&errors),
        other => panic!("not refused: {other:?}"),
    }
}

fn everything() -> AuditListQuery {
    AuditListQuery::default()
}

#[tokio::test]
async fn the_trail_is_listed_newest_first_with_all_that_is_known() {
    let list = list(&eventful_world().await, &everything()).await;
    let kinds: Vec<_> = list.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["user.deleted", "user.disabled", "login.succeeded", "login.failed"]);
    assert_eq!(list.next_cursor, None);
    assert!(list.events.is_sorted_by(|newer, older| newer.id > older.id), "{:?}", list.events);
    let disabled = AuditResponse {
        id: list.events[1].id,
        kind: "user.disabled",
        at: minute(2),
        actor: "user:1".to_owned(),
        target: Some(BOB),
        key: None,
        ip: stranger().ip,
        request_id: "request of 1".to_owned(),
    };
    assert_eq!(list.events[1], disabled);
    let failed = &list.events[3];
    assert_eq!((failed.actor.as_str(), failed.target), ("anonymous", None));
    assert_eq!((list.events[0].actor.as_str(), list.events[0].ip), ("system", None));
}

#[tokio::test]
async fn kind_and_target_narrow_the_list() {
    let world = eventful_world().await;
    let of_kind = AuditListQuery { kind: Some(AuditKind::LoginFailed), ..everything() };
    assert_eq!(kinds(&world, &of_kind).await, ["login.failed"]);
    let of_bob = AuditListQuery { target: Some(BOB), ..everything() };
    assert_eq!(kinds(&world, &of_bob).await, ["user.deleted", "user.disabled"]);
    let both = AuditListQuery { kind: Some(AuditKind::UserDisabled), ..of_bob };
    assert_eq!(kinds(&world, &both).await, ["user.disabled"]);
    let neither = AuditListQuery { target: Some(ALICE), ..both };
    assert!(kinds(&world, &neither).await.is_empty());
}

#[tokio::test]
async fn an_actor_is_asked_for_by_name_or_by_number() {
    let world = eventful_world().await;
    for (actor, expected) in [
        ("anonymous", ["login.succeeded", "login.failed"].as_slice()),
        ("system", &["user.deleted"]),
        ("cli", &[]),
        ("1", &["user.disabled"]),
        ("user:1", &["user.disabled"]),
        ("2", &[]),
    ] {
        let query = AuditListQuery { actor: Some(actor.to_owned()), ..everything() };
        assert_eq!(kinds(&world, &query).await, expected, "{actor}");
    }
    for actor in ["", "alice", "System", "user:", "user:0", "01", "user:user:1", "%"] {
        let query = AuditListQuery { actor: Some(actor.to_owned()), ..everything() };
        let expected = ["actor: actor must be a user ID, key: and a number, anonymous, system or cli"];
        assert_eq!(refusal(&world, &query).await, expected, "{actor:?}");
    }
}

#[tokio::test]
async fn a_period_has_its_first_instant_and_not_its_last() {
    let world = eventful_world().await;
    let period = |since, until| AuditListQuery { since, until, ..everything() };
    let (one, three) = (Some(minute(1)), Some(minute(3)));
    assert_eq!(kinds(&world, &period(one, three)).await, ["user.disabled", "login.succeeded"]);
    assert_eq!(kinds(&world, &period(three, None)).await, ["user.deleted"]);
    assert_eq!(kinds(&world, &period(None, one)).await, ["login.failed"]);
    for (since, until) in [(three, one), (one, one)] {
        assert_eq!(refusal(&world, &period(since, until)).await, ["until: until must be later than since"]);
    }
}

#[tokio::test]
async fn pages_show_every_event_once_although_others_come_meanwhile() {
    let world = eventful_world().await;
    let page = |cursor| AuditListQuery { limit: Some(2), cursor, ..everything() };
    let first = list(&world, &page(None)).await;
    assert_eq!(first.events.len(), 2);
    record(&world, AuditEvent::untargeted(AuditKind::LoginFailed, &stranger(), minute(4))).await;
    let second = list(&world, &page(first.next_cursor)).await;
    let kinds: Vec<_> = second.events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["login.succeeded", "login.failed"]);
    assert_eq!(second.next_cursor, None, "a full page that is the last one is known to be");
}

#[tokio::test]
async fn limits_from_1_to_200_are_accepted_and_50_is_the_default() {
    let world = World::new();
    let mut work = UnitOfWork::new();
    for _ in 0..201 {
        work = work.record(AuditEvent::untargeted(AuditKind::LoginFailed, &stranger(), minute(0)));
    }
    world.store.commit(work).await.unwrap();
    for (limit, expected) in [(None, 50), (Some(1), 1), (Some(200), 200)] {
        let page = list(&world, &AuditListQuery { limit, ..everything() }).await;
        assert_eq!((page.events.len(), page.next_cursor.is_some()), (expected, true), "{limit:?}");
    }
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_query_is_told_at_once_and_nothing_is_read() {
    let world = World::new();
    for limit in [0, 201, usize::MAX] {
        let query = AuditListQuery {
            actor: Some("nobody".to_owned()),
            since: Some(minute(1)),
            until: Some(minute(0)),
            limit: Some(limit),
            cursor: Some("zz".to_owned()),
            ..everything()
        };
        let expected = [
            "actor: actor must be a user ID, key: and a number, anonymous, system or cli",
            "until: until must be later than since",
            "limit: limit must be between 1 and 200",
            "cursor: cursor was not made for this list",
        ];
        assert_eq!(refusal(&world, &query).await, expected);
    }
    assert_eq!(world.store.all_calls(), BTreeMap::new());
}

#[tokio::test]
async fn only_administrators_read_the_trail() {
    let world = eventful_world().await;
    world.store.reset();
    let nonsense = AuditListQuery { limit: Some(0), ..everything() };
    for context in [stranger(), member(ALICE)] {
        for query in [&everything(), &nonsense] {
            let answer = service(&world).list_audit(&context, query).await;
            assert_eq!(
                answer,
                Err(Failure::Forbidden("only administrators can read the audit trail".into()))
            );
        }
    }
    assert_eq!(world.store.all_calls(), BTreeMap::new());
    let seen = service(&world).list_audit(&administrator(BOB), &everything()).await.unwrap();
    assert_eq!(seen.events.len(), 4);
}

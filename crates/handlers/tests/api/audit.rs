//! The audit trail over HTTP.

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{AuditResponse, UserId, ValidationErrors};
use denizen_services::{
    AuditList, AuditListQuery, Failure,
    store::{AuditKind, StoreFailure},
};
use denizen_testkit::FixedClock;
use serde_json::{Value, json};

use crate::support::{
    Api,
    answer::Answer,
    operations::{Asked, FakeOperations},
    requests::get,
};

async fn send(fake: FakeOperations, query: &str) -> (Answer, Arc<FakeOperations>) {
    let fake = Arc::new(fake);
    let api = Api::start_with(|setup| setup.operations = fake.clone()).await;
    (api.send(get(&format!("/api/audit{query}"))).await, fake)
}

#[actix_web::test]
async fn events_are_shown_with_all_that_is_known() {
    let (answer, fake) = send(FakeOperations::default(), "").await;
    let (data, metadata) = answer.expect_success(200, "Audit trail retrieved successfully");
    let expected = json!([{
        "id": 9, "kind": "user.disabled", "at": "2026-01-01T00:00:00Z", "actor": "user:1", "target": 7,
        "ip": "192.0.2.7", "request_id": "req_1",
    }]);
    assert_eq!((data, metadata), (expected, json!({ "count": 1, "next_cursor": "cafe" })));
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let (context, asked) = fake.last_call();
    assert!(context.is_admin() && context.request_id == answer.request_id());
    assert_eq!(asked, Asked::ListAudit(AuditListQuery::default()));
}

#[actix_web::test]
async fn what_is_not_known_of_an_event_is_left_out() {
    let mut list = FakeOperations::default().audit.expect("a list");
    let event = list.events.pop().expect("an event");
    let event = AuditResponse { target: None, ip: None, ..event };
    let audit = Ok(AuditList { events: vec![event], next_cursor: None });
    let (answer, _) = send(FakeOperations { audit, ..FakeOperations::default() }, "").await;
    let (data, metadata) = answer.expect_success(200, "Audit trail retrieved successfully");
    assert_eq!((data[0].get("target"), data[0].get("ip")), (None, None));
    assert_eq!(metadata["next_cursor"], Value::Null);
}

#[actix_web::test]
async fn every_parameter_arrives_as_sent() {
    let query = "?kind=login.failed&actor=user%3A1&target=7&since=2026-01-01T01:00:00%2B01:00\
                 &until=2026-01-01T00:00:01.5Z&limit=201&cursor=cafe";
    let (answer, fake) = send(FakeOperations::default(), query).await;
    answer.expect_success(200, "Audit trail retrieved successfully");
    let expected = AuditListQuery {
        kind: Some(AuditKind::LoginFailed),
        actor: Some("user:1".to_owned()),
        target: Some(UserId::new(7)),
        since: Some(FixedClock::start()),
        until: Some(FixedClock::start() + Duration::milliseconds(1_500)),
        limit: Some(201),
        cursor: Some("cafe".to_owned()),
    };
    assert_eq!(fake.last_call().1, Asked::ListAudit(expected));
    assert_eq!(Duration::milliseconds(1_500).num_milliseconds(), 1_500);
}

#[actix_web::test]
async fn every_kind_has_its_name() {
    for kind in AuditKind::ALL {
        let (_, fake) = send(FakeOperations::default(), &format!("?kind={}", kind.as_str())).await;
        let expected = AuditListQuery { kind: Some(kind), ..AuditListQuery::default() };
        assert_eq!(fake.last_call().1, Asked::ListAudit(expected));
    }
}

#[actix_web::test]
async fn values_that_make_no_sense_are_refused() {
    let time = "expected a time such as 2026-01-31T12:00:00Z";
    for (query, name, reason) in [
        ("target=0", "target", "expected a user ID"),
        ("target=alice", "target", "expected a user ID"),
        ("limit=ten", "limit", "expected a number"),
        ("since=yesterday", "since", time),
        ("since=2026-01-01", "since", time),
        ("since=1767225600", "since", time),
        ("until=2026-01-01T00:00:00", "until", time),
        ("until=2026-13-01T00:00:00Z", "until", time),
        // An unescaped `+` is a blank.
        ("until=2026-01-01T00:00:00+01:00", "until", time),
        ("page=2", "page", "unknown parameter"),
    ] {
        let (answer, fake) = send(FakeOperations::default(), &format!("?{query}")).await;
        let message = format!("Invalid query parameter: {name}");
        let details = answer.expect_error(400, "INVALID_QUERY", &message);
        assert_eq!(details, json!({ "fields": { name: [reason] } }), "{query}");
        assert!(fake.is_untouched(), "{query}");
    }
    let (answer, _) = send(FakeOperations::default(), "?kind=login").await;
    let details = answer.expect_error(400, "INVALID_QUERY", "Invalid query parameter: kind");
    let reason = details["fields"]["kind"][0].as_str().unwrap_or_default();
    assert!(reason.starts_with("expected one of user.created, user.updated, "), "{reason}");
}

#[actix_web::test]
async fn every_refusal_of_the_service_has_its_answer() {
    let query =
        ValidationErrors::of("actor", "actor must be a user ID, key: and a number, anonymous, system or cli");
    for (error, status, code, message) in [
        (Failure::InvalidQuery(query), 400, "INVALID_QUERY", "Invalid query parameter: actor"),
        (
            Failure::Forbidden("only administrators can read the audit trail".into()),
            403,
            "FORBIDDEN",
            "Forbidden: only administrators can read the audit trail",
        ),
        (
            Failure::from(StoreFailure::Busy("locked".into())),
            503,
            "SERVICE_UNAVAILABLE",
            "Service temporarily unavailable",
        ),
    ] {
        let fake = FakeOperations { audit: Err(error), ..FakeOperations::default() };
        send(fake, "?actor=bob").await.0.expect_error(status, code, message);
    }
}

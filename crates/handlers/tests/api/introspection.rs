//! Introspection over HTTP: as RFC 7662 and RFC 6749 speak, and not as the other routes do.

use std::num::NonZeroU32;

use actix_web::test::TestRequest;
use denizen_handlers::RateLimit;
use denizen_models::KeyScope;
use denizen_services::{Failure, store::StoreFailure};
use denizen_testkit::FixedClock;
use serde_json::{Value, json};

use crate::support::{
    Api,
    answer::Answer,
    auth::{ADMIN, MEMBER},
    keys::{AskedKeys, FakeKeys, key_for},
    requests::anonymous,
};

const TARGET: &str = "/api/auth/introspect";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// `3:dk_3_sessions:introspect`
const BASIC: &str = "Basic Mzpka18zX3Nlc3Npb25zOmludHJvc3BlY3Q=";

fn asked(authorization: &str, form: &str) -> TestRequest {
    let request = anonymous("POST", TARGET).insert_header(("authorization", authorization));
    request.insert_header(FORM).set_payload(form.to_owned())
}

fn bearer() -> String {
    format!("Bearer {}", key_for(KeyScope::SessionsIntrospect))
}

#[track_caller]
fn expect_refusal(answer: &Answer, status: u16, error: &str) {
    let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!((answer.status, &body["error"]), (status, &json!(error)), "{body}");
    assert!(body["error_description"].is_string(), "{body}");
    assert_eq!(body.as_object().map(|body| body.len()), Some(2), "{body}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let challenge = (status == 401).then_some("Basic realm=\"denizen\", Bearer realm=\"denizen\"");
    assert_eq!(answer.header("www-authenticate"), challenge);
}

#[actix_web::test]
async fn a_live_token_is_told_with_its_user_and_times() {
    for authorization in [BASIC, &bearer()] {
        let api = Api::start().await;
        let form = format!("token={MEMBER}&token_type_hint=access_token&what=ever");
        let answer = api.send(asked(authorization, &form)).await;
        let start = FixedClock::start().timestamp();
        let expected = json!({
            "active": true, "sub": "7", "username": "alice", "email": "alice@example.com", "roles": ["user"],
            "iat": start, "exp": start + 30 * 24 * 3600,
        });
        assert_eq!(serde_json::from_slice::<Value>(&answer.body).expect("JSON"), expected, "{authorization}");
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[actix_web::test]
async fn of_any_other_token_nothing_is_told() {
    let api = Api::start().await;
    for token in ["dead", "dk_3_users:read", "%00"] {
        let answer = api.send(asked(BASIC, &format!("token={token}"))).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{\"active\":false}\n"[..]), "{token}");
    }
}

#[actix_web::test]
async fn who_has_no_such_key_is_refused_in_the_words_of_oauth() {
    let api = Api::start().await;
    let form = format!("token={MEMBER}");
    expect_refusal(&api.send(anonymous("POST", TARGET).insert_header(FORM)).await, 401, "invalid_client");
    for unknown in ["Bearer dk_4_none", "Bearer admin", "Basic YTpi", &format!("Bearer {ADMIN}")] {
        expect_refusal(&api.send(asked(unknown, &form)).await, 401, "invalid_client");
    }
    for scope in [KeyScope::UsersRead, KeyScope::UsersWrite, KeyScope::AppMetadataWrite] {
        let other = format!("Bearer {}", key_for(scope));
        expect_refusal(&api.send(asked(&other, &form)).await, 403, "insufficient_scope");
    }
    assert!(api.auth.asked().is_empty());
}

#[actix_web::test]
async fn a_request_that_makes_no_sense_is_refused_in_the_words_of_oauth() {
    let api = Api::start().await;
    for form in ["", "token=", "tokens=a", "token=a&token=b", "token=%zz"] {
        expect_refusal(&api.send(asked(BASIC, form)).await, 400, "invalid_request");
    }
    let json = asked(BASIC, "").insert_header(("content-type", "application/json")).set_payload("{}");
    expect_refusal(&api.send(json).await, 415, "invalid_request");
    let long = format!("token={}", "a".repeat(16 * 1024));
    expect_refusal(&api.send(asked(BASIC, &long)).await, 413, "invalid_request");
    let get = api.send(anonymous("GET", TARGET)).await;
    expect_refusal(&get, 405, "invalid_request");
    assert_eq!(get.header("allow"), Some("POST"));
}

#[actix_web::test]
async fn a_failure_of_the_store_is_told_without_its_cause() {
    let api = Api::start_with(|setup| {
        let busy = Failure::from(StoreFailure::Busy("the disk".into()));
        setup.keys = FakeKeys { authenticate: Err(busy), ..FakeKeys::default() }.into();
    })
    .await;
    let answer = api.send(asked(BASIC, "token=a")).await;
    expect_refusal(&answer, 503, "temporarily_unavailable");
    assert!(!String::from_utf8_lossy(&answer.body).contains("disk"));
}

/// Security checklist: 79.
#[actix_web::test]
async fn a_key_has_a_limit_of_its_own_in_place_of_that_of_its_address() {
    let one = || Some(RateLimit::per_address(NonZeroU32::MIN, NonZeroU32::MIN));
    let from_one =
        |authorization: &str| asked(authorization, "token=a").peer_addr(([192, 0, 2, 1], 4711).into());
    let api = Api::start_with(|setup| setup.settings.rate_limit = one()).await;
    for _ in 0..50 {
        assert_eq!(api.send(from_one(BASIC)).await.status, 200);
    }
    assert_eq!(api.send(from_one("Bearer dk_4_none")).await.status, 401, "an unknown key counts");
    expect_refusal(&api.send(from_one("Bearer dk_4_none")).await, 429, "temporarily_unavailable");
    assert_eq!(api.send(from_one(BASIC)).await.status, 200);
    let api = Api::start_with(|setup| setup.settings.key_rate_limit = one()).await;
    assert_eq!(api.send(from_one(BASIC)).await.status, 200);
    expect_refusal(&api.send(from_one(&bearer())).await, 429, "temporarily_unavailable");
}

#[actix_web::test]
async fn the_service_acts_for_the_key() {
    let keys = std::sync::Arc::<FakeKeys>::default();
    let api = Api::start_with(|setup| setup.keys = keys.clone()).await;
    api.send(asked(BASIC, "token=a")).await;
    assert_eq!(keys.asked(), [AskedKeys::Introspect("a".to_owned())]);
    assert!(keys.last_context().has_scope(KeyScope::SessionsIntrospect));
    assert!(!keys.last_context().has_scope(KeyScope::UsersRead));
}

//! A store that cannot write any more: what callers hear of it, and what the server does.

use denizen_server::RunError;
use denizen_services::store::StoreFailure;
use serde_json::json;

use crate::support::{
    TestServer,
    account::{accept_invitation, request_verification, verify_email},
    api::{self, user, with},
    failing_store::{CAUSE, failing_store},
    http::{Request, Response},
};

/// The answer to a request that cannot be written: come back later, and not a word about why.
#[track_caller]
pub fn came_back_empty_handed(response: &Response) {
    let body = response.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(body["error"], "Service temporarily unavailable");
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(4), "{body}");
    assert_eq!(response.header("Retry-After"), Some("1"));
    assert!(!format!("{response:?}").contains(CAUSE));
}

/// Security checklist: 61.
#[tokio::test]
async fn every_write_is_answered_503_and_reads_go_on() {
    let store = failing_store();
    let server = TestServer::start_on(store.clone()).await;
    let at = server.address;
    api::create(at, &user("frank")).await.succeeded(201);
    let token = server.next_token("frank@example.com").await;
    store.hook.stop_writing();

    came_back_empty_handed(&api::create(at, &user("somebody")).await);
    let eve = with(user("eve_tester"), json!({"email": "eve@example.com"}));
    came_back_empty_handed(&api::put(at, 5, &eve).await);
    came_back_empty_handed(&api::delete(at, 5).await);
    came_back_empty_handed(&request_verification(at, "frank@example.com").await);
    // To look for a token is a read, but it has to be counted.
    came_back_empty_handed(&verify_email(at, "nobody's").await);
    came_back_empty_handed(&accept_invitation(at, &token, "newsecurepassword").await);

    assert_eq!(api::get(at, 5).await.succeeded(200)["data"]["username"], "eve_tester");
    assert_eq!(api::ids_of(&api::list(at, "").await.succeeded(200)), [1, 2, 3, 4, 5, 6]);
}

/// Security checklist: 61.
#[tokio::test]
async fn a_store_that_gives_up_ends_the_server_with_its_reason() {
    let store = failing_store();
    let mut server = TestServer::start_on(store.clone()).await;
    store.hook.stop_writing();
    Request::get("/readyz").send(server.address).await.refused(503, "SERVICE_UNAVAILABLE");

    store.hook.give_up();

    let error = server.ended().await.expect_err("a failed store is not a clean stop");
    assert!(matches!(&error, RunError::Store(StoreFailure::Unavailable(_))), "{error:?}");
    assert_eq!(error.to_string(), format!("the store failed: the store is unavailable: {CAUSE}"));
    assert!(Request::get("/livez").try_send(server.address).await.is_err(), "nobody listens any more");
}

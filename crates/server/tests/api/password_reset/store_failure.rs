//! A store that cannot write any more.

use serde_json::json;

use super::verbs;
use crate::{
    store_failure::came_back_empty_handed,
    support::{TestServer, failing_store::failing_store, http::Request},
};

/// Security checklist: 61.
#[tokio::test]
async fn every_step_is_answered_503() {
    let store = failing_store();
    let server = TestServer::start_on(store.clone()).await;
    let at = server.address;
    verbs::request_reset(at, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;
    store.hook.stop_writing();

    came_back_empty_handed(&verbs::request_reset(at, "eve@example.com").await);
    came_back_empty_handed(&verbs::reset(at, &token, "newsecurepassword").await);
    // To ask about a token is a read, but it has to be counted.
    let question = Request::post("/api/users/validate-reset-token").json(&json!({ "token": token }));
    came_back_empty_handed(&question.send(at).await);
}

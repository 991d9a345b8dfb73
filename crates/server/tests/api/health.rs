//! What is asked by those who start, stop and route: is it there, and can it work?

use serde_json::json;

use crate::support::{TestServer, api, failing_store::failing_store, http::Request};

#[tokio::test]
async fn a_server_that_works_is_alive_ready_and_healthy() {
    let server = TestServer::start().await;

    let alive = Request::get("/livez").send(server.address).await.succeeded(200);
    assert_eq!((&alive["message"], &alive["data"]), (&json!("Process is up"), &json!({"status": "alive"})));

    let ready = Request::get("/readyz").send(server.address).await.succeeded(200);
    assert_eq!(ready["message"], "Service is ready");
    assert_eq!(ready["data"], json!({"store": true, "mail_worker": true}));

    let health = Request::get("/health").send(server.address).await.succeeded(200);
    assert_eq!(health["message"], "Server is healthy and running");
    assert_eq!(
        (&health["data"]["service"], &health["data"]["status"]),
        (&json!("denizen"), &json!("healthy"))
    );
}

/// Security checklist: 61.
#[tokio::test]
async fn a_store_that_cannot_write_makes_the_server_unready_but_not_dead() {
    let store = failing_store();
    let server = TestServer::start_on(store.clone()).await;
    store.hook.stop_writing();

    let body = Request::get("/readyz").send(server.address).await.refused(503, "SERVICE_UNAVAILABLE");
    assert_eq!(body["error"], "Service is not ready");
    assert_eq!(body["details"], json!({"store": false, "mail_worker": true}));

    Request::get("/livez").send(server.address).await.succeeded(200);
    Request::get("/health").send(server.address).await.succeeded(200);
}

#[tokio::test]
async fn probes_take_head_but_no_parameters_and_no_other_method() {
    let server = TestServer::start().await;
    for path in ["/livez", "/readyz", "/health"] {
        let head = Request::new("HEAD", path).send(server.address).await;
        assert_eq!((head.status, head.text().as_str()), (200, ""), "{path}");

        let parameter = Request::get(&format!("{path}?verbose=1")).send(server.address).await;
        assert_eq!(parameter.refused(400, "INVALID_QUERY")["error"], "Invalid query parameter: verbose");

        let post = Request::post(path).json(&json!({})).send(server.address).await;
        post.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(post.header("Allow"), Some("GET, HEAD"), "{path}");
    }
}

#[tokio::test]
async fn probes_are_answered_while_requests_wait_for_their_bodies() {
    let server = TestServer::start().await;
    let mut waiting = Vec::new();
    for _ in 0..50 {
        waiting.push(crate::requests::half_sent(server.address).await);
    }

    Request::get("/livez").send(server.address).await.succeeded(200);
    Request::get("/readyz").send(server.address).await.succeeded(200);
    api::get(server.address, 1).await.succeeded(200);
}

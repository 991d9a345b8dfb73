//! A forgotten password over HTTP, in one test. The guide has its reader write it.

use denizen_services::{Clock as _, MailMessage, NoticeTemplate};
use serde_json::json;

use crate::support::{TestServer, api, http::Request, production::PASSWORD};

const NEW: &str = "another horse battery";

/// Security checklist: 11, 13, 21.
#[tokio::test]
async fn after_a_reset_the_new_password_works_and_the_old_one_does_not() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    api::session(at, "alice", PASSWORD).await;

    let request = json!({ "email": "alice@example.com" });
    Request::post("/api/users/request-password-reset").json(&request).send(at).await.succeeded(200);
    let token = server.next_token("alice@example.com").await;
    let request = json!({ "token": token, "new_password": NEW });
    Request::post("/api/users/reset-password").json(&request).send(at).await.succeeded(200);

    api::session(at, "alice", NEW).await;
    api::login(at, "alice", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    let is_notice = |message: &MailMessage| {
        matches!(message, MailMessage::Notice { template: NoticeTemplate::PasswordChanged, .. })
    };
    let notice = server.mail("alice@example.com", is_notice).await;
    let MailMessage::Notice { template: NoticeTemplate::PasswordChanged, at: when, ip } = notice.message
    else {
        panic!("{notice:?}")
    };
    assert_eq!((when, ip), (server.clock.now(), Some(at.ip())));
}

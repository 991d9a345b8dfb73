//! The feature over HTTP, in one test. The guide has its reader write it.

use denizen_services::{Clock as _, MailMessage};

use super::verbs;
use crate::support::{TestServer, api, production::PASSWORD};

const NEW: &str = "another horse battery";

/// Security checklist: 11, 13, 21.
#[tokio::test]
async fn after_a_reset_the_new_password_works_and_the_old_one_does_not() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    verbs::request_reset(at, "alice@example.com").await.succeeded(200);
    let token = server.next_token("alice@example.com").await;
    server.session_of("alice").await;

    verbs::reset(at, &token, NEW).await.succeeded(200);

    api::session(at, "alice", NEW).await;
    api::login(at, "alice", PASSWORD).await.refused(401, "INVALID_CREDENTIALS");
    let notice =
        server.mail("alice@example.com", |it| matches!(it, MailMessage::PasswordChanged { .. })).await;
    let MailMessage::PasswordChanged { at: when, ip } = notice.message else { panic!("{notice:?}") };
    assert_eq!((when, ip), (server.clock.now(), Some(at.ip())));
}

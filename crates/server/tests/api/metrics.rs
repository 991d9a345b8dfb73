//! What whoever runs the service can measure.

use std::net::SocketAddr;

use denizen_server::config::METRICS;
use denizen_services::MailError;

use crate::support::{TestServer, account, api, http::Request, production::PASSWORD};

const NEW: &str = "another horse battery";

async fn scrape(at: SocketAddr) -> String {
    let answer = Request::get("/metrics").anonymous().send(at).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    answer.text()
}

#[track_caller]
fn assert_says(text: &str, line: &str) {
    assert!(text.lines().any(|other| other == line), "no {line} in\n{text}");
}

/// Security checklist: 62.
#[tokio::test]
async fn in_production_there_are_no_metrics_unless_they_are_switched_on() {
    let server = TestServer::start_in_production(&[]).await;
    Request::get("/metrics").send(server.address).await.refused(404, "NOT_FOUND");
    let server = TestServer::start_in_production(&[(&METRICS, "true")]).await;
    scrape(server.address).await;
    let server = TestServer::start_configured(&[]).await;
    scrape(server.address).await;
    let server = TestServer::start_configured(&[(&METRICS, "false")]).await;
    Request::get("/metrics").send(server.address).await.refused(404, "NOT_FOUND");
}

/// Security checklist: 62.
#[tokio::test]
async fn metrics_are_not_for_the_other_side_of_a_proxy() {
    let server = TestServer::start_in_production(&[(&METRICS, "true")]).await;
    let proxied = Request::get("/metrics").header("X-Forwarded-For", "198.51.100.7");
    proxied.send(server.address).await.refused(404, "NOT_FOUND");
}

/// Security checklist: 8.
#[tokio::test]
async fn metrics_tell_what_became_of_every_kind_of_mail_and_not_whose_it_was() {
    let server = TestServer::start_in_production(&[(&METRICS, "true")]).await;
    let at = server.address;
    server.enrol("alice").await;
    let session = server.session_of("alice").await;
    server.mailer.fail_next(1, MailError::Permanent("no such mailbox".into()));
    let session = api::token_in(&account::change_password(at, &session, PASSWORD, NEW).await);
    for address in ["first@example.com", "second@example.com"] {
        account::change_email(at, &session, NEW, address).await.succeeded(202);
        // When a later one is there, the turn of the earlier ones is over.
        server.next_token(address).await;
    }

    let text = scrape(at).await;

    assert_says(&text, "denizen_mails_total{kind=\"password_changed\",result=\"given_up\"} 1");
    assert_says(&text, "denizen_mails_total{kind=\"password_changed\",result=\"sent\"} 0");
    assert_says(&text, "denizen_mail_jobs{kind=\"password_changed\",state=\"dead\"} 1");
    assert_says(&text, "denizen_mail_jobs{kind=\"password_changed\",state=\"due\"} 0");
    assert_says(&text, "denizen_mail_oldest_job_age_seconds 0");
    assert!(!text.contains("denizen_mails_total{kind=\"email_change\",result=\"sent\"} 0\n"), "{text}");
    assert!(!["@", "example", "alice", "mailbox"].iter().any(|personal| text.contains(personal)), "{text}");
}

#[tokio::test]
async fn requests_are_counted_whichever_thread_answers_them() {
    let server = TestServer::start_in_production(&[(&METRICS, "true")]).await;
    let at = server.address;
    for _ in 0..20 {
        Request::get("/livez").send(at).await.succeeded(200);
    }
    for _ in 0..3 {
        Request::get("/api/nothing").send(at).await.refused(404, "NOT_FOUND");
    }
    let text = scrape(at).await;
    assert_says(&text, "denizen_http_requests_total{status=\"2xx\"} 20");
    assert_says(&text, "denizen_http_requests_total{status=\"4xx\"} 3");
    assert_says(&text, "denizen_http_requests_total{status=\"5xx\"} 0");
    assert_says(&scrape(at).await, "denizen_http_requests_total{status=\"2xx\"} 21");
}

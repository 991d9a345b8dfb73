//! Logs, limits, methods, forms, restarts: what holds for every route holds for those of resets.

use denizen_server::config::REGISTRATION;
use serde_json::json;
use tempfile::TempDir;

use super::verbs;
use crate::{
    faults::{
        behaviour::assert_has_methods,
        limits::{assert_limits_alike, assert_limits_guesses},
    },
    headers::{refuses_foreign_forms, takes_json_only},
    support::{
        TestServer,
        account::accept_invitation,
        api::{self, user},
        http::{self, Request},
        process::Process,
        production::PASSWORD,
    },
};

/// Fault 14: secrets of a request that a log has no business with.
/// Security checklist: 8.
#[tokio::test]
async fn secrets_of_requests_are_not_logged() {
    let folder = TempDir::new().unwrap();
    // Not only at `info`: whoever looks for a fault turns this on.
    let process = Process::start_with(folder.path(), &["--log", "debug"]).await;
    let at = process.address;
    for request in [
        Request::get("/reset-password?token=hush-token"),
        verbs::reset_request("hush-token", "hush-password"),
        verbs::reset_request("hush-token", "hush"),
    ] {
        let answer = request.header("X-Debug", "true").send(at).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }

    let log = process.stop().await;

    let asked = log.iter().filter(|line| line.contains("reset-password 400 "));
    assert_eq!(asked.count(), 3, "{log:#?}");
    let told: Vec<_> = log.iter().filter(|line| line.to_lowercase().contains("hush")).collect();
    assert!(told.is_empty(), "{told:#?}");
}

/// Security checklist: 3.
#[tokio::test]
async fn a_limit_does_not_tell_whether_an_address_is_known() {
    assert_limits_alike(200, verbs::request_reset).await;
}

/// Security checklist: 23.
#[tokio::test]
async fn tokens_cannot_be_tried_without_end() {
    let reset = async |at, token: &str| verbs::reset(at, token, "correct horse battery").await;
    assert_limits_guesses("PASSWORD_RESET_FAILED", reset).await;
}

/// Fault 21: 405 came without `Allow`, and HEAD was a wrong method.
#[tokio::test]
async fn every_path_names_its_methods() {
    let server = TestServer::start().await;
    for name in ["request-password-reset", "reset-password", "validate-reset-token"] {
        assert_has_methods(server.address, &format!("/api/users/{name}"), "POST").await;
    }
}

/// Fault 31: a restart lost everything.
#[tokio::test]
async fn a_restart_keeps_open_tokens() {
    let server = TestServer::start().await;
    verbs::request_reset(server.address, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;

    let server = TestServer::start_in(server.stop().await).await;

    verbs::reset(server.address, &token, "newsecurepassword").await.succeeded(200);
}

/// Forms are sent without asking first, so a foreign page could send one. Security checklist: 59.
#[tokio::test]
async fn forms_of_foreign_pages_are_not_read() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    verbs::request_reset(at, "alice@example.com").await.succeeded(200);
    let token = server.next_token("alice@example.com").await;
    let link = format!("/reset-password?token={token}");
    refuses_foreign_forms(at, &link, "new_password=another+horse+battery").await;
    let body = json!({ "token": token, "new_password": "another horse battery" });
    takes_json_only(at, "/api/users/reset-password", &body).await;
    assert!(verbs::token_is_valid(at, &token).await);
    server.session_of("alice").await;
}

#[tokio::test]
async fn no_query_belongs_to_a_request() {
    let server = TestServer::start().await;
    let request = Request::post("/api/users/request-password-reset?x=1").json(&user("somebody"));
    request.send(server.address).await.refused(400, "INVALID_QUERY");
}

#[tokio::test]
async fn an_invitation_can_be_sent_again() {
    let server = TestServer::start_in_production(&[(&REGISTRATION, "invite")]).await;
    let at = server.address;
    server.enrol_administrator("olga").await;
    http::act_as(at, Some(server.session_of("olga").await));
    api::create(at, &user("alice")).await.succeeded(201);
    let late = server.next_token("alice@example.com").await;
    server.advance_minutes(3 * 24 * 60);
    accept_invitation(at, &late, PASSWORD).await.refused(400, "INVITATION_FAILED");

    Request::post("/api/users/2/send-password-reset").json(&json!({})).send(at).await.succeeded(202);
    let again = server.next_token("alice@example.com").await;
    server.advance_minutes(3 * 24 * 60 - 1);
    accept_invitation(at, &again, PASSWORD).await.succeeded(200);
    server.session_of("alice").await;
}

//! The faults of the Go original that put accounts at risk, as far as they are about resets.

use serde_json::{Value, json};

use super::verbs;
use crate::{
    faults::accounts::{assert_address_stays, assert_files_hold_none_of, eve},
    support::{TestServer, api},
};

/// Fault 6: the new password was checked for its length and dropped.
/// Security checklist: 13.
#[tokio::test]
async fn a_reset_stores_the_new_password_in_place_of_the_old() {
    let server = TestServer::start().await;
    let opens = async |password| verbs::opens(server.address, "eve@example.com", password).await;
    assert!(opens("tutorial-password").await);

    verbs::request_reset(server.address, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;
    verbs::reset(server.address, &token, "newsecurepassword").await.succeeded(200);

    assert!(opens("newsecurepassword").await);
    assert!(!opens("tutorial-password").await);
}

/// Fault 7: the token was kept in the store in clear. (That production has no log mailer is a rule of the
/// configuration.)
/// Security checklist: 7.
#[tokio::test]
async fn neither_tokens_nor_passwords_are_in_the_files_of_the_database() {
    let server = TestServer::start().await;
    verbs::request_reset(server.address, "eve@example.com").await.succeeded(200);
    let used = server.next_token("eve@example.com").await;
    verbs::reset(server.address, &used, "correct horse battery").await.succeeded(200);
    verbs::request_reset(server.address, "eve@example.com").await.succeeded(200);
    let live = server.next_token("eve@example.com").await;

    assert_files_hold_none_of(&server, [&used, &live], &["tutorial-password", "correct horse battery"]);
}

/// Fault 8: an unknown address was a 500 that named it. The development profile still names it, as the tutorial
/// does, but as what it is: the caller's error.
#[tokio::test]
async fn an_unknown_address_is_no_fault_of_the_server() {
    let server = TestServer::start().await;
    let body = verbs::request_reset(server.address, "nobody@example.com").await;
    let body = body.refused(404, "PASSWORD_RESET_REQUEST_FAILED");
    assert_eq!(
        body["error"],
        "Failed to request password reset: user with email 'nobody@example.com' not found"
    );
}

/// Fault 8, as strangers meet it: known and unknown addresses could be told apart.
/// Security checklist: 1.
#[tokio::test]
async fn a_stranger_cannot_tell_known_addresses_from_unknown_ones() {
    let server = TestServer::start_in_production(&[]).await;
    server.enrol("alice").await;
    let mut answers = Vec::new();
    for address in ["alice@example.com", "nobody@example.com"] {
        let response = verbs::request_reset(server.address, address).await;
        let mut body = response.succeeded(200);
        assert_eq!(body["data"]["email"], address);
        body["data"]["email"] = Value::Null;
        body["request_id"] = Value::Null;
        let names: Vec<_> = response.headers.into_iter().map(|(name, _)| name).collect();
        answers.push((body, names.len()));
    }
    assert_eq!(answers[0], answers[1]);
    server.next_token("alice@example.com").await;
    assert_eq!(server.mailer.sent().len(), 1);
}

/// Fault 9: an account could be taken over in two requests, a PUT with another address and a reset for it.
/// Security checklist: 52, 56.
#[tokio::test]
async fn nobody_can_turn_the_mails_of_an_account_to_another_address() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    assert_address_stays(&server, alice).await;

    verbs::request_reset(at, "mallory@example.com").await.succeeded(200);
    server.clock.advance(chrono::Duration::seconds(1));
    verbs::request_reset(at, "alice@example.com").await.succeeded(200);

    // The worker takes the oldest first.
    server.next_token("alice@example.com").await;
    assert_eq!(server.mailer.sent().len(), 1);
}

/// Fault 9, as administrators meet it: what was mailed to the old address must not outlive the change.
/// Security checklist: 19.
#[tokio::test]
async fn a_new_address_kills_the_token_that_went_to_the_old_one_and_is_unconfirmed() {
    let server = TestServer::start().await;
    let at = server.address;
    verbs::request_reset(at, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;

    let changed = api::put(at, 5, &eve(json!({"email": "eve@example.org"}))).await.succeeded(200);

    assert_eq!(changed["data"]["email_verified"], false);
    assert!(!verbs::token_is_valid(at, &token).await);
    verbs::reset(at, &token, "newsecurepassword").await.refused(400, "PASSWORD_RESET_FAILED");
}

/// Fault 11: any PUT dropped an open reset token silently.
#[tokio::test]
async fn a_change_of_name_leaves_an_open_reset_token_alone() {
    let server = TestServer::start().await;
    let at = server.address;
    verbs::request_reset(at, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;

    let changes = json!({"first_name": "Eva", "age": 46, "roles": ["user"], "email": "Eve@Example.com"});
    api::put(at, 5, &eve(changes)).await.succeeded(200);

    assert!(verbs::token_is_valid(at, &token).await);
    verbs::reset(at, &token, "newsecurepassword").await.succeeded(200);
}

/// Fault 12: a reset worked for users who had been switched off.
/// Security checklist: 16, 19.
#[tokio::test]
async fn a_user_who_is_switched_off_gets_no_mail_and_can_use_none() {
    let server = TestServer::start().await;
    let at = server.address;
    verbs::request_reset(at, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;
    api::put(at, 5, &eve(json!({"active": false}))).await.succeeded(200);

    let body = verbs::reset(at, &token, "newsecurepassword").await.refused(400, "PASSWORD_RESET_FAILED");
    assert_eq!(body["error"], "Failed to reset password: invalid reset token");
    assert!(!verbs::token_is_valid(at, &token).await);

    // The answer is that for everybody else. The worker takes one job after the other, the oldest first: when bob's
    // mail is there, eve's turn is over.
    verbs::request_reset(at, "eve@example.com").await.succeeded(200);
    server.advance_minutes(1);
    verbs::request_reset(at, "bob@example.com").await.succeeded(200);
    server.next_token("bob@example.com").await;
    assert_eq!(server.mailer.sent_to("eve@example.com").len(), 1);

    // Back again, the old token stays dead.
    api::put(at, 5, &eve(json!({"active": true}))).await.succeeded(200);
    assert!(!verbs::token_is_valid(at, &token).await);
}

/// Fault 13: lengths of passwords were counted in bytes, and had no upper bound.
/// Security checklist: 28, 29.
#[tokio::test]
async fn passwords_are_counted_in_characters_from_8_to_256() {
    let server = TestServer::start().await;
    let at = server.address;
    let short = "new password must be at least 8 characters long";
    let long = "new password cannot exceed 256 characters";
    for (password, reason) in [
        ("пять", short),
        ("семь777", short),
        (&*"p".repeat(257), long),
        (&*"🔑".repeat(257), long),
        (&*"p".repeat(15_000), long),
    ] {
        let body = verbs::reset(at, "some token", password).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(body["details"]["fields"], json!({"new_password": [reason]}));
    }
    for password in ["восемь88", &"🔑".repeat(256)] {
        verbs::request_reset(at, "eve@example.com").await.succeeded(200);
        let token = server.next_token("eve@example.com").await;
        verbs::reset(at, &token, password).await.succeeded(200);
    }
}

/// Fault 16: addresses were compared with regard to case, not trimmed, and hardly checked.
/// Security checklist: 12.
#[tokio::test]
async fn an_address_is_one_address_however_it_is_typed() {
    let server = TestServer::start().await;
    let at = server.address;
    for typed in ["EVE@example.com", " eve@EXAMPLE.com\t"] {
        let body = verbs::request_reset(at, typed).await.succeeded(200);
        assert_eq!(body["data"]["email"], typed.trim());
        server.next_token("eve@example.com").await;
    }
}

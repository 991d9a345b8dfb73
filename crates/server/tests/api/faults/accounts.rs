//! Faults that put accounts at risk.

use std::{fs, path::Path};

use denizen_models::Secret;
use denizen_services::TokenHash;
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    account::accept_invitation,
    api::{self, user, with},
    http::{self, Request},
    production::PASSWORD,
};

/// Eve, one of the sample users, as a PUT wants her.
pub fn eve(members: Value) -> Value {
    let eve = json!({
        "username": "eve_tester", "email": "eve@example.com", "first_name": "Eve", "last_name": "Davis", "age": 45,
    });
    with(eve, members)
}

/// Fault 5: anybody could list, create, replace and delete users.
/// Security checklist: 51.
#[tokio::test]
async fn a_stranger_can_neither_see_nor_change_users() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;

    api::list(at, "").await.refused(401, "UNAUTHENTICATED");
    api::list(at, "?search=alice").await.refused(401, "UNAUTHENTICATED");
    let admin = with(user("mallory"), json!({"roles": ["admin"], "password": PASSWORD}));
    let refused = api::create(at, &admin).await.refused(403, "FORBIDDEN");
    assert_eq!(refused["error"], "Forbidden: registration is not open");
    for id in [1, 999] {
        api::get(at, id).await.refused(401, "UNAUTHENTICATED");
        api::put(at, id, &user("mallory")).await.refused(401, "UNAUTHENTICATED");
        api::patch(at, id, &json!({"email": "mallory@example.com"})).await.refused(401, "UNAUTHENTICATED");
        api::delete(at, id).await.refused(401, "UNAUTHENTICATED");
    }
}

/// Fault 5, as members meet it: for them there is nobody else.
/// Security checklist: 51.
#[tokio::test]
async fn a_member_can_neither_see_nor_change_others() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    let alice = server.enrol("alice").await;
    server.enrol("mallory").await;
    http::act_as(at, Some(server.session_of("mallory").await));

    api::list(at, "").await.refused(403, "FORBIDDEN");
    let admin = with(user("accomplice"), json!({"roles": ["admin"], "password": PASSWORD}));
    api::create(at, &admin).await.refused(403, "FORBIDDEN");
    for id in [alice, 999] {
        let missing = format!("user with ID {id} not found");
        for answer in [
            api::get(at, id).await,
            api::put(at, id, &user("alice")).await,
            api::patch(at, id, &json!({"email": "mallory@example.org"})).await,
        ] {
            let body = answer.refused(404, "USER_NOT_FOUND");
            assert_eq!(body["error"], format!("User not found: {missing}"));
        }
        let body = api::delete(at, id).await.refused(404, "USER_DELETE_ERROR");
        assert_eq!(body["error"], format!("Failed to delete user: {missing}"));
    }
    server.session_of("alice").await;
}

/// Fault 33: whatever began like a public path was public, other methods of it too, and two fixed tokens opened the rest.
#[tokio::test]
async fn a_path_is_public_as_a_whole_or_not_at_all() {
    let server = TestServer::start_in_production(&[]).await;
    let at = server.address;
    server.enrol("alice").await;
    for path in ["/api/usersXYZ", "/api/auth/loginXYZ", "/api/users.json"] {
        Request::get(path).send(at).await.refused(404, "NOT_FOUND");
    }
    assert_eq!(Request::get("/healthz-private").send(at).await.status, 404);
    for path in
        ["/api/users/confirm-email-change/1", "/api/users/verify-email/", "/api/users/accept-invitationXYZ"]
    {
        Request::get(path).send(at).await.refused(401, "UNAUTHENTICATED");
    }
    api::delete(at, 1).await.refused(401, "UNAUTHENTICATED");
    Request::get("/api/auth/login").send(at).await.refused(405, "METHOD_NOT_ALLOWED");
    for token in ["demo", "demo-token", "admin-token", "user-token", "valid-token", "test", "secret"] {
        Request::get("/api/users/1").bearer(token).send(at).await.refused(401, "UNAUTHENTICATED");
    }
}

/// Fault 7: the token was kept in the store in clear. (That production has no log mailer is a rule of the
/// configuration.)
/// Security checklist: 7.
#[tokio::test]
async fn neither_tokens_nor_passwords_are_in_the_files_of_the_database() {
    let server = TestServer::start().await;
    for name in ["used", "live"] {
        api::create(server.address, &user(name)).await.succeeded(201);
    }
    let used = server.next_token("used@example.com").await;
    let live = server.next_token("live@example.com").await;
    accept_invitation(server.address, &used, "correct horse battery").await.succeeded(200);

    assert_files_hold_none_of(&server, [&used, &live], &["tutorial-password", "correct horse battery"]);
}

/// The second token, which was not used, is there as its hash, so that this looks where it should.
#[track_caller]
pub fn assert_files_hold_none_of(server: &TestServer, tokens: [&str; 2], passwords: &[&str]) {
    let bytes = bytes_in(server.folder());
    assert!(contains(&bytes, TokenHash::of(&Secret::from(tokens[1])).as_bytes()), "looked in vain");
    for token in tokens {
        let raw: Vec<u8> =
            (0..64).step_by(2).map(|at| u8::from_str_radix(&token[at..at + 2], 16).unwrap()).collect();
        assert!(!contains(&bytes, token.as_bytes()), "as it was mailed");
        assert!(!contains(&bytes, token.to_uppercase().as_bytes()), "in upper case");
        assert!(!contains(&bytes, &raw), "as bytes");
    }
    for password in passwords {
        assert!(!contains(&bytes, password.as_bytes()), "{password}");
    }
}

fn bytes_in(folder: &Path) -> Vec<u8> {
    fs::read_dir(folder).unwrap().flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Fault 9: an account could be taken over in two requests, a PUT with another address and a mail to it.
/// Security checklist: 52, 56.
#[tokio::test]
async fn nobody_can_give_an_account_another_address_without_the_password() {
    let server = TestServer::start_in_production(&[]).await;
    let alice = server.enrol("alice").await;
    assert_address_stays(&server, alice).await;
}

/// Neither a stranger nor whoever has an open session of alice can turn her mails to mallory.
pub async fn assert_address_stays(server: &TestServer, alice: u64) {
    let at = server.address;
    let turned = with(user("alice"), json!({"email": "mallory@example.com"}));
    api::put(at, alice, &turned).await.refused(401, "UNAUTHENTICATED");
    // Not even the owner, or whoever has found an open session, can do it without the password.
    http::act_as(at, Some(server.session_of("alice").await));
    let refused = api::put(at, alice, &turned).await.refused(403, "FORBIDDEN");
    assert_eq!(refused["error"], "Forbidden: only administrators can change email");
}

/// Fault 16: addresses were compared with regard to case, not trimmed, and hardly checked.
/// Security checklist: 12.
#[tokio::test]
async fn an_address_is_one_address_however_it_is_typed() {
    let server = TestServer::start().await;
    let at = server.address;
    for typed in ["Eve@Example.Com", " eve@example.com "] {
        let twin = with(user("another"), json!({"email": typed}));
        let body = api::create(at, &twin).await.refused(409, "USER_CREATION_ERROR");
        assert_eq!(body["error"], format!("Failed to create user: email '{}' already exists", typed.trim()));
    }
    for typed in ["..@-.-.aa", "a@b", "eve@example.com\r\nBcc: all@example.com", "eve@@example.com"] {
        let body = api::create(at, &with(user("another"), json!({"email": typed}))).await;
        let body = body.refused(400, "VALIDATION_ERROR");
        assert_eq!(body["details"]["fields"], json!({"email": ["invalid email format"]}), "{typed:?}");
    }
}

/// Fault 17: names could hold control characters.
/// Security checklist: 12.
#[tokio::test]
async fn names_hold_no_control_characters() {
    let server = TestServer::start().await;
    let at = server.address;
    for control in ["\n", "\0", "\u{1b}[2J", "\u{7f}", "\u{85}"] {
        for member in ["first_name", "last_name"] {
            let named = json!({member: format!("a{control}b")});
            let reason = json!([format!("{} cannot contain control characters", member.replace('_', " "))]);
            let body = api::create(at, &with(user("somebody"), named.clone())).await;
            let body = body.refused(400, "VALIDATION_ERROR");
            assert_eq!(body["details"]["fields"], json!({member: reason}), "{control:?}");
            let body = api::put(at, 5, &eve(named)).await.refused(400, "VALIDATION_ERROR");
            assert_eq!(body["details"]["fields"], json!({member: reason}), "{control:?}");
        }
        let roles = with(user("somebody"), json!({"roles": [format!("a{control}b")]}));
        api::create(at, &roles).await.refused(400, "VALIDATION_ERROR");
    }
    let found = Request::get("/api/users?search=somebody").send(at).await.succeeded(200);
    assert_eq!(found["data"], json!([]));
}

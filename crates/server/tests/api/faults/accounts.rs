//! Faults that put accounts at risk.

use std::{fs, path::Path, sync::Arc};

use denizen_models::{Password, Secret, UserId};
use denizen_services::{
    Argon2Cost, Argon2Hasher, OsTokenSource, PasswordHasher as _, TokenHash, memory::InMemoryStore,
    store::Reads as _,
};
use serde_json::{Value, json};

use crate::support::{
    TestServer,
    api::{self, user, with},
    http::{self, Request},
    production::PASSWORD,
};

/// Eve, one of the sample users, as a PUT wants her.
fn eve(members: Value) -> Value {
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
    for path in ["/api/users/reset-password/1", "/api/users/verify-email/", "/api/users/accept-invitationXYZ"]
    {
        Request::get(path).send(at).await.refused(401, "UNAUTHENTICATED");
    }
    api::delete(at, 1).await.refused(401, "UNAUTHENTICATED");
    Request::get("/api/auth/login").send(at).await.refused(405, "METHOD_NOT_ALLOWED");
    for token in ["demo", "demo-token", "admin-token", "user-token", "valid-token", "test", "secret"] {
        Request::get("/api/users/1").bearer(token).send(at).await.refused(401, "UNAUTHENTICATED");
    }
}

/// Fault 6: the new password was checked for its length and dropped.
/// Security checklist: 13.
#[tokio::test]
async fn a_reset_stores_the_new_password_in_place_of_the_old() {
    let store = Arc::new(InMemoryStore::new());
    let server = TestServer::start_on(store.clone()).await;
    let hasher = Argon2Hasher::start(Argon2Cost::CHEAPEST, 1, 1, Arc::new(OsTokenSource)).unwrap();
    let opens = async |password: &str| {
        let credentials = store.find_credentials(UserId::new(5)).await.unwrap().unwrap();
        hasher
            .verify(Password::presented(&Secret::from(password)), credentials.hash.unwrap())
            .await
            .unwrap()
            .is_match()
    };
    assert!(opens("tutorial-password").await);

    api::request_reset(server.address, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;
    api::reset(server.address, &token, "newsecurepassword").await.succeeded(200);

    assert!(opens("newsecurepassword").await);
    assert!(!opens("tutorial-password").await);
}

/// Fault 7: the token was kept in the store in clear. (That production has no log mailer is a rule of the
/// configuration.)
/// Security checklist: 7.
#[tokio::test]
async fn neither_tokens_nor_passwords_are_in_the_files_of_the_database() {
    let server = TestServer::start().await;
    api::request_reset(server.address, "eve@example.com").await.succeeded(200);
    let used = server.next_token("eve@example.com").await;
    api::reset(server.address, &used, "correct horse battery").await.succeeded(200);
    api::request_reset(server.address, "eve@example.com").await.succeeded(200);
    let live = server.next_token("eve@example.com").await;

    let bytes = bytes_in(server.folder());

    assert!(contains(&bytes, TokenHash::of(&Secret::from(live.as_str())).as_bytes()), "looked in vain");
    for token in [&used, &live] {
        let raw: Vec<u8> =
            (0..64).step_by(2).map(|at| u8::from_str_radix(&token[at..at + 2], 16).unwrap()).collect();
        assert!(!contains(&bytes, token.as_bytes()), "as it was mailed");
        assert!(!contains(&bytes, token.to_uppercase().as_bytes()), "in upper case");
        assert!(!contains(&bytes, &raw), "as bytes");
    }
    for password in ["tutorial-password", "correct horse battery"] {
        assert!(!contains(&bytes, password.as_bytes()), "{password}");
    }
}

fn bytes_in(folder: &Path) -> Vec<u8> {
    fs::read_dir(folder).unwrap().flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Fault 8: an unknown address was a 500 that named it. The development profile still names it, as the tutorial
/// does, but as what it is: the caller's error.
#[tokio::test]
async fn an_unknown_address_is_no_fault_of_the_server() {
    let server = TestServer::start().await;
    let body = api::request_reset(server.address, "nobody@example.com").await;
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
        let response = api::request_reset(server.address, address).await;
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
    let turned = with(user("alice"), json!({"email": "mallory@example.com"}));
    api::put(at, alice, &turned).await.refused(401, "UNAUTHENTICATED");
    // Not even the owner, or whoever has found an open session, can do it without the password.
    http::act_as(at, Some(server.session_of("alice").await));
    let refused = api::put(at, alice, &turned).await.refused(403, "FORBIDDEN");
    assert_eq!(refused["error"], "Forbidden: only administrators can change email");

    api::request_reset(at, "mallory@example.com").await.succeeded(200);
    server.clock.advance(chrono::Duration::seconds(1));
    api::request_reset(at, "alice@example.com").await.succeeded(200);

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
    api::request_reset(at, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;

    let changed = api::put(at, 5, &eve(json!({"email": "eve@example.org"}))).await.succeeded(200);

    assert_eq!(changed["data"]["email_verified"], false);
    assert!(!api::token_is_valid(at, &token).await);
    api::reset(at, &token, "newsecurepassword").await.refused(400, "PASSWORD_RESET_FAILED");
}

/// Fault 11: any PUT dropped an open reset token silently.
#[tokio::test]
async fn a_change_of_name_leaves_an_open_reset_token_alone() {
    let server = TestServer::start().await;
    let at = server.address;
    api::request_reset(at, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;

    let changes = json!({"first_name": "Eva", "age": 46, "roles": ["user"], "email": "Eve@Example.com"});
    api::put(at, 5, &eve(changes)).await.succeeded(200);

    assert!(api::token_is_valid(at, &token).await);
    api::reset(at, &token, "newsecurepassword").await.succeeded(200);
}

/// Fault 12: a reset worked for users who had been switched off.
/// Security checklist: 16, 19.
#[tokio::test]
async fn a_user_who_is_switched_off_gets_no_mail_and_can_use_none() {
    let server = TestServer::start().await;
    let at = server.address;
    api::request_reset(at, "eve@example.com").await.succeeded(200);
    let token = server.next_token("eve@example.com").await;
    api::put(at, 5, &eve(json!({"active": false}))).await.succeeded(200);

    let body = api::reset(at, &token, "newsecurepassword").await.refused(400, "PASSWORD_RESET_FAILED");
    assert_eq!(body["error"], "Failed to reset password: invalid reset token");
    assert!(!api::token_is_valid(at, &token).await);

    // The answer is that for everybody else. The worker takes one job after the other, the oldest first: when bob's
    // mail is there, eve's turn is over.
    api::request_reset(at, "eve@example.com").await.succeeded(200);
    server.advance_minutes(1);
    api::request_reset(at, "bob@example.com").await.succeeded(200);
    server.next_token("bob@example.com").await;
    assert_eq!(server.mailer.sent_to("eve@example.com").len(), 1);

    // Back again, the old token stays dead.
    api::put(at, 5, &eve(json!({"active": true}))).await.succeeded(200);
    assert!(!api::token_is_valid(at, &token).await);
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
        (&*"p".repeat(1_000_000), long),
    ] {
        let body = api::reset(at, "some token", password).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(body["details"]["fields"], json!({"new_password": [reason]}));
    }
    for password in ["восемь88", &"🔑".repeat(256)] {
        api::request_reset(at, "eve@example.com").await.succeeded(200);
        let token = server.next_token("eve@example.com").await;
        api::reset(at, &token, password).await.succeeded(200);
    }
}

/// Fault 16: addresses were compared with regard to case, not trimmed, and hardly checked.
/// Security checklist: 12.
#[tokio::test]
async fn an_address_is_one_address_however_it_is_typed() {
    let server = TestServer::start().await;
    let at = server.address;
    for typed in ["EVE@example.com", " eve@EXAMPLE.com\t"] {
        let body = api::request_reset(at, typed).await.succeeded(200);
        assert_eq!(body["data"]["email"], typed.trim());
        server.next_token("eve@example.com").await;
    }
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

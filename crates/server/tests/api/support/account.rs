//! What people do with their own accounts, in verbs.

use std::net::SocketAddr;

use denizen_models::KeyScope;
use serde_json::{Value, json};

use super::http::{Request, Response};

/// `token` is that of the session that ends.
pub async fn logout(at: SocketAddr, token: &str) -> Response {
    Request::post("/api/auth/logout").bearer(token).send(at).await
}

/// Creates a service key as the administrator whom the test acts as, and who has this password. Gives its number and the
/// key.
pub async fn new_key(at: SocketAddr, password: &str, scopes: &[KeyScope]) -> (u64, String) {
    let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
    let body = json!({ "name": "a program", "scopes": scopes, "password": password });
    let created = Request::post("/api/keys").json(&body).send(at).await.succeeded(201);
    let (id, key) = (&created["data"]["id"], &created["data"]["key"]);
    (id.as_u64().expect("a number"), key.as_str().expect("a key").to_owned())
}

/// Asks of which user a session token is, with a service key.
pub async fn introspect(at: SocketAddr, key: &str, token: &str) -> Response {
    introspection(token).bearer(key).send(at).await
}

/// The question without credentials.
pub fn introspection(token: &str) -> Request {
    let request = Request::post("/api/auth/introspect").anonymous();
    request.header("Content-Type", "application/x-www-form-urlencoded").body(format!("token={token}"))
}

pub async fn change_password(at: SocketAddr, token: &str, current: &str, new: &str) -> Response {
    let body = json!({ "current_password": current, "new_password": new });
    Request::post("/api/auth/change-password").bearer(token).json(&body).send(at).await
}

pub async fn change_email(at: SocketAddr, token: &str, password: &str, email: &str) -> Response {
    let body = json!({ "email": email, "password": password });
    Request::post("/api/auth/change-email").bearer(token).json(&body).send(at).await
}

pub async fn confirm_email_change(at: SocketAddr, mailed: &str) -> Response {
    present(at, "/api/users/confirm-email-change", json!({ "token": mailed })).await
}

/// What a developer types to sign up, which is all of a user.
pub async fn sign_up_at_once(at: SocketAddr, user: &Value) -> Response {
    present(at, "/api/users", user.clone()).await
}

/// What a stranger types to sign up, which is the address.
pub async fn sign_up(at: SocketAddr, email: &str) -> Response {
    present(at, "/api/users", json!({ "email": email })).await
}

/// What the owner of the mailbox chooses with the token of a sign-up.
pub fn choices(mailed: &str, name: &str, password: &str) -> Value {
    json!({
        "token": mailed, "username": name, "password": password, "first_name": "Some", "last_name": "Body",
    })
}

pub async fn confirm_sign_up(at: SocketAddr, mailed: &str, name: &str, password: &str) -> Response {
    present(at, "/api/users/verify-email", choices(mailed, name, password)).await
}

pub async fn request_verification(at: SocketAddr, email: &str) -> Response {
    present(at, "/api/users/request-email-verification", json!({ "email": email })).await
}

pub async fn verify_email(at: SocketAddr, mailed: &str) -> Response {
    present(at, "/api/users/verify-email", json!({ "token": mailed })).await
}

pub async fn accept_invitation(at: SocketAddr, mailed: &str, password: &str) -> Response {
    present(at, "/api/users/accept-invitation", json!({ "token": mailed, "password": password })).await
}

async fn present(at: SocketAddr, path: &str, body: Value) -> Response {
    Request::post(path).anonymous().json(&body).send(at).await
}

/// The own sessions of whoever has this token, the one used last first.
pub async fn sessions(at: SocketAddr, token: &str) -> Vec<Value> {
    let list = Request::get("/api/auth/sessions").bearer(token).send(at).await.succeeded(200);
    let sessions = list["data"].as_array().expect("a list").clone();
    assert_eq!(list["metadata"]["count"], sessions.len());
    sessions
}

/// The number of the session that has this token.
pub async fn session_id(at: SocketAddr, token: &str) -> u64 {
    let session = Request::get("/api/auth/session").bearer(token).send(at).await.succeeded(200);
    session["data"]["session"]["id"].as_u64().expect("a number")
}

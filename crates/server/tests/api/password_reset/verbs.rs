//! What people do about a password that they forgot, in verbs.

use std::net::SocketAddr;

use serde_json::json;

use crate::support::{
    api,
    http::{Request, Response},
};

pub fn reset_asked(email: &str) -> Request {
    Request::post("/api/users/request-password-reset").json(&json!({ "email": email }))
}

pub async fn request_reset(at: SocketAddr, email: &str) -> Response {
    reset_asked(email).send(at).await
}

pub fn reset_request(token: &str, password: &str) -> Request {
    Request::post("/api/users/reset-password").json(&json!({ "token": token, "new_password": password }))
}

pub async fn reset(at: SocketAddr, token: &str, password: &str) -> Response {
    reset_request(token, password).send(at).await
}

pub async fn token_is_valid(at: SocketAddr, token: &str) -> bool {
    let request = Request::post("/api/users/validate-reset-token").json(&json!({ "token": token }));
    request.send(at).await.succeeded(200)["data"]["valid"] == true
}

/// Whether one can sign in with this password.
pub async fn opens(at: SocketAddr, login: &str, password: &str) -> bool {
    let answer = api::login(at, login, password).await;
    if answer.status != 200 {
        answer.refused(401, "INVALID_CREDENTIALS");
        return false;
    }
    true
}

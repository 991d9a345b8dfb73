//! Requests, and the table of all endpoints.

use actix_web::{
    http::{
        Method,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
    test::TestRequest,
    web::Bytes,
};
use denizen_handlers::{Access, ROUTES, Route};
use serde_json::{Value, json};

use super::auth::ADMIN;

/// Every path below which everything is JSON, with what it allows.
pub fn endpoints() -> Vec<(&'static str, &'static str)> {
    routes(|path| {
        ["/api", "/health", "/livez", "/metrics", "/readyz", "/ws"].iter().any(|json| path.starts_with(json))
    })
}

/// Every path at which people find a page or a part of one, with what it allows.
pub fn pages() -> Vec<(&'static str, &'static str)> {
    let json = endpoints();
    routes(|path| !json.iter().any(|(target, _)| **target == target_of(path)))
}

fn routes(wanted: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
    // Introspection speaks as OAuth does, and has tests of its own.
    let speaks_oauth = |route: &&Route| route.operations.iter().any(|row| row.access == Access::Service);
    let routes = ROUTES.iter().filter(|route| wanted(route.path) && !speaks_oauth(route));
    // Leaked: they are as constant as the table that they are made of.
    routes.map(|route| (&*target_of(route.path).leak(), &*allowed_at(route).leak())).collect()
}

/// A path that matches this pattern: user 7, session 8.
pub fn target_of(pattern: &str) -> String {
    pattern.replace("{id:.*}", "7").replace("{id}", "7").replace("{session}", "8")
}

fn allowed_at(route: &Route) -> String {
    let mut methods: Vec<&str> = route.operations.iter().map(|operation| operation.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

/// A request without a body, from an administrator.
pub fn request(method: &str, target: &str) -> TestRequest {
    request_of(ADMIN, method, target)
}

/// From whoever has this session token.
pub fn request_of(token: &str, method: &str, target: &str) -> TestRequest {
    anonymous(method, target).insert_header((AUTHORIZATION, format!("Bearer {token}")))
}

/// From nobody who is known.
pub fn anonymous(method: &str, target: &str) -> TestRequest {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    TestRequest::with_uri(target).method(method)
}

pub fn get(target: &str) -> TestRequest {
    request("GET", target)
}

/// A request with a JSON body.
pub fn send_json(method: &str, target: &str, body: &Value) -> TestRequest {
    request(method, target).set_json(body)
}

/// A request with whatever bytes, declared as JSON.
pub fn post_bytes(target: &str, body: impl Into<Bytes>) -> TestRequest {
    request("POST", target).insert_header((CONTENT_TYPE, "application/json")).set_payload(body)
}

/// A request that the endpoint answers with success, with a body where it needs one.
pub fn acceptable(method: &str, target: &str) -> TestRequest {
    let path = target.split('?').next();
    match method {
        "POST" if path == Some("/ws") => send_json(method, target, &json!({ "type": "broadcast" })),
        "POST" | "PUT" | "PATCH" => send_json(method, target, &json!({})),
        _ => request(method, target),
    }
}

pub fn create_user() -> TestRequest {
    acceptable("POST", "/api/users")
}

pub fn update_user() -> TestRequest {
    acceptable("PUT", "/api/users/7")
}

pub fn patch_user() -> TestRequest {
    acceptable("PATCH", "/api/users/7")
}

pub fn delete_user() -> TestRequest {
    acceptable("DELETE", "/api/users/7")
}

pub fn verify_email() -> TestRequest {
    acceptable("POST", "/api/users/verify-email")
}

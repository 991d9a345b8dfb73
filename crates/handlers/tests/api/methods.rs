//! Which methods a path has. GET brings HEAD with it.

use serde_json::Value;

use crate::support::{
    Api,
    requests::{acceptable, endpoints, pages, request},
};

const METHODS: [&str; 10] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FROB"];

#[actix_web::test]
async fn every_method_of_a_path_is_answered() {
    let api = Api::start().await;
    for (target, allowed) in endpoints() {
        for method in allowed.split(", ") {
            let answer = api.send(acceptable(method, target)).await;
            let expected = match (method, target) {
                ("POST", "/api/users" | "/api/keys") => 201,
                // A mail follows, and what is to happen happens once it is answered.
                ("POST", "/api/auth/change-email" | "/api/users/request-email-verification") => 202,
                ("POST", target) if target.starts_with("/api/users/7/") => 202,
                _ => 200,
            };
            assert_eq!(answer.status, expected, "{method} {target}: {answer:?}");
            assert_eq!(answer.header("allow"), None);
        }
    }
}

#[actix_web::test]
async fn every_other_method_is_told_which_ones_there_are() {
    let api = Api::start().await;
    for (target, allowed) in endpoints() {
        for method in METHODS {
            if allowed.split(", ").any(|other| other == method) {
                continue;
            }
            let answer = api.send(request(method, target)).await;
            let details = answer.expect_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
            assert_eq!((details, answer.header("allow")), (Value::Null, Some(allowed)), "{method} {target}");
        }
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn pages_are_told_too_which_methods_they_have() {
    let api = Api::start().await;
    for (target, allowed) in pages() {
        for method in METHODS {
            if !allowed.split(", ").any(|other| other == method) {
                let answer = api.send(request(method, target)).await;
                assert!(answer.expect_page(405).contains("Method not allowed"), "{method} {target}");
                assert_eq!(answer.header("allow"), Some(allowed), "{method} {target}");
            }
        }
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn methods_are_told_apart_by_case() {
    let answer = Api::start().await.send(request("get", "/health")).await;
    answer.expect_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
}

#[actix_web::test]
async fn a_wrong_method_is_refused_whatever_its_query_and_body() {
    let api = Api::start().await;
    let odd = request("POST", "/api/users/7?%zz").set_payload("{").insert_header(("content-type", "x/y"));
    let answer = api.send(odd).await;
    answer.expect_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
    assert_eq!(answer.header("allow"), Some("DELETE, GET, HEAD, PATCH, PUT"));
}

#[actix_web::test]
async fn head_is_answered_and_refused_as_get_would_be() {
    let api = Api::start().await;
    for (target, status) in [
        ("/api/users/abc", 400),
        ("/api/users?limit=x", 400),
        ("/api/nope", 404),
        ("/nope", 404),
        ("/", 200),
        ("/verify-email?token=abc", 200),
        ("/api/users/verify-email", 405),
    ] {
        let (get, head) = (api.send(request("GET", target)).await, api.send(request("HEAD", target)).await);
        assert_eq!((get.status, head.status), (status, status), "{target}");
        assert_eq!(get.header("content-type"), head.header("content-type"), "{target}");
        assert_eq!(get.body.len(), head.body.len(), "{target}");
    }
}

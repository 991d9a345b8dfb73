//! The handlers as a part of another application.

mod sign_in;

use std::num::NonZeroU32;

use actix_web::{
    App, Error, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::{Condition, Next, from_fn},
    test::{TestRequest, call_service, init_service, read_body},
    web,
};
use denizen_handlers::{MaybeAuthenticated, RateLimit, Services, fallback, middleware, mount};

use crate::support::{
    Setup,
    answer::Answer,
    log::lines_with,
    requests::{anonymous, create_user, get, request, send_json, update_user},
};

/// The answer of an application that has routes and a page for unknown paths of its own, and the handlers below
/// `prefix`.
async fn send(prefix: &str, change: impl FnOnce(&mut Setup), requests: Vec<TestRequest>) -> Vec<Answer> {
    let mut setup = Setup::default();
    change(&mut setup);
    let (services, settings, ..) = setup.wire();
    let theirs = || async { HttpResponse::Ok().body("theirs") };
    let app = App::new()
        .configure(mount(prefix, services, settings))
        .service(web::resource("/own").to(theirs))
        .service(web::resource("/wrapped").to(theirs).wrap(from_fn(middleware)))
        .default_service(web::to(|| async { HttpResponse::NotFound().body("their own page") }));
    let app = init_service(app).await;
    let mut answers = Vec::new();
    for request in requests {
        let response =
            call_service(&app, request.peer_addr(PEER.parse().expect("a peer")).to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        answers.push(Answer::new(status, headers, read_body(response).await.to_vec()));
    }
    answers
}

const PEER: &str = "192.0.2.1:50000";

pub async fn send_one(prefix: &str, request: TestRequest) -> Answer {
    send(prefix, |_| {}, vec![request]).await.remove(0)
}

#[actix_web::test]
async fn routes_of_the_application_stay_theirs_before_and_after() {
    for prefix in ["", "/accounts"] {
        let answer = send_one(prefix, anonymous("GET", "/own")).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, "theirs".as_bytes()));
        assert_eq!(answer.header("x-request-id"), None);
    }
    let answer = send_one("", anonymous("GET", "/health")).await;
    assert!(answer.header("x-request-id").is_some());
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn routes_that_were_mounted_before_stay_theirs() {
    let (services, settings, ..) = Setup::default().wire();
    let own = web::resource("/own").to(|| async { HttpResponse::Ok().body("theirs") });
    let app = init_service(App::new().service(own).configure(mount("", services, settings))).await;

    let answer = call_service(&app, TestRequest::with_uri("/own").to_request()).await;
    assert!(!answer.headers().contains_key("x-request-id"));
    assert_eq!((answer.status().as_u16(), read_body(answer).await.as_ref()), (200, "theirs".as_bytes()));
}

#[actix_web::test]
async fn unknown_paths_are_the_applications_own() {
    for (prefix, target) in
        [("", "/nope"), ("", "/api/nope"), ("/accounts", "/nope"), ("/accounts", "/api/users")]
    {
        let answer = send_one(prefix, anonymous("GET", target)).await;
        assert_eq!((answer.status, answer.body.as_slice()), (404, "their own page".as_bytes()), "{target}");
        assert_eq!(answer.header("x-request-id"), None);
    }
}

#[actix_web::test]
async fn unknown_paths_below_the_prefix_are_answered_here() {
    let page = send_one("/accounts", anonymous("GET", "/accounts/nope")).await.expect_page(404);
    assert!(page.contains("href=\"/accounts/assets/style.css\""), "{page}");
    let answer = send_one("/accounts", anonymous("GET", "/accounts/api/nope")).await;
    answer.expect_error(404, "NOT_FOUND", "Not found");
}

#[actix_web::test]
async fn below_a_prefix_everything_is_as_at_the_root() {
    for prefix in ["/accounts", "accounts/", "/a/b"] {
        let at = |target: &str| format!("/{}{target}", prefix.trim_matches('/'));
        let answer = send_one(prefix, get(&at("/api/users/7"))).await;
        answer.expect_success(200, "User retrieved successfully");
        let answer = send_one(prefix, send_json("POST", &at("/api/users"), &serde_json::json!({}))).await;
        assert_eq!(answer.header("location"), Some(at("/api/users/7").as_str()));
        let answer = send_one(prefix, send_json("PUT", &at("/api/users/7"), &serde_json::json!({}))).await;
        assert_eq!(answer.header("content-location"), Some(at("/api/users/7").as_str()));
        let answer = send_one(prefix, anonymous("GET", &at("/api/users"))).await;
        answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
        let answer = send_one(prefix, request("PATCH", &at("/health"))).await;
        answer.expect_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
        send_one(prefix, anonymous("GET", &at("/verify-email?token=cafe"))).await.expect_page(200);
        let page = send_one(prefix, request("PATCH", &at("/verify-email"))).await.expect_page(405);
        assert!(page.contains(&format!("href=\"{}\"", at("/"))), "{page}");
        let style = send_one(prefix, anonymous("GET", &at("/assets/style.css"))).await;
        assert_eq!(style.status, 200);
        let front_page = send_one(prefix, anonymous("GET", &at(""))).await;
        assert_eq!((front_page.status, front_page.header("location")), (307, Some(at("/").as_str())));
        let login = serde_json::json!({ "cookie": true });
        let answer = send_one(prefix, send_json("POST", &at("/api/auth/login"), &login)).await;
        for name in ["denizen_session", "denizen_device"] {
            assert!(answer.cookie(name).is_some_and(|cookie| cookie.contains("; Path=/")), "{answer:?}");
        }
    }
}

#[actix_web::test]
async fn a_service_that_is_not_given_has_no_routes() {
    let mut setup = Setup::default();
    setup.answers.sends_mail = false;
    let (_, settings, users, auth) = setup.wire();
    let services = Services::new(users, auth);
    let app = App::new().configure(mount("", services, settings)).configure(fallback);
    let app = init_service(app).await;
    for (method, target) in [
        ("GET", "/api/audit"),
        ("GET", "/api/mail/jobs"),
        ("POST", "/api/calculate"),
        ("POST", "/api/tasks"),
        ("GET", "/ws"),
        ("GET", "/metrics"),
        ("GET", "/readyz"),
        ("GET", "/verify-email"),
        ("POST", "/api/auth/change-email"),
    ] {
        let answer = call_service(&app, request(method, target).to_request()).await;
        assert_eq!(answer.status().as_u16(), 404, "{method} {target}");
    }
    let page = read_body(call_service(&app, get("/").to_request()).await).await;
    let page = String::from_utf8(page.to_vec()).expect("UTF-8");
    for absent in ["reset-password", "request-password-reset", "/health", "/readyz", "/ws"] {
        assert!(page.contains("/api/users") && !page.contains(absent), "{absent}: {page}");
    }
    for (request, status) in [(create_user(), 201), (update_user(), 200)] {
        assert_eq!(call_service(&app, request.to_request()).await.status().as_u16(), status);
    }
}

#[actix_web::test]
async fn routes_of_the_application_can_have_ids_and_limits_too() {
    let limit = |setup: &mut Setup| {
        let limit = RateLimit::per_address(NonZeroU32::MIN, NonZeroU32::MIN);
        setup.settings.rate_limit = Some(limit);
    };
    let html = || anonymous("GET", "/wrapped").insert_header(("accept", "text/html,*/*"));
    let answers =
        send("/accounts", limit, vec![anonymous("GET", "/wrapped"), anonymous("GET", "/wrapped"), html()])
            .await;
    assert_eq!((answers[0].status, answers[0].body.as_slice()), (200, "theirs".as_bytes()));
    assert!(answers[0].header("x-request-id").is_some());
    answers[1].expect_error(429, "RATE_LIMITED", "Too many requests");
    answers[2].expect_page(429);
}

/// A middleware of the application that asks who sends a request.
async fn look(
    known: MaybeAuthenticated,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    drop(known);
    next.call(request).await
}

#[actix_web::test]
async fn an_application_can_wrap_itself_as_a_whole() {
    for whole in [true, false] {
        let (services, settings, ..) = Setup::default().wire();
        let outer = Condition::new(whole, from_fn(middleware));
        let app = App::new().configure(mount("", services, settings)).wrap(from_fn(look)).wrap(outer);
        let response = call_service(&init_service(app).await, get("/api/users/x").to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer::new(status, headers, read_body(response).await.to_vec());
        answer.expect_error(400, "INVALID_USER_ID", "Invalid user ID format");
        assert_eq!(lines_with(answer.request_id()).len(), 1);
    }
}

#[actix_web::test]
async fn what_nobody_takes_is_answered_here_if_asked_to() {
    let (services, settings, ..) = Setup::default().wire();
    let app = init_service(App::new().configure(mount("", services, settings)).configure(fallback)).await;
    for (method, target) in [("OPTIONS", "*"), ("GET", "*"), ("GET", "/nope")] {
        let answer = call_service(&app, request(method, target).to_request()).await;
        assert_eq!(answer.status().as_u16(), 404);
        for name in ["x-request-id", "content-security-policy", "x-content-type-options"] {
            assert!(answer.headers().contains_key(name), "{name}");
        }
        assert!(read_body(answer).await.starts_with(b"<!doctype html>"));
    }
}

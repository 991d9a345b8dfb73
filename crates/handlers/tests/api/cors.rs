//! Browsers on other origins: none are allowed unless configured, and then exactly those.

use actix_web::test::TestRequest;

use crate::support::{
    Api, Setup,
    answer::Answer,
    log::access_line,
    requests::{create_user, get, request, send_json},
};

const APP: &str = "https://app.example.com";

async fn api_for_the_app() -> Api {
    Api::start_with(|setup: &mut Setup| {
        setup.settings.cors_origins = vec!["http://localhost:3000".to_owned(), APP.to_owned()];
    })
    .await
}

fn from(origin: &str, request: TestRequest) -> TestRequest {
    request.insert_header(("origin", origin))
}

fn preflight(origin: &str, method: &str, target: &str) -> TestRequest {
    let asked = request("OPTIONS", target).insert_header(("access-control-request-method", method));
    from(origin, asked.insert_header(("access-control-request-headers", "content-type")))
}

/// No header of the protocol is there, whatever the rest says.
#[track_caller]
fn assert_says_nothing(answer: &Answer) {
    for name in answer.headers.keys() {
        assert!(!name.as_str().starts_with("access-control-"), "{answer:?}");
    }
}

/// The origin may read the answer, and no cache hands it to another.
#[track_caller]
fn assert_allows(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{answer:?}");
    assert_eq!(answer.header("access-control-expose-headers"), Some("ETag, X-Request-ID"));
    // With a list of exactly these origins, and cookies that no other site's requests carry.
    assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
    assert!(answer.vary().contains(&"Origin"), "{answer:?}");
}

#[track_caller]
fn assert_not_blessed(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    for name in ["access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"] {
        assert_eq!(answer.header(name), None, "{answer:?}");
    }
}

#[actix_web::test]
async fn without_origins_nothing_is_said() {
    let api = Api::start().await;
    for (request, status) in [
        (get("/health"), 200),
        (get("/api/nope"), 404),
        (from(APP, get("/health")), 200),
        (from(APP, get("/api/users/abc")), 400),
        (preflight(APP, "GET", "/api/users"), 405),
        (preflight(APP, "GET", "/api/nope"), 404),
    ] {
        let answer = api.send(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_says_nothing(&answer);
        assert!(!answer.vary().contains(&"Origin"), "{answer:?}");
    }
}

#[actix_web::test]
async fn an_allowed_origin_may_read_successes_and_refusals() {
    let api = api_for_the_app().await;
    for origin in [APP, "http://localhost:3000"] {
        for (request, status) in [
            (get("/health"), 200),
            (get("/api/users/7"), 200),
            (create_user(), 201),
            (get("/api/users/abc"), 400),
            (send_json("POST", "/api/users", &serde_json::json!([])), 400),
            (get("/api/nope"), 404),
            (get("/nope"), 404),
            (request("PATCH", "/api/users"), 405),
            (request("POST", "/api/users"), 415),
        ] {
            let answer = api.send(from(origin, request)).await;
            assert_eq!(answer.status, status, "{answer:?}");
            assert_allows(&answer, origin);
        }
    }
}

#[actix_web::test]
async fn an_allowed_origin_may_read_failures_of_ours() {
    let api = Api::start_with(|setup: &mut Setup| {
        setup.settings.cors_origins = vec![APP.to_owned()];
        setup.settings.local_only = true;
        setup.readiness.store = false;
    })
    .await;
    let here = |target: &str| get(target).insert_header(("host", "localhost"));
    let answer = api.send(from(APP, here("/readyz"))).await;
    assert_eq!(answer.status, 503);
    assert_allows(&answer, APP);

    api.users.panic_next();
    let answer = api.send(from(APP, here("/api/users"))).await;
    assert_eq!(answer.status, 500);
    assert_allows(&answer, APP);

    let answer = api.send(from(APP, get("/readyz"))).await;
    assert_eq!(answer.status, 403);
    assert_allows(&answer, APP);
}

#[actix_web::test]
async fn any_other_origin_may_not() {
    let api = api_for_the_app().await;
    for origin in [
        "null",
        "",
        "*",
        "https://APP.example.com",
        "HTTPS://app.example.com",
        "http://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evil.example/https://app.example.com",
        "https://xapp.example.com",
        "https://example.com",
        "http://localhost",
        "https://app.example.com, https://evil.example",
    ] {
        for (request, status) in [
            (from(origin, get("/health")), 200),
            (from(origin, get("/api/nope")), 404),
            (preflight(origin, "GET", "/api/users"), 405),
        ] {
            let answer = api.send(request).await;
            assert_eq!(answer.status, status, "{answer:?}");
            assert_says_nothing(&answer);
            assert_eq!(answer.vary(), ["Origin"], "{origin}");
        }
    }
}

#[actix_web::test]
async fn whoever_names_no_origin_gets_an_answer_that_depends_on_it() {
    let api = api_for_the_app().await;
    let answer = api.send(get("/health")).await;
    answer.expect_success(200, "Server is healthy and running");
    assert_says_nothing(&answer);
    assert_eq!(answer.vary(), ["Origin"]);
    let answer = api.send(get("/api/users/7")).await;
    answer.expect_success(200, "User retrieved successfully");
    assert_eq!(answer.vary(), ["Authorization", "Cookie", "Origin"]);
}

#[actix_web::test]
async fn a_preflight_for_what_exists_is_blessed() {
    let api = api_for_the_app().await;
    for (method, target, methods) in [
        ("GET", "/health", "GET, HEAD"),
        ("GET", "/api/users?search=x", "GET, HEAD, POST"),
        ("POST", "/api/users", "GET, HEAD, POST"),
        ("PUT", "/api/users/7", "DELETE, GET, HEAD, PATCH, PUT"),
        ("PATCH", "/api/users/7", "DELETE, GET, HEAD, PATCH, PUT"),
        ("DELETE", "/api/users/7", "DELETE, GET, HEAD, PATCH, PUT"),
        ("POST", "/api/users/verify-email", "POST"),
    ] {
        let answer = api.send(preflight(APP, method, target)).await;
        assert_eq!((answer.status, answer.text()), (204, String::new()), "{method} {target}");
        assert_allows(&answer, APP);
        assert_eq!(answer.header("access-control-allow-methods"), Some(methods));
        let names = Some("Authorization, Content-Type, If-Match, If-None-Match, X-Request-ID");
        assert_eq!(answer.header("access-control-allow-headers"), names);
        assert_eq!(answer.header("access-control-max-age"), Some("3600"));
        assert_eq!((answer.header("content-type"), answer.header("allow")), (None, None));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(access_line(answer.request_id()).contains(" 204 "));
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_preflight_for_what_does_not_exist_is_not_blessed() {
    let api = api_for_the_app().await;
    for (method, target, status) in [
        ("GET", "/api/nope", 404),
        ("GET", "/nope", 404),
        ("GET", "/api/users/abc", 400),
        ("POST", "/api/users/7", 405),
        ("DELETE", "/api/users", 405),
        ("GET", "/api/users/verify-email", 405),
        ("post", "/api/users", 405),
        ("*", "/api/users", 405),
        ("GET, POST", "/api/users", 405),
        ("OPTIONS", "/api/users", 405),
        ("", "/api/users", 405),
    ] {
        let answer = api.send(preflight(APP, method, target)).await;
        assert_not_blessed(&answer, status);
        assert_allows(&answer, APP);
    }
}

#[actix_web::test]
async fn options_without_a_wanted_method_is_no_preflight() {
    let api = api_for_the_app().await;
    let answer = api.send(from(APP, request("OPTIONS", "/api/users"))).await;
    assert_not_blessed(&answer, 405);
    answer.expect_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");

    let wanted = request("PATCH", "/api/users").insert_header(("access-control-request-method", "GET"));
    let answer = api.send(from(APP, wanted)).await;
    assert_not_blessed(&answer, 405);
}

//! The development profile answers its own machine only.

use actix_web::test::TestRequest;
use serde_json::Value;

use crate::support::{
    Api, Setup,
    answer::Answer,
    requests::{create_user, get},
};

async fn local_api() -> Api {
    Api::start_with(|setup: &mut Setup| setup.settings.local_only = true).await
}

fn naming(host: &str, request: TestRequest) -> TestRequest {
    request.insert_header(("host", host))
}

const MESSAGE: &str = "Forbidden: the development profile answers only requests that come straight from this machine \
                       and name it localhost, 127.0.0.1 or [::1]";

#[track_caller]
fn assert_is_refused(answer: &Answer) {
    assert_eq!(answer.expect_error(403, "FORBIDDEN", MESSAGE), Value::Null);
}

#[actix_web::test]
async fn requests_that_name_this_machine_are_answered() {
    let api = local_api().await;
    for host in [
        "localhost",
        "localhost:8080",
        "LocalHost:3000",
        "127.0.0.1",
        "127.0.0.1:8080",
        "[::1]",
        "[::1]:8080",
    ] {
        let answer = api.send(naming(host, get("/health"))).await;
        answer.expect_success(200, "Server is healthy and running");
        api.send(naming(host, get("/api/nope"))).await.expect_error(404, "NOT_FOUND", "Not found");
    }
}

#[actix_web::test]
async fn requests_that_name_another_machine_are_refused() {
    let api = local_api().await;
    for host in [
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "evil.localhost",
        "localhost@evil.example",
        "localhost:80@evil.example",
        "localhost:80:80",
        "localhost:x",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "0.0.0.0",
        "::1",
        "[::1",
        "[::]",
        "192.168.0.1",
        "localhost ",
        "localhost, evil.example",
        "localhost.",
        ":8080",
        "",
    ] {
        for request in [get("/health"), get("/api/users"), get("/api/nope"), create_user()] {
            assert_is_refused(&api.send(naming(host, request)).await);
        }
        let page = api.send(naming(host, get("/"))).await.expect_page(403);
        assert!(page.contains(MESSAGE), "{page}");
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn requests_that_name_no_machine_are_refused() {
    let api = local_api().await;
    assert_is_refused(&api.send(get("/health")).await);
    assert_is_refused(&api.send(get("http://localhost/health")).await);
}

#[actix_web::test]
async fn requests_that_name_two_machines_are_refused() {
    let api = local_api().await;
    for (first, second) in [("localhost", "evil.example"), ("evil.example", "localhost")] {
        let request = get("/health").append_header(("host", first)).append_header(("host", second));
        assert_is_refused(&api.send(request).await);
    }
}

#[actix_web::test]
async fn a_target_that_names_a_machine_must_name_this_one() {
    let api = local_api().await;
    let answer = api.send(naming("localhost", get("http://127.0.0.1:8080/health"))).await;
    answer.expect_success(200, "Server is healthy and running");
    assert_is_refused(&api.send(naming("localhost", get("http://evil.example/health"))).await);
}

#[actix_web::test]
async fn requests_through_a_proxy_are_refused() {
    let api = local_api().await;
    for (name, value) in [
        ("forwarded", "for=127.0.0.1"),
        ("forwarded", ""),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "https"),
        ("X-Forwarded-For", ""),
    ] {
        let request = naming("localhost", get("/health")).insert_header((name, value));
        assert_is_refused(&api.send(request).await);
    }
}

#[actix_web::test]
async fn elsewhere_any_name_and_any_proxy_will_do() {
    let api = Api::start().await;
    let request = naming("users.example.com", get("/health")).insert_header(("x-forwarded-for", "192.0.2.1"));
    api.send(request).await.expect_success(200, "Server is healthy and running");
    api.send(get("/health")).await.expect_success(200, "Server is healthy and running");
}

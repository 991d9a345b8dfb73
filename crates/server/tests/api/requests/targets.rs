//! Methods, paths, ids and parameters.

use super::each_is_refused;
use crate::support::{TestServer, api, http::Request};

/// Security checklist: 55.
#[tokio::test]
async fn an_id_has_one_form() {
    let server = TestServer::start().await;
    for id in [
        "0",
        "-1",
        "+1",
        "01",
        "1.0",
        "1e0",
        "0x1",
        "1_",
        "abc",
        "%31",
        "%2B1",
        "1%20",
        "%201",
        "1%00",
        "%00",
        "%0a",
        "%",
        "%1",
        "%zz",
        "%ff",
        "%ef%bc%91",
        "1;v=2",
        "1,2",
        "*",
        "~",
        "1/",
        "/1",
        "1/2",
        "./1",
        "../users/1",
        "%2e%2e/users/1",
        "..%2f1",
        "me",
        "9223372036854775808",
        "99999999999999999999999999999999999999",
        "-9223372036854775808",
        &"1".repeat(30_000),
    ] {
        for method in ["GET", "PUT", "DELETE", "POST"] {
            let request = Request::new(method, &format!("/api/users/{id}"));
            let body = request.json(&api::user("somebody")).send(server.address).await;
            let body = body.refused(400, "INVALID_USER_ID");
            assert_eq!(body["error"], "Invalid user ID format", "{method} {id:.50}");
        }
    }
    each_is_refused(&server, [(Request::get("/api/users/"), 400, "MISSING_USER_ID")]).await;
    // The greatest id is one, though nobody has it.
    each_is_refused(&server, [(Request::get("/api/users/9223372036854775807"), 404, "USER_NOT_FOUND")]).await;
}

#[tokio::test]
async fn paths_are_not_cleaned() {
    let server = TestServer::start().await;
    let not_found = |path: &str| (Request::get(path), 404, "NOT_FOUND");
    each_is_refused(
        &server,
        [
            not_found("/api"),
            not_found("/api/"),
            not_found("/api/users.json"),
            not_found("/api/Users"),
            not_found("/api//users"),
            not_found("/api/./users"),
            not_found("/api/../api/users"),
            not_found("/api/users%2f1"),
            not_found("/api/users%00"),
            not_found("/api/users\\1"),
            not_found("/api/%zz"),
            not_found("/health/"),
            not_found("/livez/x"),
            not_found("/ws/"),
            not_found(&format!("/api/{}", "a".repeat(30_000))),
        ],
    )
    .await;
}

#[tokio::test]
async fn elsewhere_there_is_a_small_page() {
    let server = TestServer::start().await;
    for path in [
        "//",
        "//api/users",
        "/nope",
        "/apix",
        "/healthy",
        "/../../etc/passwd",
        "/%2e%2e/etc/passwd",
        "/.env",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let response = Request::new(method, path).send(server.address).await;
            assert_eq!(response.status, 404, "{method} {path}");
            assert_eq!(response.header("Content-Type"), Some("text/html; charset=utf-8"), "{path}");
            assert!(response.text().contains("There is nothing at this address."), "{}", response.text());
        }
    }
}

#[tokio::test]
async fn methods_are_names_in_capitals() {
    let server = TestServer::start().await;
    for method in ["get", "Get", "patch", "OPTIONS", "TRACE", "CONNECT", "LINK", "A", &"A".repeat(1000)] {
        let response = Request::new(method, "/api/users/1").send(server.address).await;
        let body = response.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(body["error"], "Method not allowed", "{method}");
        assert_eq!(response.header("Allow"), Some("DELETE, GET, HEAD, PATCH, PUT"), "{method}");
    }
}

/// Security checklist: 54.
#[tokio::test]
async fn parameters_are_known_and_given_once() {
    let server = TestServer::start().await;
    for (query, name) in [
        ("bogus=1", "bogus"),
        ("search=a&search=b", "search"),
        ("search=a&se%61rch=b", "search"),
        ("Search=a", "Search"),
        ("search=%zz", "search"),
        ("search=%f", "search"),
        ("search=%ff", "search"),
        ("search=%c0%80", "search"),
        ("%zz=1", "%zz"),
        ("=1", ""),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1e2", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("sort=age", "sort"),
        ("sort=id;drop", "sort"),
        ("search=ali&sort=username", "sort"),
        ("active=yes", "active"),
        ("total=1", "total"),
        ("cursor=", "cursor"),
        ("cursor=zz", "cursor"),
        ("cursor=ffff", "cursor"),
        ("limit=1&cursor=2d69642031203", "cursor"),
        (&*format!("search={}", "a".repeat(201)), "search"),
    ] {
        let body = api::list(server.address, &format!("?{query}")).await.refused(400, "INVALID_QUERY");
        assert_eq!(body["error"], format!("Invalid query parameter: {name}"), "{query}");
        assert!(body["details"]["fields"][name][0].is_string(), "{body}");
    }
    for path in ["/api/users/1", "/health", "/livez", "/readyz"] {
        each_is_refused(&server, [(Request::get(&format!("{path}?x=1")), 400, "INVALID_QUERY")]).await;
    }
    for path in ["/api/users", "/api/users/request-email-verification"] {
        let request = Request::post(&format!("{path}?x=1")).json(&api::user("somebody"));
        request.send(server.address).await.refused(400, "INVALID_QUERY");
    }
    for query in ["?", "?search", "?search=", "?&&", "?search=%00", "?role=", "?limit=200"] {
        api::list(server.address, query).await.succeeded(200);
    }
}

#[tokio::test]
async fn a_target_may_name_the_machine_it_is_sent_to_and_no_other() {
    let server = TestServer::start().await;
    let port = server.address.port();
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"] {
        let request = Request::get("/api/users/1").header("Host", &format!("{host}:{port}"));
        request.send(server.address).await.succeeded(200);
        Request::get(&format!("http://{host}:{port}/api/users/1")).send(server.address).await.succeeded(200);
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "0.0.0.0",
        "[::]",
        "localhost.",
        "localhost:evil",
        "evil@localhost",
        "",
    ] {
        let request = Request::get("/api/users/1").header("Host", host);
        request.send(server.address).await.refused(403, "FORBIDDEN");
    }
    // What has no slash is the name of a machine.
    for target in ["http://evil.example/api/users/1", "http://localhost@evil.example/api/users/1", "livez"] {
        assert_eq!(Request::get(target).send(server.address).await.status, 403, "{target}");
    }
    for name in ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "x-forwarded-proto"] {
        let proxied = Request::get("/api/users/1").header(name, "for=127.0.0.1");
        proxied.send(server.address).await.refused(403, "FORBIDDEN");
    }
}

//! Paths that name nothing: JSON for programs, a small page for people.

use serde_json::Value;

use crate::support::{
    Api,
    requests::{get, request},
};

#[actix_web::test]
async fn programs_get_json() {
    let api = Api::start().await;
    for target in [
        "/api",
        "/api/",
        "/api/nope",
        "/api//users",
        "/api/./users",
        "/api/users2",
        "/api/Users",
        "/api/%ff",
        "/api/nope?%zz",
        "/health/",
        "/health/live",
        "/livez/",
        "/livez/x",
        "/readyz/",
        "/readyz//x",
        "/ws/",
        "/ws/chat",
    ] {
        for method in ["GET", "POST", "DELETE", "OPTIONS", "FROB"] {
            let answer = api.send(request(method, target)).await;
            let details = answer.expect_error(404, "NOT_FOUND", "Not found");
            assert_eq!((details, answer.header("allow")), (Value::Null, None), "{method} {target}");
        }
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn people_get_a_page() {
    let api = Api::start().await;
    for target in [
        "/nope",
        "/assets",
        "/assets/",
        "/assets/../pages/layout.html",
        "/verify-email/",
        "/index.html",
        "/apix",
        "/healthz",
        "/livezz",
        "/wsx",
        "/API/users",
        "//api/users",
        "/../etc/passwd",
        "/%2e%2e/etc/passwd",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
    ] {
        for method in ["GET", "POST", "OPTIONS", "FROB"] {
            let answer = api.send(request(method, target)).await;
            let page = answer.expect_page(404);
            assert!(page.contains("<h1>Not found</h1>"), "{page}");
            // Nothing of the request, so that nothing needs to be escaped.
            assert!(!page.contains("alert") && !page.contains("passwd"), "{page}");
        }
    }
}

#[actix_web::test]
async fn a_path_written_in_another_way_is_no_other_path() {
    let api = Api::start().await;
    // The same path by RFC 3986, section 2.3: unreserved characters may be written as octets.
    api.send(get("/%68ealth")).await.expect_success(200, "Server is healthy and running");
    // So programs get JSON there too when something is wrong.
    for (target, status, code, message) in [
        ("/%61pi/nope", 404, "NOT_FOUND", "Not found"),
        ("/%61%70%69/users/x", 400, "INVALID_USER_ID", "Invalid user ID format"),
        ("/l%69vez?x=1", 400, "INVALID_QUERY", "Invalid query parameter: x"),
    ] {
        api.send(get(target)).await.expect_error(status, code, message);
    }
    // Not the same path: an encoded slash is data, not a separator.
    assert_eq!(api.send(get("/api%2Fusers")).await.status, 404);
    assert!(api.users.is_untouched());
}

//! What every answer carries, and what may be kept by whom.

use crate::support::{
    Api, Setup,
    answer::Answer,
    requests::{create_user, delete_user, get, patch_user, post_bytes, request, update_user, verify_email},
};

#[track_caller]
fn assert_is_secured(answer: &Answer) {
    // Forms say where they come from to us alone.
    let is_form = answer.header("content-type") == Some("text/html; charset=utf-8")
        && answer.header("cache-control") == Some("no-store");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", if is_form { "same-origin" } else { "no-referrer" }),
    ] {
        assert_eq!(answer.header(name), Some(value), "{answer:?}");
    }
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe") && !policy.contains("script") && !policy.contains('*'), "{policy}");
    // Withdrawn by its inventors; it opened holes of its own.
    assert_eq!(answer.header("x-xss-protection"), None);
}

/// Security checklist: 24, 59.
#[actix_web::test]
async fn successes_refusals_and_pages_are_secured() {
    let api = Api::start().await;
    for (request, status) in [
        (get("/health"), 200),
        (get("/api/users"), 200),
        (create_user(), 201),
        (get("/api/users/abc"), 400),
        (get("/api/users?x=1"), 400),
        (get("/api/nope"), 404),
        (get("/"), 200),
        (get("/assets/style.css"), 200),
        (get("/nope"), 404),
        (request("PATCH", "/"), 405),
        (request("PATCH", "/api/users/7"), 415),
        (request("OPTIONS", "/api/users"), 405),
        (request("POST", "/api/users"), 415),
        (post_bytes("/api/users", vec![b' '; 1024 * 1024 + 1]), 413),
    ] {
        let answer = api.send(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_is_secured(&answer);
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

/// Security checklist: 59.
#[actix_web::test]
async fn failures_of_ours_are_secured() {
    let change = |setup: &mut Setup| {
        setup.readiness.store = false;
        setup.settings.local_only = true;
    };
    let api = Api::start_with(change).await;
    let here = ("host", "localhost");
    let answer = api.send(get("/readyz").insert_header(here)).await;
    assert_eq!(answer.status, 503);
    assert_is_secured(&answer);

    let answer = api.send(get("/readyz")).await;
    assert_eq!(answer.status, 403);
    assert_is_secured(&answer);

    api.users.panic_next();
    let answer = api.send(get("/api/users").insert_header(here)).await;
    assert_eq!(answer.status, 500);
    assert_is_secured(&answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn personal_data_is_for_the_caller_alone_and_is_asked_for_again() {
    let api = Api::start().await;
    for target in ["/api/users", "/api/users/7"] {
        for method in ["GET", "HEAD"] {
            let answer = api.send(request(method, target)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"), "{answer:?}");
            assert_eq!(answer.vary(), ["Authorization", "Cookie"], "{answer:?}");
        }
    }
}

/// Security checklist: 24.
#[actix_web::test]
async fn everything_else_is_kept_by_nobody() {
    let api = Api::start().await;
    for (request, status) in [
        (get("/health"), 200),
        (get("/livez"), 200),
        (get("/readyz"), 200),
        (create_user(), 201),
        (update_user(), 200),
        (patch_user(), 200),
        (delete_user(), 200),
        (verify_email(), 200),
        (get("/api/users/abc"), 400),
        (get("/api/users?limit=x"), 400),
        (get("/api/nope"), 404),
        (get("/nope"), 404),
        (request("POST", "/api/users/7"), 405),
    ] {
        let answer = api.send(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
        assert!(answer.vary().is_empty(), "{answer:?}");
    }
}

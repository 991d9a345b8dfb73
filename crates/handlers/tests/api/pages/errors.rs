//! What people see when they went astray. Programs get the same in JSON, told apart by the path alone.

use super::{assert_is_secured, heading, page, submit};
use crate::support::{
    Api,
    requests::{get, pages, request},
};

#[actix_web::test]
async fn a_path_that_names_nothing_is_a_page() {
    let api = Api::start().await;
    for target in [
        "/nope",
        "/index.html",
        "/verify-email/",
        "/Verify-Email",
        "//verify-email",
        "/apix",
        "/healthz",
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "/nope?x=%3Cscript%3E",
    ] {
        for method in ["GET", "POST", "DELETE", "OPTIONS", "FROB"] {
            let text = page(&api.send(request(method, target)).await, 404);
            assert_eq!(heading(&text), "Not found", "{method} {target}");
            assert!(text.contains("<p>There is nothing at this address.</p>"), "{text}");
            assert!(!text.contains("script") && !text.contains("nope"), "{text}");
        }
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_path_for_programs_is_answered_in_json_whoever_asks() {
    let api = Api::start().await;
    let browser = get("/api/nope").insert_header(("accept", "text/html"));
    api.send(browser).await.expect_error(404, "NOT_FOUND", "Not found");
    let form = submit("/api/users/verify-email", "token=a&username=b");
    let message = "Content-Type must be application/json";
    api.send(form).await.expect_error(415, "UNSUPPORTED_MEDIA_TYPE", message);
    let program = get("/nope").insert_header(("accept", "application/json"));
    page(&api.send(program).await, 404);
}

#[actix_web::test]
async fn a_wrong_method_is_a_page_that_names_the_right_ones() {
    let api = Api::start().await;
    for (target, allowed) in pages() {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB", "get"] {
            if allowed.split(", ").any(|other| other == method) {
                continue;
            }
            let odd = request(method, target).insert_header(("accept-encoding", "br, gzip"));
            let answer = api.send(odd.set_payload("x")).await;
            assert_eq!(heading(&page(&answer, 405)), "Method Not Allowed", "{method} {target}");
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {target}");
        }
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_page_ignores_parameters_that_it_does_not_know() {
    let api = Api::start().await;
    for (target, _) in pages().into_iter().filter(|(target, _)| !target.starts_with("/assets/")) {
        let plain = api.send(get(target)).await;
        let odd = api.send(get(&format!("{target}?debug=1&%zz"))).await;
        assert_eq!((odd.status, odd.text()), (plain.status, plain.text()), "{target}");
    }
}

#[actix_web::test]
async fn strangers_to_a_developers_machine_get_a_page() {
    let api = Api::start_with(|setup| setup.settings.local_only = true).await;
    for (target, _) in pages() {
        let text = page(&api.send(get(target).insert_header(("host", "rebound.example"))).await, 403);
        assert!(text.contains("name it localhost, 127.0.0.1 or [::1]"), "{text}");
        let answer = api.send(get(target).insert_header(("host", "localhost"))).await;
        assert_ne!(answer.status, 403, "{target}");
        if answer.status != 303 {
            assert_is_secured(&answer);
        }
    }
}

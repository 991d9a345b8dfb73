//! The pages for people.

use actix_web::test::TestRequest;

use crate::support::{answer::Answer, requests::request};

mod account;
mod errors;
pub mod forms;
mod links;
mod sign_in;
mod statics;

/// Only our own style sheet, icon and forms, and nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

/// What a browser sends when somebody submits a form of ours.
pub fn submit(target: &str, fields: &str) -> TestRequest {
    request("POST", target)
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .insert_header(("sec-fetch-site", "same-origin"))
        .set_payload(fields.to_owned())
}

/// What must be true of every answer at these paths, whatever it says.
#[track_caller]
fn assert_is_secured(answer: &Answer) {
    let is_page = answer.header("cache-control") == Some("no-store");
    for (name, value) in [
        ("content-security-policy", POLICY),
        // Forms say where they come from to us alone.
        ("referrer-policy", if is_page { "same-origin" } else { "no-referrer" }),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{answer:?}");
    }
    assert!(answer.request_id().starts_with("req_"), "{answer:?}");
    let mut cors = answer.headers.keys().filter(|name| name.as_str().starts_with("access-control-"));
    assert_eq!(cors.next(), None, "{answer:?}");
}

/// The text of a page that was made for this request, once it is known to be one.
#[track_caller]
pub fn page(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_is_secured(answer);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert_eq!(answer.header("etag"), None, "{answer:?}");
    assert_eq!(answer.header("content-encoding"), None, "{answer:?}");
    let text = answer.text();
    assert!(
        text.starts_with("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"),
        "{text}"
    );
    assert!(text.ends_with("</html>"), "{text}");
    assert_eq!(text.matches("<h1>").count(), 1, "{text}");
    text
}

/// Where the browser is led after a form that was accepted.
#[track_caller]
pub fn led_to(answer: &Answer) -> &str {
    assert_eq!((answer.status, answer.header("cache-control")), (303, Some("no-store")), "{answer:?}");
    answer.header("location").expect("a place")
}

/// The one heading of a page.
#[track_caller]
pub fn heading(page: &str) -> &str {
    between(page, "<h1>", "</h1>").unwrap_or_else(|| panic!("no heading: {page}"))
}

/// What the page tells beside its forms: what is read out when it appears.
pub fn notice(page: &str) -> Option<&str> {
    assert!(page.matches(" role=").count() <= 1, "{page}");
    let tag = between(page, " role=\"", "</p>")?;
    tag.split_once('>').map(|(_, text)| text)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

/// The names of the fields that the page asks for, if there is a form on it.
pub fn fields(page: &str) -> Vec<&str> {
    assert!(page.matches("<form").count() <= 1, "{page}");
    page.split("<input ").skip(1).filter_map(|input| between(input, " name=\"", "\"")).collect()
}

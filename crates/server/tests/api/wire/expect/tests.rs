use serde_json::json;

use super::*;

const ID: &str = "req_0190a2b3c4d57e6f8091a2b3c4d5e6f7";

fn differences(expected: Value, got: Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("body", &expected, &got, ID, &mut found);
    found
}

fn fit(placeholder: &str, got: Value) -> bool {
    differences(json!(placeholder), got).is_empty()
}

fn row(answer: &str) -> Row {
    let row = format!(r#"{{"case": "a", "method": "GET", "path": "/", "status": 200, "answer": {answer}}}"#);
    serde_json::from_str(&row).unwrap()
}

/// An answer that has everything that every answer must have.
fn response(body: &str) -> Response {
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Request-ID", ID),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Frame-Options", "DENY"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Response { status: 200, headers, body: body.as_bytes().to_vec() }
}

fn good_body() -> String {
    format!("{{\"timestamp\":1750000000,\"message\":\"hi\",\"request_id\":\"{ID}\"}}\n")
}

fn check(row: &Row, response: &Response) -> Vec<String> {
    problems(row, &row.answer, response)
}

#[test]
fn equal_values_differ_in_nothing_whatever_the_order_of_members() {
    let got = serde_json::from_str(r#"{"b": [1, {"d": null, "c": "x"}], "a": true}"#).unwrap();
    assert!(differences(json!({"a": true, "b": [1, {"c": "x", "d": null}]}), got).is_empty());
}

#[test]
fn a_missing_member_is_named() {
    let found = differences(json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 1}}));
    assert_eq!(found, ["body.a.c: expected 2, got no such member"]);
}

#[test]
fn a_member_that_nobody_asked_for_is_named() {
    let found = differences(json!({"a": [{}]}), json!({"a": [{"hash": "x"}]}));
    assert_eq!(found, ["body.a[0].hash: expected no such member, got \"x\""]);
}

#[test]
fn null_is_not_the_same_as_missing() {
    assert_eq!(differences(json!({"a": null}), json!({})).len(), 1);
    assert_eq!(differences(json!({}), json!({"a": null})).len(), 1);
}

#[test]
fn every_other_difference_is_named_with_both_sides() {
    let found = differences(json!({"a": 1, "b": [1], "c": "x"}), json!({"a": 1.5, "b": [1, 2], "c": {}}));
    assert_eq!(
        found,
        ["body.a: expected 1, got 1.5", "body.b: expected [1], got [1,2]", "body.c: expected \"x\", got {}"]
    );
}

#[test]
fn lists_are_compared_in_order() {
    assert_eq!(differences(json!([1, 2]), json!([2, 1])).len(), 2);
}

#[test]
fn any_fits_everything_even_null() {
    assert!(fit("<any>", json!(null)) && fit("<any>", json!({"a": []})));
}

#[test]
fn int_fits_integers_from_zero() {
    assert!(fit("<number>", json!(0)) && fit("<number>", json!(0.25)));
    assert!(!fit("<number>", json!(-0.25)) && !fit("<number>", json!("1")));
    assert!(fit("<int>", json!(0)));
    assert!(!fit("<int>", json!(-1)) && !fit("<int>", json!(1.0)) && !fit("<int>", json!("1")));
}

#[test]
fn string_fits_text_that_says_something() {
    assert!(fit("<string>", json!("x")));
    assert!(!fit("<string>", json!("")) && !fit("<string>", json!(1)) && !fit("<string>", json!(null)));
}

#[test]
fn unix_seconds_fit_this_century_only() {
    assert!(fit("<unix_s>", json!(1_750_000_000)));
    assert!(!fit("<unix_s>", json!(0)) && !fit("<unix_s>", json!(1_750_000_000_000_u64)));
    assert!(!fit("<unix_s>", json!("1750000000")) && !fit("<unix_s>", json!(1_750_000_000.5)));
}

#[test]
fn times_fit_in_utc_and_this_century_only() {
    assert!(
        fit("<time>", json!("2026-01-02T03:04:05Z")) && fit("<time>", json!("2026-01-02T03:04:05.123456Z"))
    );
    for wrong in
        ["0001-01-01T00:00:00Z", "2026-01-02T03:04:05+00:00", "2026-01-02 03:04:05Z", "2026-13-02T03:04:05Z"]
    {
        assert!(!fit("<time>", json!(wrong)), "{wrong}");
    }
}

#[test]
fn a_request_id_fits_if_it_is_the_one_of_the_header() {
    assert!(fit("<request_id>", json!(ID)));
    assert!(!fit("<request_id>", json!(ID.replace('0', "1"))));
    assert!(!is_request_id("req_123") && !is_request_id(&ID.to_uppercase()));
}

#[test]
fn version_is_that_of_this_crate() {
    assert!(fit("<version>", json!(env!("CARGO_PKG_VERSION"))) && !fit("<version>", json!("1.0.0")));
}

#[test]
fn every_placeholder_that_is_listed_is_understood() {
    assert!(PLACEHOLDERS.iter().all(|placeholder| fits(placeholder, &json!(null), ID).is_some()));
    assert_eq!(fits("<b>", &json!("<b>"), ID), None);
}

#[test]
fn a_good_answer_has_no_problems() {
    assert_eq!(check(&row(r#"{"message": "hi"}"#), &response(&good_body())), [""; 0]);
}

#[test]
fn a_wrong_status_is_a_problem_unless_it_is_one_of_several() {
    let mut row = row("\"<any>\"");
    let mut response = response("");
    response.status = 404;
    assert_eq!(check(&row, &response), ["status: expected 200, got 404"]);
    row.status = serde_json::from_str("[400, 404]").unwrap();
    assert_eq!(check(&row, &response), [""; 0]);
}

#[test]
fn a_cors_header_is_a_problem_even_when_nothing_else_is_looked_at() {
    let mut response = response("");
    response.headers.push(("Access-Control-Allow-Origin".to_owned(), "*".to_owned()));
    assert_eq!(
        check(&row("\"<any>\""), &response),
        ["header Access-Control-Allow-Origin: expected none, got \"*\""]
    );
}

#[test]
fn each_header_that_all_answers_carry_is_missed() {
    for index in 0..5 {
        let mut response = response(&good_body());
        let (name, _) = response.headers.remove(index);
        assert!(!check(&row(r#"{"message": "hi"}"#), &response).is_empty(), "{name}");
    }
}

#[test]
fn a_policy_on_frame_ancestors_stands_in_for_frame_options() {
    let mut response = response(&good_body());
    response.headers[4] = ("Content-Security-Policy".to_owned(), "frame-ancestors 'none'".to_owned());
    assert_eq!(check(&row(r#"{"message": "hi"}"#), &response), [""; 0]);
}

#[test]
fn asked_headers_are_exact_and_null_means_absent() {
    let mut row = row("\"<any>\"");
    row.expect_headers =
        [("allow".to_owned(), Some("GET".to_owned())), ("x-frame-options".to_owned(), None)].into();
    assert_eq!(
        check(&row, &response("")),
        [
            "header allow: expected Some(\"GET\"), got None",
            "header x-frame-options: expected None, got Some(\"DENY\")"
        ]
    );
}

#[test]
fn a_body_must_end_with_one_newline_and_be_json() {
    let row = row(r#"{"message": "hi"}"#);
    let body = good_body();
    assert_eq!(check(&row, &response(body.trim())), ["body: expected one newline at its end"]);
    assert_eq!(check(&row, &response(&format!("{body}\n"))), ["body: expected one newline at its end"]);
    assert_eq!(check(&row, &response("oops")).len(), 1);
}

#[test]
fn an_escaped_body_does_not_contain_the_plain_text() {
    let mut row = row("\"<any>\"");
    row.contains = Some("<b>".to_owned());
    assert_eq!(check(&row, &response("\"<b>\"")), [""; 0]);
    assert_eq!(check(&row, &response(r#""\u003cb\u003e""#)), ["body: expected to contain <b>"]);
}

#[test]
fn null_wants_no_body_but_not_a_length_of_zero() {
    let mut response = response("");
    assert_eq!(check(&row("null"), &response), [""; 0]);
    response.headers.push(("Content-Length".to_owned(), "0".to_owned()));
    response.body.push(b'x');
    assert_eq!(check(&row("null"), &response).len(), 2);
}

#[test]
fn a_page_has_its_own_type_and_a_strict_policy() {
    let policy = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let page = |media_type: &str, policy: &str| {
        let mut page = response("<!doctype html>\n<html lang=\"en\">");
        page.headers[0].1 = media_type.to_owned();
        page.headers.push(("Content-Security-Policy".to_owned(), policy.to_owned()));
        check(&row("\"<page>\""), &page).len()
    };
    assert_eq!(page("text/html; charset=utf-8", policy), 0);
    assert_eq!(page("application/json", policy), 1);
    assert_eq!(page("text/html; charset=utf-8", &policy.replace("base-uri 'none'", "base-uri *")), 1);
    assert_eq!(page("text/html; charset=utf-8", &format!("{policy}; style-src 'unsafe-inline'")), 1);
    assert!(!check(&row("\"<page>\""), &response(&good_body())).is_empty());
    assert!(!fit("<page>", json!("<page>")));
}

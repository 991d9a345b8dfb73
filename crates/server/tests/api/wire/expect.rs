//! What an answer must look like.

use chrono::{DateTime, Datelike};
use serde_json::Value;

use super::row::Row;
use crate::support::http::Response;

/// What may stand in an `answer` for a value that no table can know.
pub const PLACEHOLDERS: [&str; 9] = [
    "<any>",        // not looked at
    "<page>",       // a page for people; as the whole answer only
    "<int>",        // an integer from 0
    "<number>",     // a number from 0
    "<string>",     // text, not empty
    "<unix_s>",     // seconds since 1970, in this century
    "<time>",       // RFC 3339, in UTC, in this century
    "<request_id>", // `req_` and 32 hex digits, the same as in the header
    "<version>",    // of this crate
];

/// Everything that is wrong with `response`; `answer` is the row's, in full.
///
/// Besides what the row says: no CORS header without configured origins, and, unless the answer is `<any>`, JSON with
/// one newline at the end, the envelope's members, one request id in header and body, and the security headers. Or, if
/// it is `<page>`, a page with those headers and a strict policy.
pub fn problems(row: &Row, answer: &Value, response: &Response) -> Vec<String> {
    let mut found = Vec::new();
    if !row.status.allows(response.status) {
        found.push(format!("status: expected {}, got {}", row.status, response.status));
    }
    for (name, value) in &response.headers {
        if name.to_ascii_lowercase().starts_with("access-control-") {
            found.push(format!("header {name}: expected none, got {value:?}"));
        }
    }
    for (name, expected) in &row.expect_headers {
        let got = response.header(name);
        if got != expected.as_deref() {
            found.push(format!("header {name}: expected {expected:?}, got {got:?}"));
        }
    }
    if let Some(part) = row.contains.as_deref().filter(|part| !response.text().contains(*part)) {
        found.push(format!("body: expected to contain {part}"));
    }
    if answer == "<page>" {
        common_headers("text/html; charset=utf-8", response, &mut found);
        page(response, &mut found);
    } else if answer != "<any>" {
        common_headers("application/json", response, &mut found);
        body(answer, response, &mut found);
    }
    found
}

fn common_headers(media_type: &str, response: &Response, found: &mut Vec<String>) {
    let got = response.header("content-type");
    if got != Some(media_type) {
        found.push(format!("header content-type: expected {media_type}, got {got:?}"));
    }
    let mut demand = |name: &str, what: &str, holds: fn(&str) -> bool| {
        let got = response.header(name);
        if !got.is_some_and(holds) {
            found.push(format!("header {name}: expected {what}, got {got:?}"));
        }
    };
    demand("x-request-id", "req_ and 32 hex digits", is_request_id);
    demand("x-content-type-options", "nosniff", |value| value == "nosniff");
    demand("referrer-policy", "a policy", |value| !value.is_empty());
    if response.header("x-frame-options").is_none() {
        demand("content-security-policy", "frame-ancestors", |value| value.contains("frame-ancestors"));
    }
}

/// Nothing of it runs, comes from elsewhere or stands in a frame (OWASP, Content Security Policy cheat sheet).
fn page(response: &Response, found: &mut Vec<String>) {
    let policy = response.header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"] {
        if !policy.split("; ").any(|other| other == part) {
            found.push(format!("header content-security-policy: expected {part}, got {policy}"));
        }
    }
    if policy.contains("unsafe") || policy.contains("script-src") {
        found.push(format!("header content-security-policy: expected no scripts, got {policy}"));
    }
    if !response.text().starts_with("<!doctype html>\n<html lang=\"en\">") {
        found.push("body: expected a page in English".to_owned());
    }
}

fn body(answer: &Value, response: &Response, found: &mut Vec<String>) {
    if answer.is_null() {
        if !response.body.is_empty() {
            found.push("body: expected none".to_owned());
        }
        if response.header("content-length") == Some("0") {
            found.push("header content-length: expected the length that GET would send, got 0".to_owned());
        }
        return;
    }
    let got: Value = match serde_json::from_slice(&response.body) {
        Ok(got) => got,
        Err(error) => return found.push(format!("body: expected JSON: {error}")),
    };
    if !response.body.ends_with(b"}\n") {
        found.push("body: expected one newline at its end".to_owned());
    }
    let mut expected = answer.clone();
    if let Some(members) = expected.as_object_mut() {
        members.insert("timestamp".to_owned(), "<unix_s>".into());
        members.insert("request_id".to_owned(), "<request_id>".into());
    }
    compare("body", &expected, &got, response.header("x-request-id").unwrap_or_default(), found);
}

/// Adds a line to `found` for every difference at or below `at`; the order of members does not matter.
fn compare(at: &str, expected: &Value, got: &Value, request_id: &str, found: &mut Vec<String>) {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            for (name, value) in expected {
                match got.get(name) {
                    Some(got) => compare(&format!("{at}.{name}"), value, got, request_id, found),
                    None => found.push(format!("{at}.{name}: expected {value}, got no such member")),
                }
            }
            let unasked = got.iter().filter(|(name, _)| !expected.contains_key(*name));
            found.extend(
                unasked.map(|(name, value)| format!("{at}.{name}: expected no such member, got {value}")),
            );
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => {
            for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                compare(&format!("{at}[{index}]"), expected, got, request_id, found);
            }
        }
        _ => {
            let fits = expected.as_str().and_then(|text| fits(text, got, request_id));
            if !fits.unwrap_or(expected == got) {
                found.push(format!("{at}: expected {expected}, got {got}"));
            }
        }
    }
}

/// Whether `got` fits the placeholder; `None` if `text` is not one.
fn fits(text: &str, got: &Value, request_id: &str) -> Option<bool> {
    let got_text = got.as_str().unwrap_or_default();
    Some(match text {
        "<any>" => true,
        "<page>" => false,
        "<int>" => got.is_u64(),
        "<number>" => got.as_f64().is_some_and(|number| number >= 0.0),
        "<string>" => !got_text.is_empty(),
        "<unix_s>" => got.as_i64().is_some_and(|seconds| {
            DateTime::from_timestamp(seconds, 0).is_some_and(|time| (2001..2100).contains(&time.year()))
        }),
        "<time>" => is_time(got_text),
        "<request_id>" => is_request_id(got_text) && got_text == request_id,
        "<version>" => got_text == env!("CARGO_PKG_VERSION"),
        _ => return None,
    })
}

fn is_time(text: &str) -> bool {
    let time = DateTime::parse_from_rfc3339(text);
    text.contains('T') && text.ends_with('Z') && time.is_ok_and(|time| (2001..2100).contains(&time.year()))
}

fn is_request_id(text: &str) -> bool {
    let hex = text.strip_prefix("req_").unwrap_or_default();
    hex.len() == 32 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;

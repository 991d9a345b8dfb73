//! Every answer of every test is one that its operation is declared to give.

use denizen_handlers::{ROUTES, Reply};
use serde_json::Value;

use super::answer::Answer;

/// Checks the answer against the declaration of the route, if there is one.
#[track_caller]
pub fn check(method: &str, path: &str, answer: &Answer) {
    let method = if method == "HEAD" { "GET" } else { method };
    let route = ROUTES.iter().find(|route| matches(route.path, path));
    let operation =
        route.and_then(|route| route.operations.iter().find(|operation| operation.method == method));
    let Some((operation, reply)) =
        operation.and_then(|operation| Some((operation, operation.reply.as_ref()?)))
    else {
        return;
    };
    if answer.status < 400 {
        let Reply { status, others, .. } = reply;
        assert!(*status == answer.status || others.contains(&answer.status), "{method} {path}: {answer:?}");
        return;
    }
    let codes = operation.codes();
    // The route is not mounted.
    if answer.status == 404 && answer.body.windows(11).any(|part| part == b"\"NOT_FOUND\"") {
        return;
    }
    assert!(codes.iter().any(|code| code.status() == answer.status), "{method} {path}: {answer:?}");
    // Introspection speaks as OAuth does, without our codes.
    if let Ok(body) = serde_json::from_slice::<Value>(&answer.body)
        && body.get("error_description").is_none()
    {
        assert!(codes.iter().any(|code| body["code"] == code.as_str()), "{method} {path}: {answer:?}");
    }
}

/// Whether the router takes this path for the pattern, of paths without percent-encoding.
fn matches(pattern: &str, path: &str) -> bool {
    let (mut patterns, mut segments) = (pattern.split('/'), path.split('/'));
    loop {
        match (patterns.next(), segments.next()) {
            (None, None) => return true,
            (Some(pattern), Some(_)) if pattern.ends_with(":.*}") => return true,
            (Some(pattern), Some(segment)) if pattern.starts_with('{') && !segment.is_empty() => {}
            (Some(pattern), Some(segment)) if pattern == segment => {}
            _ => return false,
        }
    }
}

//! Whether a client expects JSON or a page.

use actix_web::http::header::{self, HeaderMap};

use crate::http::query::decode;

/// The first segments of paths that answer in JSON.
const JSON_PATHS: [&str; 6] = ["api", "health", "livez", "metrics", "readyz", "ws"];

/// Returns whether errors at this path, which is below the prefix, are JSON; elsewhere they are pages.
///
/// The router takes `/%61pi` for `/api`, so this does too; but a `%2F` separates nothing.
pub(crate) fn speaks_json(prefix: &str, path: &str) -> bool {
    let depth = prefix.matches('/').count();
    let first = path.strip_prefix('/').and_then(|path| path.split('/').nth(depth)).and_then(decode);
    first.is_some_and(|first| JSON_PATHS.contains(&first.as_str()))
}

/// Returns whether the client asks for HTML, as browsers do when they open a page.
pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.any(|accepted| accepted.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::speaks_json;

    #[test]
    fn the_segment_below_the_prefix_decides() {
        for (prefix, path, expected) in [
            ("", "/api/users", true),
            ("", "/reset-password", false),
            ("/accounts", "/accounts/api/users", true),
            ("/accounts", "/accounts/%61pi", true),
            ("/accounts", "/accounts", false),
            ("/accounts", "/accounts/reset-password", false),
            ("/api/v1", "/api/v1/nope", false),
            ("/api/v1", "/api/v1/health", true),
        ] {
            assert_eq!(speaks_json(prefix, path), expected, "{prefix} {path}");
        }
    }
}

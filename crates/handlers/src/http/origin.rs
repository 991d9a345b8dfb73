//! Origins of browser requests.

use actix_web::http::header::{self, HeaderMap};

/// Returns whether a page of this origin is on the host that the request names. The scheme is left out: behind a proxy
/// that ends TLS our own is unknown.
pub(crate) fn is_own_origin(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

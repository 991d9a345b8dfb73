//! Origins of browser requests.

use actix_web::http::header::{self, HeaderMap};

use crate::HandlerSettings;

/// Returns whether a page of this origin is on the host that the request names, and came over TLS if browsers reach the
/// service no other way: a page without TLS may have been written by an attacker in the network.
pub(crate) fn is_own_origin(origin: &str, headers: &HeaderMap, settings: &HandlerSettings) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(((scheme, authority), host)) = origin.split_once("://").zip(host) else { return false };
    let is_scheme = scheme == "https" || scheme == "http" && !settings.secure_cookies;
    is_scheme && authority.eq_ignore_ascii_case(host)
}

/// Returns whether scripts of this origin may call the API.
pub(crate) fn is_listed(origin: &str, settings: &HandlerSettings) -> bool {
    settings.cors_origins.iter().any(|allowed| allowed == origin)
}

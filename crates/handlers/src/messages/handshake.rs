//! Who may open a WebSocket, and how (RFC 6455, section 4.2).

use actix_web::{
    Error, HttpRequest, HttpResponse,
    error::ErrorBadRequest,
    http::{
        Method, Version,
        header::{self, HeaderValue},
    },
};

use crate::{
    HandlerSettings,
    http::{
        ApiError, ErrorCode,
        origin::{is_listed, is_own_origin},
    },
};

/// Whether a WebSocket is asked for, rightly or not. HEAD asks about the list.
pub(super) fn is_wanted(request: &HttpRequest) -> bool {
    let upgrades = request.headers().get_all(header::UPGRADE).filter_map(|value| value.to_str().ok());
    let mut protocols = upgrades.flat_map(|value| value.split(','));
    *request.method() == Method::GET
        && protocols.any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// Browsers let any page open a WebSocket to anywhere, with the cookies of the target, and tell only the target whose
/// page it is: in `Origin` (RFC 6455, section 10.2), newer ones also in `Sec-Fetch-Site`. Other programs send neither.
///
/// # Errors
/// Returns an error if the page is neither ours nor one of a listed origin.
pub(super) fn check_origin(request: &HttpRequest, settings: &HandlerSettings) -> Result<(), ApiError> {
    let headers = request.headers();
    let origins: Vec<_> =
        headers.get_all(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("")).collect();
    let is_listed = |origin: &&str| is_listed(origin, settings);
    let is_welcome = |origin: &&str| is_listed(origin) || is_own_origin(origin, headers, settings);
    let same_site = headers.get_all("sec-fetch-site").all(|site| site == "same-origin");
    if origins.iter().all(is_welcome) && (same_site || !origins.is_empty() && origins.iter().all(is_listed)) {
        return Ok(());
    }
    Err(ApiError::forbidden("pages of this origin may not open a WebSocket"))
}

/// HTTP/1.0 knows no upgrades (section 4.2.1); the WebSocket library does not look at the version.
///
/// # Errors
/// It is that.
pub(super) fn check_version(request: &HttpRequest) -> Result<(), Error> {
    if request.version() < Version::HTTP_11 {
        return Err(ErrorBadRequest("HTTP/1.1 is required"));
    }
    Ok(())
}

/// What is wrong with the handshake, and the one version that is spoken here (section 4.4).
pub(super) fn refused(error: &Error) -> HttpResponse {
    let message = format!("Not a WebSocket handshake: {error}");
    let mut response = HttpResponse::from_error(ApiError::new(ErrorCode::InvalidHandshake, message));
    response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    response
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn is_allowed(host: &str, origins: &[&str]) -> bool {
        is_allowed_with(false, &[host], origins, &[])
    }

    fn is_allowed_with(secure_cookies: bool, hosts: &[&str], origins: &[&str], sites: &[&str]) -> bool {
        let headers = [("host", hosts), ("origin", origins), ("sec-fetch-site", sites)];
        let request = headers.iter().fold(TestRequest::get(), |request, (name, values)| {
            values.iter().fold(request, |request, value| request.append_header((*name, *value)))
        });
        let cors_origins = vec!["https://app.example.com".to_owned()];
        let settings = HandlerSettings { cors_origins, secure_cookies, ..HandlerSettings::default() };
        check_origin(&request.to_http_request(), &settings).is_ok()
    }

    /// Security checklist: 58.
    #[test]
    fn what_a_browser_says_about_the_site_counts_with_and_without_an_origin() {
        let (host, own, listed) = (&["id.example.com"], "https://id.example.com", "https://app.example.com");
        for (origins, sites, expected) in [
            (&[][..], &["same-origin"][..], true),
            (&[own], &["same-origin"], true),
            (&[listed], &["same-site"], true),
            (&[listed], &["cross-site"], true),
            (&[], &["cross-site"], false),
            (&[], &["same-site"], false),
            (&[], &["none"], false),
            (&[], &["same-origin", "cross-site"], false),
            (&[own], &["cross-site"], false),
            (&[own, listed], &["cross-site"], false),
            (&["https://evil.example"], &["same-origin"], false),
        ] {
            assert_eq!(is_allowed_with(false, host, origins, sites), expected, "{origins:?} {sites:?}");
        }
    }

    /// Security checklist: 58.
    #[test]
    fn where_browsers_use_tls_a_page_without_it_is_not_ours() {
        for (origin, plain, tls) in [
            ("https://id.example.com", true, true),
            ("http://id.example.com", true, false),
            ("javascript://id.example.com", false, false),
            ("ws://id.example.com", false, false),
            ("HTTPS://id.example.com", false, false),
            ("://id.example.com", false, false),
        ] {
            assert_eq!(is_allowed_with(false, &["id.example.com"], &[origin], &[]), plain, "{origin}");
            assert_eq!(is_allowed_with(true, &["id.example.com"], &[origin], &[]), tls, "{origin}");
        }
    }

    #[test]
    fn our_own_pages_listed_ones_and_programs_are_welcome() {
        assert!(is_allowed("id.example.com", &[]));
        assert!(is_allowed("id.example.com", &["https://id.example.com"]));
        assert!(is_allowed("ID.example.com:8080", &["http://id.example.com:8080"]));
        assert!(is_allowed("id.example.com", &["https://app.example.com"]));
    }

    #[test]
    fn all_others_are_not() {
        for origin in [
            "https://evil.example",
            "null",
            "",
            "id.example.com",
            "https://id.example.com.evil.example",
            "https://id.example.com:444",
            "https://evil.example/https://id.example.com",
            "http://app.example.com",
            "https://APP.example.com",
        ] {
            assert!(!is_allowed("id.example.com", &[origin]), "{origin}");
        }
        assert!(!is_allowed("id.example.com", &["https://id.example.com", "https://evil.example"]));
    }

    #[test]
    fn an_upgrade_is_recognised_among_others() {
        let is_wanted = |request: TestRequest, upgrade: &str| {
            is_wanted(&request.insert_header((header::UPGRADE, upgrade)).to_http_request())
        };
        assert!(is_wanted(TestRequest::get(), "WebSocket"));
        assert!(is_wanted(TestRequest::get(), "h2c, websocket"));
        assert!(!is_wanted(TestRequest::get(), "websockets"));
        assert!(!is_wanted(TestRequest::default().method(Method::HEAD), "websocket"));
    }
}

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
    http::origin::is_own_origin,
    http::{ApiError, ErrorCode},
};

/// Whether a WebSocket is asked for, rightly or not. HEAD asks about the list.
pub(super) fn is_wanted(request: &HttpRequest) -> bool {
    let upgrades = request.headers().get_all(header::UPGRADE).filter_map(|value| value.to_str().ok());
    let mut protocols = upgrades.flat_map(|value| value.split(','));
    *request.method() == Method::GET
        && protocols.any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// Browsers let any page open a WebSocket to anywhere, with the cookies of the target, and tell only the target whose
/// page it is (RFC 6455, section 10.2). Programs that are no browsers send no `Origin`, or whatever they like.
///
/// # Errors
/// The page is neither ours nor one of the `allowed`.
pub(super) fn check_origin(request: &HttpRequest, allowed: &[String]) -> Result<(), ApiError> {
    let is_welcome = |origin: &str| {
        is_own_origin(origin, request.headers()) || allowed.iter().any(|allowed| allowed == origin)
    };
    let mut origins = request.headers().get_all(header::ORIGIN);
    if origins.all(|origin| origin.to_str().is_ok_and(is_welcome)) {
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
        let mut request = TestRequest::get().insert_header((header::HOST, host));
        for origin in origins {
            request = request.append_header((header::ORIGIN, *origin));
        }
        check_origin(&request.to_http_request(), &["https://app.example.com".to_owned()]).is_ok()
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

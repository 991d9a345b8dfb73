//! The session token of a request, and whether its sender may use it.

use std::net::IpAddr;

use actix_web::{
    HttpRequest,
    cookie::{
        Cookie, CookieBuilder, SameSite,
        time::{Duration, OffsetDateTime},
    },
    http::{
        Method,
        header::{self, HeaderMap},
    },
};
use denizen_models::Secret;

use crate::{
    HandlerSettings,
    http::{
        error::ApiError,
        origin::{is_listed, is_own_origin},
    },
};

/// How long a browser keeps the device cookie. Browsers keep none longer than 400 days (RFC 6265bis, section 5.5).
const DEVICE_LIFETIME: Duration = Duration::days(400);

/// The name of the cookie that holds a session's token. With the prefix, browsers take it only over TLS, for the whole
/// site and this very host (RFC 6265bis, section 4.1.3.2).
pub(crate) const fn cookie_name(settings: &HandlerSettings) -> &'static str {
    if settings.secure_cookies { "__Host-denizen_session" } else { "denizen_session" }
}

/// The name of the cookie by which a device is known at the next sign-in.
pub(crate) const fn device_cookie_name(settings: &HandlerSettings) -> &'static str {
    if settings.secure_cookies { "__Host-denizen_device" } else { "denizen_device" }
}

/// The name of the cookie by which forward auth knows a session on other hosts of the domain. With the prefix, browsers
/// take it only over TLS.
const fn forward_cookie_name(settings: &HandlerSettings) -> &'static str {
    if settings.secure_cookies { "__Secure-denizen_forward" } else { "denizen_forward" }
}

/// The cookie for forward auth on other hosts of the domain, if there is such a domain. Unlike the session cookie, it also
/// comes with a request that a link on another site makes: the guarded application decides what such requests may do.
pub(crate) fn forward_cookie<'a>(settings: &'a HandlerSettings, token: &'a str) -> Option<Cookie<'a>> {
    let domain = settings.cookie_domain.as_deref()?;
    let cookie = own_cookie(settings, forward_cookie_name(settings), token);
    Some(cookie.domain(domain).same_site(SameSite::Lax).finish())
}

/// The forward token that the request presents.
pub(crate) fn forward_token(request: &HttpRequest, settings: &HandlerSettings) -> Option<Secret> {
    cookie(request.headers(), forward_cookie_name(settings)).filter(|_| settings.cookie_domain.is_some())
}

/// The cookie of a device. It outlives the session: the device is known because the user has signed in with it.
pub(crate) fn device_cookie<'a>(settings: &HandlerSettings, device: &'a str) -> Cookie<'a> {
    own_cookie(settings, device_cookie_name(settings), device).max_age(DEVICE_LIFETIME).finish()
}

/// Out of reach of scripts, and sent by no request that another site makes (OWASP, Session Management cheat sheet).
pub(crate) fn own_cookie<'a>(
    settings: &HandlerSettings,
    name: &'static str,
    value: &'a str,
) -> CookieBuilder<'a> {
    Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .secure(settings.secure_cookies)
        .same_site(SameSite::Strict)
}

/// Lets a browser forget a cookie.
pub(crate) fn expired_cookie(settings: &HandlerSettings, name: &'static str) -> Cookie<'static> {
    own_cookie(settings, name, "").expires(OffsetDateTime::UNIX_EPOCH).finish()
}

/// What the request's device presents to be known, if it has signed in before.
pub(crate) fn device(request: &HttpRequest, settings: &HandlerSettings) -> Option<Secret> {
    cookie(request.headers(), device_cookie_name(settings))
}

/// Whether the request presents a session, of whatever worth.
pub(crate) fn has_credentials(headers: &HeaderMap, settings: &HandlerSettings) -> bool {
    headers.contains_key(header::AUTHORIZATION) || cookie(headers, cookie_name(settings)).is_some()
}

/// Counts a request without a session for the wider networks of its client, which share a limit.
///
/// # Errors
/// Returns an error if that limit is reached.
pub(crate) fn limit_stranger(settings: &HandlerSettings, ip: Option<IpAddr>) -> Result<(), ApiError> {
    match (&settings.rate_limit, ip) {
        (Some(limit), Some(ip)) => limit.check_networks(ip).map_err(ApiError::rate_limited),
        _ => Ok(()),
    }
}

/// The token that the request presents. A bearer token wins over a cookie: it was put there on purpose, while browsers
/// add cookies by themselves, also to requests that some other page makes.
///
/// # Errors
/// Returns an error if there are several tokens, or if another site's page sends a cookie with an unsafe method.
pub(crate) fn session_token(
    request: &HttpRequest,
    settings: &HandlerSettings,
) -> Result<Option<Secret>, ApiError> {
    let headers = request.headers();
    // A proxy may have looked at another one than we would.
    if headers.get_all(header::AUTHORIZATION).count() > 1 {
        return Err(ApiError::dead_session());
    }
    if let Some(token) = bearer(headers) {
        return Ok(Some(token));
    }
    let Some(token) = cookie(headers, cookie_name(settings)) else { return Ok(None) };
    let unsafe_method = !matches!(*request.method(), Method::GET | Method::HEAD);
    if unsafe_method && !is_own_page(headers, settings) {
        return Err(ApiError::forbidden("a session in a cookie works on pages of this site only"));
    }
    Ok(Some(token))
}

/// RFC 6750, section 2.1; the name of the scheme is not case-sensitive. A request that names it has a token, even if it
/// is empty: no cookie takes its place.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = String::from_utf8_lossy(headers.get(header::AUTHORIZATION)?.as_bytes());
    let (scheme, token) = value.split_once(' ').unwrap_or((&value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::from(token.trim_ascii()))
}

/// The value of the cookie whose name is this one, byte by byte.
///
/// The usual parsers decode names and trim white space that browsers keep. With them, `__%48ost-…` would be taken for a
/// name with the prefix, and any page of a neighbouring host may set that.
///
/// Of two cookies of one name, a neighbouring host has planted at least one: the value is empty then, which opens nothing.
pub(crate) fn cookie(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let lines = headers.get_all(header::COOKIE);
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let mut values =
        pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let first = values.next();
    let value = if values.next().is_some() { Some(&b""[..]) } else { first };
    value.map(|value| Secret::from(String::from_utf8_lossy(value).into_owned()))
}

/// Whether the session of a request that has one came in a cookie.
pub(crate) fn came_by_cookie(headers: &HeaderMap) -> bool {
    bearer(headers).is_none()
}

/// Whether a browser says that a page of ours, or one that may call us, sends this (OWASP, Cross-Site Request Forgery
/// Prevention). All browsers send this header. A client that does not is not a
/// browser and should use a bearer token.
///
/// `Sec-Fetch-Site` outweighs `Origin`: the browser knows by which scheme it reached us.
fn is_own_page(headers: &HeaderMap, settings: &HandlerSettings) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if origin.is_some_and(|origin| is_listed(origin, settings)) {
        return true;
    }
    match headers.get("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => origin.is_some_and(|origin| is_own_origin(origin, headers, settings)),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::ErrorCode;

    type Header = (&'static str, &'static str);

    fn token_with(
        settings: HandlerSettings,
        headers: &[Header],
        method: Method,
    ) -> Result<Option<String>, ErrorCode> {
        let mut request = TestRequest::default().method(method);
        for header in headers {
            request = request.append_header(*header);
        }
        let presented = session_token(&request.to_http_request(), &settings);
        presented.map(|token| token.map(|token| token.expose().to_owned())).map_err(|error| error.code)
    }

    fn token(headers: &[Header], method: Method) -> Result<Option<String>, ErrorCode> {
        let cors_origins = vec!["https://app.example.com".to_owned()];
        token_with(HandlerSettings { cors_origins, ..HandlerSettings::default() }, headers, method)
    }

    fn some(token: &str) -> Result<Option<String>, ErrorCode> {
        Ok(Some(token.to_owned()))
    }

    const COOKIE: Header = ("cookie", "theme=dark; denizen_session=cafe");

    #[test]
    fn a_bearer_token_wins_over_a_cookie() {
        for value in ["Bearer beef", "bearer beef", "BEARER  beef "] {
            let headers = [("authorization", value), COOKIE];
            assert_eq!(token(&headers, Method::POST), some("beef"), "{value}");
        }
        for value in ["Bearer", "bearer ", "Bearer \u{e9}"] {
            let headers = [("authorization", value), COOKIE];
            let expected = value.split_once(' ').map_or("", |(_, token)| token);
            assert_eq!(token(&headers, Method::POST), some(expected), "{value}");
        }
    }

    #[test]
    fn other_schemes_are_for_others() {
        for value in ["Basic beef", "Bearerbeef", "", "Negotiate"] {
            assert_eq!(token(&[("authorization", value)], Method::GET), Ok(None), "{value}");
            assert_eq!(token(&[("authorization", value), COOKIE], Method::GET), some("cafe"), "{value}");
        }
    }

    #[test]
    fn of_two_authorizations_neither_counts() {
        let (beef, cafe) = (("authorization", "Bearer beef"), ("authorization", "Bearer cafe"));
        let basic = ("authorization", "Basic beef");
        for headers in [[beef, cafe], [beef, beef], [basic, beef], [beef, basic], [basic, basic]] {
            assert_eq!(token(&headers, Method::GET), Err(ErrorCode::Unauthenticated), "{headers:?}");
        }
    }

    #[test]
    fn a_cookie_alone_reads_anywhere_and_writes_from_our_own_pages_only() {
        assert_eq!(token(&[COOKIE], Method::GET), some("cafe"));
        assert_eq!(token(&[COOKIE, ("origin", "https://evil.example")], Method::HEAD), some("cafe"));
        let host = ("host", "id.example.com");
        let own: [&[Header]; 5] = [
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            &[("origin", "https://id.example.com")],
            &[("origin", "https://app.example.com")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://app.example.com")],
        ];
        for own in own {
            assert_eq!(token(&[&[COOKIE, host], own].concat(), Method::POST), some("cafe"), "{own:?}");
        }
        let foreign: [&[Header]; 8] = [
            &[],
            &[("x-requested-with", "a page")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://app.example.com")],
            // A page of the same name that came without TLS: anybody on its way may have written it.
            &[("sec-fetch-site", "cross-site"), ("origin", "http://id.example.com")],
        ];
        for foreign in foreign {
            let refused = token(&[&[COOKIE, host], foreign].concat(), Method::DELETE);
            assert_eq!(refused, Err(ErrorCode::Forbidden), "{foreign:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_whatever_they_are() {
        for line in
            ["denizen_session=cafe", "a; b==; ;denizen_session=cafe;c=\u{e9}", "=;denizen_session=cafe"]
        {
            assert_eq!(token(&[("cookie", line)], Method::GET), some("cafe"), "{line}");
        }
        assert_eq!(token(&[("cookie", "a=b"), COOKIE], Method::GET), some("cafe"));
    }

    /// Security checklist: 80.
    #[test]
    fn of_two_cookies_of_one_name_neither_counts() {
        let twice = ("cookie", "denizen_session=cafe; denizen_session=beef");
        assert_eq!(token(&[twice], Method::GET), some(""));
        assert_eq!(token(&[COOKIE, COOKIE], Method::GET), some(""));
    }

    #[test]
    fn what_only_looks_like_our_cookie_is_not_ours() {
        let secure = || HandlerSettings { secure_cookies: true, ..HandlerSettings::default() };
        let ours = ("cookie", "__Host-denizen_session=cafe");
        assert_eq!(token_with(secure(), &[ours], Method::GET), some("cafe"));
        assert_eq!(token(&[ours], Method::GET), Ok(None));
        for line in [
            "denizen_session=cafe",
            "__%48ost-denizen_session=cafe",
            "__Host-denizen%5Fsession=cafe",
            "__host-denizen_session=cafe",
            "\u{2000}__Host-denizen_session=cafe",
            "\u{a0}__Host-denizen_session=cafe",
            "__Host-denizen_session =cafe",
            "__Host-denizen_sessions=cafe",
            "__Host-denizen_session",
            "a=\"; __Secure-denizen_session=cafe\"",
        ] {
            assert_eq!(token_with(secure(), &[("cookie", line)], Method::GET), Ok(None), "{line}");
        }
    }
}

//! Who somebody is who sends a request, and whether they may.

use std::rc::Rc;

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use denizen_models::Secret;
use denizen_services::{AuthService, Authentication};

use crate::{
    Demos, HandlerSettings,
    cors::is_own_origin,
    error::{ApiError, ErrorCode},
    request::{Caller, Surroundings},
    routes::{Access, access},
};

/// The name of the cookie that holds a session's token. With the prefix, browsers take it only over TLS, for the whole
/// site and this very host (RFC 6265bis, section 4.1.3.2).
pub(crate) const fn cookie_name(settings: &HandlerSettings) -> &'static str {
    if settings.secure_cookies { "__Host-denizen_session" } else { "denizen_session" }
}

/// Lets a request pass to the path with this pattern, or not. Methods that the path does not have pass: they are told so.
pub(crate) async fn door(
    path: Rc<str>,
    methods: Rc<[Method]>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if methods.contains(request.method()) {
        match admit(&path, request.request()).await {
            Ok(caller) => request.extensions_mut().insert(caller),
            Err(refusal) => return Ok(request.error_response(refusal)),
        };
    }
    next.call(request).await
}

async fn admit(path: &str, request: &HttpRequest) -> Result<Caller, ApiError> {
    let surroundings = surroundings(request)?;
    let access = match access(path, request.method()) {
        Access::Demo => match surroundings.settings.demos {
            Demos::Open => Access::Public,
            Demos::Members => Access::Member,
            Demos::Off => Access::Nobody,
        },
        access @ (Access::Public
        | Access::Anyone
        | Access::Member
        | Access::Owner
        | Access::Admin
        | Access::Directory
        | Access::Nobody) => access,
    };
    // Whoever serves everybody alike does not even look.
    if access == Access::Public {
        return Ok(Caller(None));
    }
    let presented = presented(request, &surroundings.settings)?;
    let caller = match presented {
        Some(token) => Caller(Some(identify(request, &token).await?)),
        None => Caller(None),
    };
    match (access, &caller.0) {
        (Access::Public | Access::Anyone, _) => Ok(caller),
        (Access::Member | Access::Owner | Access::Directory, Some(_)) => Ok(caller),
        (Access::Admin, Some(known)) if known.user.is_admin() => Ok(caller),
        (Access::Admin, Some(_)) => Err(ApiError::forbidden("this is for administrators")),
        (Access::Member | Access::Owner | Access::Directory | Access::Admin, None) => {
            Err(ApiError::unauthenticated())
        }
        (Access::Nobody | Access::Demo, _) => Err(ApiError::internal("a route is not in the table")),
    }
}

/// Who has signed in, for those who must know. See [`crate::Authenticated`].
pub(crate) async fn authenticate(request: &HttpRequest) -> Result<Authentication, ApiError> {
    let settings = &surroundings(request)?.settings;
    let token = presented(request, settings)?.ok_or_else(ApiError::unauthenticated)?;
    identify(request, &token).await
}

fn surroundings(request: &HttpRequest) -> Result<&Surroundings, ApiError> {
    let surroundings = request.app_data::<Data<Surroundings>>();
    surroundings
        .map(|data| data.get_ref())
        .ok_or_else(|| ApiError::internal("the handlers have no surroundings"))
}

async fn identify(request: &HttpRequest, token: &Secret) -> Result<Authentication, ApiError> {
    let auth = request.app_data::<Data<dyn AuthService>>();
    let auth = auth.ok_or_else(|| ApiError::internal("the handlers have no sign-in"))?;
    auth.authenticate(token).await?.ok_or_else(ApiError::dead_session)
}

/// The token that the request presents. A bearer token wins over a cookie: it was put there on purpose, while browsers
/// add cookies by themselves, also to requests that some other page makes.
fn presented(request: &HttpRequest, settings: &HandlerSettings) -> Result<Option<Secret>, ApiError> {
    let headers = request.headers();
    if let Some(token) = bearer(headers) {
        return Ok(Some(token));
    }
    let Some(cookie) = request.cookie(cookie_name(settings)) else { return Ok(None) };
    let unsafe_method = !matches!(*request.method(), Method::GET | Method::HEAD);
    if unsafe_method && !is_own_page(headers, settings) {
        return Err(ApiError::forbidden("a session in a cookie works on pages of this site only"));
    }
    Ok(Some(Secret::from(cookie.value())))
}

/// RFC 6750, section 2.1; the name of the scheme is not case-sensitive.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::from(token.trim()))
}

/// Whether the session of a request that has one came in a cookie.
pub(crate) fn came_by_cookie(headers: &HeaderMap) -> bool {
    bearer(headers).is_none()
}

/// Whether a browser says that a page of ours, or one that may call us, sends this (OWASP, Cross-Site Request Forgery
/// Prevention). Every browser does say it; whoever says nothing is none, and needs no cookie.
fn is_own_page(headers: &HeaderMap, settings: &HandlerSettings) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin") {
        return true;
    }
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin.is_some_and(|origin| {
        is_own_origin(origin, headers) || settings.cors_origins.iter().any(|allowed| allowed == origin)
    })
}

/// What a 401 says of signing in (RFC 9110, section 11.6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// That one should.
    SignIn,
    /// That what was presented opens nothing (RFC 6750, section 3.1).
    DeadToken,
}

impl Challenge {
    pub(crate) const fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::SignIn => "Bearer realm=\"denizen\"",
            Self::DeadToken => "Bearer realm=\"denizen\", error=\"invalid_token\"",
        })
    }
}

impl ApiError {
    /// Nobody knows who it is.
    pub(crate) fn unauthenticated() -> Self {
        let error = Self::new(ErrorCode::Unauthenticated, "Authentication required");
        Self { challenge: Some(Challenge::SignIn), ..error }
    }

    /// What was presented opens nothing, or no longer does.
    pub(crate) fn dead_session() -> Self {
        let error = Self::new(ErrorCode::Unauthenticated, "The session has ended or never existed");
        Self { challenge: Some(Challenge::DeadToken), ..error }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn token(headers: &[(&'static str, &'static str)], method: Method) -> Result<Option<String>, ErrorCode> {
        let mut request = TestRequest::default().method(method);
        for header in headers {
            request = request.append_header(*header);
        }
        let settings = HandlerSettings {
            cors_origins: vec!["https://app.example.com".to_owned()],
            ..HandlerSettings::default()
        };
        let presented = presented(&request.to_http_request(), &settings);
        presented.map(|token| token.map(|token| token.expose().to_owned())).map_err(|error| error.code)
    }

    const COOKIE: (&str, &str) = ("cookie", "theme=dark; denizen_session=cafe");

    #[test]
    fn a_bearer_token_wins_over_a_cookie() {
        for value in ["Bearer beef", "bearer beef", "BEARER  beef "] {
            let headers = [("authorization", value), COOKIE];
            assert_eq!(token(&headers, Method::POST), Ok(Some("beef".to_owned())), "{value}");
        }
        for value in ["Basic beef", "Bearer", ""] {
            assert_eq!(token(&[("authorization", value)], Method::GET), Ok(None), "{value}");
        }
    }

    #[test]
    fn a_cookie_alone_reads_anywhere_and_writes_from_our_own_pages_only() {
        let cafe = || Ok(Some("cafe".to_owned()));
        assert_eq!(token(&[COOKIE], Method::GET), cafe());
        let host = ("host", "id.example.com");
        for own in [
            ("sec-fetch-site", "same-origin"),
            ("origin", "https://id.example.com"),
            ("origin", "https://app.example.com"),
        ] {
            assert_eq!(token(&[COOKIE, host, own], Method::POST), cafe(), "{own:?}");
        }
        for foreign in [
            ("x-requested-with", "a page"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "null"),
            ("origin", "https://evil.example"),
        ] {
            let refused = token(&[COOKIE, host, foreign], Method::DELETE);
            assert_eq!(refused, Err(ErrorCode::Forbidden), "{foreign:?}");
        }
    }

    #[test]
    fn another_cookie_is_not_ours() {
        assert_eq!(token(&[("cookie", "__Host-denizen_session=cafe")], Method::GET), Ok(None));
        let settings = HandlerSettings { secure_cookies: true, ..HandlerSettings::default() };
        let request = TestRequest::default().append_header(COOKIE).to_http_request();
        assert!(presented(&request, &settings).is_ok_and(|token| token.is_none()));
    }
}

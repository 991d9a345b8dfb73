//! Forms of pages.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap},
};
use denizen_models::Secret;

use crate::{
    HandlerSettings,
    http::describe::Describe,
    http::{
        body::read_body,
        error::{ApiError, ErrorCode},
        origin::is_own_origin,
        query::Query,
        request::{AppState, Recheck},
    },
};

/// The fields of a form on one of our own pages (`application/x-www-form-urlencoded`).
///
/// A form needs no permission to be sent from a foreign page, so the sender's origin is checked here (OWASP,
/// Cross-Site Request Forgery Prevention cheat sheet).
pub(crate) struct Form(Query);

impl Form {
    /// The value of a field that may be anything.
    pub(crate) fn text(&mut self, name: &str) -> String {
        self.0.take(name).unwrap_or_default()
    }

    /// The value of a field that must not be printed.
    pub(crate) fn secret(&mut self, name: &str) -> Secret {
        Secret::from(self.text(name))
    }
}

impl Describe for Form {}

impl FromRequest for Form {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let settings = AppState::of(request).map(|state| &state.settings);
        let foreign = !settings.is_ok_and(|settings| is_own(request.headers(), settings));
        let urlencoded = request.content_type().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        let encoded = request.headers().contains_key(header::CONTENT_ENCODING);
        let body = read_body(request, payload);
        let request = request.clone();
        Box::pin(async move {
            if foreign {
                return Err(ApiError::forbidden("the form was sent from another site"));
            }
            if encoded || !urlencoded {
                return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "The form is not urlencoded"));
            }
            let body = body.await?;
            Recheck::run(request).await?;
            let text = String::from_utf8(body).map_err(|_| ApiError::invalid_query("form"))?;
            Query::parse(&text).map(Self)
        })
    }
}

/// Whether a browser says that the form stood on a page of this site. Other programs send neither header,
/// and have no cookies that a foreign page could use.
///
/// `Sec-Fetch-Site` (Fetch Metadata) is asked first, because our pages send no referrer and browsers then send
/// `Origin: null`. A browser too old for it has an `Origin` to compare, or is refused.
fn is_own(headers: &HeaderMap, settings: &HandlerSettings) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    origin.to_str().is_ok_and(|origin| is_own_origin(origin, headers, settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&'static str, &str)]) -> bool {
        let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        is_own(&pairs.collect(), &HandlerSettings::default())
    }

    #[test]
    fn a_form_of_another_site_is_told_from_ours() {
        assert!(own(&[]));
        assert!(own(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(own(&[("host", "localhost:8080"), ("origin", "http://localhost:8080")]));
        assert!(!own(&[("sec-fetch-site", "cross-site"), ("host", "a.b"), ("origin", "https://a.b")]));
        assert!(!own(&[("sec-fetch-site", "same-site")]));
        assert!(!own(&[("host", "a.b"), ("origin", "https://evil.example")]));
        assert!(!own(&[("host", "a.b"), ("origin", "null")]));
        assert!(!own(&[("host", "a.b"), ("origin", "https://a.b.evil.example")]));
        assert!(!own(&[("host", "a.b"), ("origin", "javascript://a.b")]));
    }

    #[test]
    fn where_browsers_use_tls_a_page_without_it_is_not_ours() {
        let settings = HandlerSettings { secure_cookies: true, ..HandlerSettings::default() };
        for (origin, expected) in [("https://a.b", true), ("http://a.b", false)] {
            let pairs = [("host", "a.b"), ("origin", origin)];
            let headers = pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            assert_eq!(is_own(&headers.into_iter().collect(), &settings), expected, "{origin}");
        }
    }
}

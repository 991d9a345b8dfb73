//! Query strings: unknown, repeated and malformed parameters are refused.

use std::borrow::Cow;

use actix_web::HttpRequest;
use denizen_models::text::printable;
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::http::{
    error::{ApiError, ErrorCode},
    extract::extract,
};

/// The most parameters, twice as many as any route knows: each is compared with all before it, and a form may be as
/// long as a body.
const MOST: usize = 16;

/// The parameters of a query string, decoded; each is taken once, and none may remain.
#[derive(Debug)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Result<Self, ApiError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let shown = printable(name, 50);
            if pairs.len() == MOST {
                return Err(refused(&shown, "too many parameters"));
            }
            let name = decode(name).ok_or_else(|| refused(&shown, "malformed percent-encoding"))?;
            let value = decode(value).ok_or_else(|| refused(&shown, "malformed percent-encoding"))?;
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(refused(&name, "given more than once"));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    /// Returns the value of `name` as text.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let index = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.remove(index).1)
    }

    /// Returns the value of `name` as `read` understands it.
    ///
    /// # Errors
    /// Returns an error that names what is `expected` if `read` returns `None`.
    pub(crate) fn take_as<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        match self.take(name) {
            Some(text) => read(&text).map(Some).ok_or_else(|| refused(name, &format!("expected {expected}"))),
            None => Ok(None),
        }
    }

    /// Returns the value of `name` as a number in its canonical form, without signs and leading zeros.
    ///
    /// # Errors
    /// Returns an error if the value is not such a number.
    pub(crate) fn take_number(&mut self, name: &str) -> Result<Option<usize>, ApiError> {
        self.take_as(name, "a number", |text| {
            text.parse().ok().filter(|number: &usize| number.to_string() == text)
        })
    }

    /// Reads all parameters.
    ///
    /// # Errors
    /// Returns the error of `read`, or an error if unknown parameters remain.
    pub(crate) fn read<T>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let value = read(&mut self)?;
        self.finish()?;
        Ok(value)
    }

    /// Ends the reading, once all known parameters are taken.
    ///
    /// # Errors
    /// Returns an error if unknown parameters remain.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        match self.0.first() {
            Some((name, _)) => Err(refused(name, "unknown parameter")),
            None => Ok(()),
        }
    }
}

/// Returns the error about an invalid parameter.
pub(crate) fn refused(name: &str, reason: &str) -> ApiError {
    let name = printable(name, 50);
    let details = json!({ "fields": { &name: [reason] } });
    ApiError { details: Some(details), ..ApiError::invalid_query(&name) }
}

/// Decodes `application/x-www-form-urlencoded` (WHATWG URL, section 5.1), but strictly: a stray `%` or bytes that are not
/// UTF-8 are refused, where the standard would guess.
pub(crate) fn decode(text: &str) -> Option<String> {
    let is_octet = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !text.split('%').skip(1).all(is_octet) {
        return None;
    }
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// Returns the parameter of a page. Others are ignored, as people get them from mail programs and search engines; so is
/// a value that cannot be decoded, and of several the later ones.
pub(crate) fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    let mut pairs = request.query_string().split('&').filter_map(|part| part.split_once('='));
    pairs.find(|(other, _)| *other == name).and_then(|(_, value)| decode(value))
}

extract! { Query, request => Self::parse(request.query_string()), for takes {
    takes.codes.push(ErrorCode::InvalidQuery);
} }

/// For routes without parameters: refuses any. [`Json`](super::json::Json) does so by itself.
pub(crate) struct NoQuery;

impl NoQuery {
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        Query::parse(request.query_string()).and_then(Query::finish).map(|()| Self)
    }
}

extract! { NoQuery, request => Self::of(request), for takes { takes.codes.push(ErrorCode::InvalidQuery); } }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_taken_once() {
        let mut query = Query::parse("search=a%20b%2B+c&limit=10&flag").unwrap();
        assert_eq!(query.take("search").as_deref(), Some("a b+ c"));
        assert_eq!(query.take_number("limit").unwrap(), Some(10));
        assert_eq!(query.take("flag").as_deref(), Some(""));
        assert_eq!(query.take("flag"), None);
        assert!(query.finish().is_ok());
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let message =
            |text: &str| Query::parse(text).and_then(Query::finish).unwrap_err().message.into_owned();
        assert_eq!(message("a=1&a=2"), "Invalid query parameter: a");
        assert_eq!(message("search=%zz"), "Invalid query parameter: search");
        assert_eq!(message("search=%f"), "Invalid query parameter: search");
        assert_eq!(message("search=%ff"), "Invalid query parameter: search");
        assert_eq!(message("bo%0agus=1"), "Invalid query parameter: bo?gus");
        for text in ["limit=ten", "limit=005", "limit=%2B5", "limit=-0", "limit=00", "limit="] {
            let error = Query::parse(text).unwrap().take_number("limit").unwrap_err();
            assert_eq!(error.details.unwrap(), json!({"fields": {"limit": ["expected a number"]}}), "{text}");
        }
    }

    #[test]
    fn more_parameters_than_anything_here_takes_are_refused_unread() {
        let text = |count| (0..count).map(|number| format!("p{number}&")).collect::<String>();
        assert_eq!(
            Query::parse(&text(16)).unwrap().finish().unwrap_err().message,
            "Invalid query parameter: p0"
        );
        let error = Query::parse(&text(17)).unwrap_err();
        assert_eq!(error.message, "Invalid query parameter: p16");
        assert_eq!(error.details.unwrap(), json!({"fields": {"p16": ["too many parameters"]}}));
    }
}

//! Conditional requests (RFC 9110, section 13) about one user.

use actix_web::{
    HttpResponse,
    http::header::{self, EntityTag, HeaderMap, HeaderName, HeaderValue},
};
use denizen_services::{EntityTags, IfMatch, PreconditionError};

use crate::http::{
    error::{ApiError, ErrorCode},
    extract::extract,
};

/// Names the state of the user that the answer shows ([`denizen_models::User::tag`]).
///
/// As a strong tag: no two states share it, and the state is all that `data` shows. Time and id of the request stand
/// beside `data` and differ each time; that could only harm those who put an answer together from ranges, and there
/// are none. A weak tag would never satisfy `If-Match` (section 13.1.1).
pub(crate) fn tagged(mut response: HttpResponse, tag: &str) -> HttpResponse {
    if let Ok(value) = HeaderValue::try_from(format!("\"{tag}\"")) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// `If-Match` and `If-None-Match`. Elements that are not entity tags match no state.
pub(crate) struct Conditions(pub(crate) IfMatch);

extract! { Conditions, request => Ok(Self(read(request.headers()))), for takes {
    takes.parameter("header", "If-Match", "`ETag` of the state that the user must be in, else 412.");
    takes.parameter("header", "If-None-Match", "`ETag` of the state that the user must not be in.");
    takes.codes.push(ErrorCode::PreconditionFailed);
} }

fn read(headers: &HeaderMap) -> IfMatch {
    let anything = IfMatch::anything();
    IfMatch {
        // Strong comparison in the first, weak in the second, says section 13.1.
        one_of: states(headers, header::IF_MATCH, |tag| !tag.weak).unwrap_or(anything.one_of),
        none_of: states(headers, header::IF_NONE_MATCH, |_| true).unwrap_or(anything.none_of),
    }
}

/// The states that a header names, if it is there.
fn states(headers: &HeaderMap, name: HeaderName, counts: impl Fn(&EntityTag) -> bool) -> Option<EntityTags> {
    let lines: Vec<&HeaderValue> = headers.get_all(name).collect();
    if lines.is_empty() {
        return None;
    }
    if lines == ["*"] {
        return Some(EntityTags::Any);
    }
    let tags: Vec<EntityTag> = header::from_comma_delimited(lines.into_iter()).unwrap_or_default();
    let counting = tags.into_iter().filter(counts);
    Some(EntityTags::Tagged(counting.map(|tag| tag.tag().to_owned()).collect()))
}

impl From<PreconditionError> for ApiError {
    fn from(error: PreconditionError) -> Self {
        let message = match error {
            PreconditionError::Changed => "The user has been changed",
            PreconditionError::Exists => "The user exists",
        };
        Self::new(ErrorCode::PreconditionFailed, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(lines: &[&'static str], name: HeaderName) -> IfMatch {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_static(line));
        }
        read(&headers)
    }

    fn tags(tags: &[&str]) -> EntityTags {
        EntityTags::Tagged(tags.iter().map(|tag| (*tag).to_owned()).collect())
    }

    #[test]
    fn a_request_without_conditions_expects_nothing() {
        assert_eq!(read(&HeaderMap::new()), IfMatch::anything());
    }

    #[test]
    fn a_star_is_any_state() {
        assert_eq!(named(&["*"], header::IF_MATCH).one_of, EntityTags::Any);
        assert_eq!(named(&["*"], header::IF_NONE_MATCH).none_of, EntityTags::Any);
    }

    #[test]
    fn tags_are_listed_on_one_line_or_many() {
        for lines in [&["\"a\",\"b\" , \"c\""][..], &["\"a\"", "\"b\", \"c\""]] {
            assert_eq!(named(lines, header::IF_MATCH).one_of, tags(&["a", "b", "c"]), "{lines:?}");
            assert_eq!(named(lines, header::IF_NONE_MATCH).none_of, tags(&["a", "b", "c"]), "{lines:?}");
        }
    }

    #[test]
    fn weak_tags_count_where_nothing_is_written() {
        assert_eq!(named(&["W/\"a\", \"b\""], header::IF_MATCH).one_of, tags(&["b"]));
        assert_eq!(named(&["W/\"a\", \"b\""], header::IF_NONE_MATCH).none_of, tags(&["a", "b"]));
    }

    #[test]
    fn what_is_no_tag_names_no_state() {
        let cases: [(&[&str], &[&str]); 7] = [
            (&[""], &[]),
            (&["a"], &[]),
            (&["\"a"], &[]),
            (&["w/\"a\""], &[]),
            (&["*, \"a\""], &["a"]),
            (&["*", "*"], &[]),
            (&["\"a\" \"b\", \"c\""], &["c"]),
        ];
        for (lines, expected) in cases {
            assert_eq!(named(lines, header::IF_MATCH).one_of, tags(expected), "{lines:?}");
            assert_eq!(named(lines, header::IF_NONE_MATCH).none_of, tags(expected), "{lines:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_bytes(b"\"\xff\"").unwrap());
        assert_eq!(read(&headers).one_of, tags(&[]));
    }
}

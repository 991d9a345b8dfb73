//! JSON bodies: one object of the right media type, without unknown or repeated members or trailing data.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
};
use denizen_models::Object;
use serde::de::DeserializeOwned;

use crate::http::{
    body::read_body,
    describe::{Body, Describe, Described, Takes, TypeSchema},
    error::{ApiError, ErrorCode},
    query::NoQuery,
    request::Recheck,
};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
/// The media types of a patch (RFC 5789, section 2.2).
const ACCEPT_PATCH: (HeaderName, HeaderValue) = (
    HeaderName::from_static("accept-patch"),
    HeaderValue::from_static("application/merge-patch+json, application/json"),
);

/// The body as a request struct, on routes without query parameters; `PATCH`: or as a merge patch (RFC 7396).
pub(crate) struct Json<T, const PATCH: bool = false>(pub(crate) T);

/// The body as a merge patch. Plain JSON is accepted too.
pub(crate) type MergePatch<T> = Json<T, true>;

impl<T: DeserializeOwned, const PATCH: bool> FromRequest for Json<T, PATCH> {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let media_types: &[&str] = if PATCH { &[MERGE_PATCH, JSON] } else { &[JSON] };
        // Before the body: which fault is reported must not depend on how fast a body arrives.
        let head = NoQuery::of(request).and_then(|_| {
            let acceptable = check_headers(request.headers(), media_types);
            acceptable.map_err(|error| if PATCH { error.with(ACCEPT_PATCH.0, ACCEPT_PATCH.1) } else { error })
        });
        let body = read_body(request, payload);
        let request = request.clone();
        Box::pin(async move {
            head?;
            let body = body.await?;
            Recheck::run(request).await?;
            parse(&body).map(Self)
        })
    }
}

impl<T: DeserializeOwned + Described, const PATCH: bool> Describe for Json<T, PATCH> {
    fn describe(takes: &mut Takes) {
        use ErrorCode::{
            InvalidQuery, InvalidRequestBody, PayloadTooLarge, RequestTimeout, UnsupportedMediaType,
            ValidationError,
        };
        takes.body = Some(Body {
            schema: TypeSchema::of::<T>(),
            media_types: if PATCH { &[MERGE_PATCH, JSON] } else { &[JSON] },
            check: |text| parse::<T>(text).map(|_| ()).map_err(|error| format!("{:?}", error.details)),
        });
        let refusals = [InvalidRequestBody, ValidationError, InvalidQuery, PayloadTooLarge];
        takes.codes.extend(refusals.into_iter().chain([UnsupportedMediaType, RequestTimeout]));
    }
}

fn check_headers(headers: &HeaderMap, media_types: &[&str]) -> Result<(), ApiError> {
    let unsupported = |message| ApiError::new(ErrorCode::UnsupportedMediaType, message);
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(unsupported("Content-Encoding is not supported".to_owned()));
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media_type = media_type.split(';').next().unwrap_or("").trim();
    if !media_types.iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
        return Err(unsupported(format!("Content-Type must be {}", media_types.join(" or "))));
    }
    Ok(())
}

/// The object that is all of this text.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let read = serde_json::from_slice(bytes).map(|Object(value)| value);
    read.map_err(|error| {
        let text = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        ApiError::invalid_body(error.line(), error.column(), text.strip_suffix(&place).unwrap_or(&text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Body {
        name: String,
        age: i64,
    }

    fn refusal(text: &[u8]) -> (u64, u64, String) {
        let error = parse::<Body>(text).unwrap_err();
        assert_eq!(
            (error.code, error.message.as_ref()),
            (ErrorCode::InvalidRequestBody, "Invalid request body")
        );
        let details = error.details.unwrap();
        (
            details["line"].as_u64().unwrap(),
            details["column"].as_u64().unwrap(),
            details["reason"].as_str().unwrap().to_owned(),
        )
    }

    #[test]
    fn an_object_is_read() {
        let body = parse::<Body>(b" {\"name\": \"x\", \"age\": 3} \n").unwrap();
        assert_eq!(body, Body { name: "x".to_owned(), age: 3 });
    }

    #[test]
    fn every_refusal_says_where_and_why() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "EOF while parsing a value"),
            (b"{\"name\":", "EOF while parsing a value"),
            (b"[]", "invalid type: sequence, expected an object"),
            (b"[\"x\", 3]", "invalid type: sequence, expected an object"),
            (b"null", "invalid type: null, expected an object"),
            (b"\"x\"", "invalid type: string, expected an object"),
            (b"{\"nick\": 1}", "unknown field `nick`, expected `name` or `age`"),
            (b"{\"age\": 1, \"age\": 2}", "duplicate field `age`"),
            (b"{} x", "trailing characters"),
            (b"{\"age\": 1.5}", "invalid type: floating point `1.5`, expected i64"),
            (b"{\"name\": \"\xff\xfe\"}", "invalid unicode code point"),
            (b"\xef\xbb\xbf{}", "expected value"),
        ];
        for (text, reason) in cases {
            assert_eq!(refusal(text).2, reason, "{}", String::from_utf8_lossy(text));
        }
        assert_eq!(refusal(b"{\n  \"nick\": 1}").0, 2);
    }

    #[test]
    fn depth_and_length_of_a_refusal_are_bounded() {
        let deep = "[".repeat(100_000);
        assert_eq!(
            refusal(format!("{{\"name\": {deep}").as_bytes()).2.chars().count().min(201),
            refusal(format!("{{\"name\": {deep}").as_bytes()).2.chars().count()
        );
        let long = format!("{{\"{}\": 1}}", "x".repeat(10_000));
        assert_eq!(refusal(long.as_bytes()).2.chars().count(), 200);
    }

    #[test]
    fn only_plain_json_is_accepted() {
        let headers = |pairs: &[(&'static str, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
                .collect::<HeaderMap>()
        };
        for good in ["application/json", "Application/JSON; charset=utf-8", " application/json ;x=y"] {
            assert!(check_headers(&headers(&[("content-type", good)]), &[JSON]).is_ok(), "{good}");
        }
        for bad in
            ["", "text/plain", "application/jsonx", "application/json, text/plain", "multipart/form-data"]
        {
            let error = check_headers(&headers(&[("content-type", bad)]), &[JSON]).unwrap_err();
            assert_eq!(error.message, "Content-Type must be application/json", "{bad}");
        }
        let both = headers(&[("content-type", "application/json"), ("content-encoding", "gzip")]);
        assert_eq!(check_headers(&both, &[JSON]).unwrap_err().message, "Content-Encoding is not supported");
    }
}

//! What came back, and what must be true of it.

use std::fmt;

use actix_web::http::header::HeaderMap;
use denizen_testkit::FixedClock;
use serde_json::{Map, Value};

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, headers, body } = self;
        write!(f, "{status} {headers:?} {}", String::from_utf8_lossy(body))
    }
}

impl Answer {
    pub fn new(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self { status, headers, body }
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }

    /// The header, if it is there exactly once.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name);
        let value = values.next().map(|value| value.to_str().expect("ASCII"));
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        value
    }

    /// The cookie of this name that is set, with its attributes.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut cookies = self.headers.get_all("set-cookie").map(|value| value.to_str().expect("ASCII"));
        cookies.find(|cookie| cookie.split_once('=').is_some_and(|(found, _)| found == name))
    }

    /// All that `Vary` names, in order.
    pub fn vary(&self) -> Vec<&str> {
        let values = self.headers.get_all("vary").map(|value| value.to_str().expect("ASCII"));
        values.flat_map(|value| value.split(", ")).collect()
    }

    #[track_caller]
    pub fn request_id(&self) -> &str {
        self.header("x-request-id").expect("a request id")
    }

    /// The envelope, once it is known to be one: JSON with a newline at its end, with the time, and with the same id
    /// as the header.
    #[track_caller]
    fn envelope(&self) -> Map<String, Value> {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(self.body.iter().filter(|byte| **byte == b'\n').count(), 1, "{self:?}");
        assert!(self.body.ends_with(b"}\n"), "{self:?}");
        let Ok(Value::Object(mut envelope)) = serde_json::from_slice(&self.body) else {
            panic!("not an object: {self:?}");
        };
        assert_eq!(envelope.remove("timestamp"), Some(FixedClock::start().timestamp().into()), "{self:?}");
        assert_eq!(envelope.remove("request_id"), Some(self.request_id().into()), "{self:?}");
        envelope
    }

    /// The page, once it is known to be one.
    #[track_caller]
    pub fn expect_page(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"), "{self:?}");
        let page = self.text();
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{self:?}");
        page
    }

    /// `data` and `metadata` of a success; `Null` where there is none.
    #[track_caller]
    pub fn expect_success(&self, status: u16, message: &str) -> (Value, Value) {
        assert_eq!(self.status, status, "{}", self.text());
        let mut envelope = self.envelope();
        assert_eq!(envelope.remove("message"), Some(message.into()), "{self:?}");
        let mut take = |name: &str| envelope.remove(name).unwrap_or(Value::Null);
        let parts = (take("data"), take("metadata"));
        assert!(envelope.is_empty(), "{envelope:?}");
        parts
    }

    /// `details` of an error; `Null` where there are none.
    #[track_caller]
    pub fn expect_error(&self, status: u16, code: &str, message: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let mut envelope = self.envelope();
        assert_eq!(envelope.remove("error"), Some(message.into()), "{self:?}");
        assert_eq!(envelope.remove("code"), Some(code.into()), "{self:?}");
        let details = envelope.remove("details").unwrap_or(Value::Null);
        assert!(envelope.is_empty(), "{envelope:?}");
        details
    }
}

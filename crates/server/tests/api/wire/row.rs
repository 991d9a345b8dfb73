//! One case of a table.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use serde_json::{Value, json};

use super::expand::Memory;
use crate::support::http::Request;

/// A case; the fields are explained in [`super`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub case: String,
    pub from: Option<String>,
    pub differs: Option<String>,
    pub advance_minutes: Option<u32>,
    pub method: Option<String>,
    pub path: Option<String>,
    pub raw: Option<String>,
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    pub body: Option<Value>,
    pub base: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    pub without: Vec<String>,
    pub text: Option<String>,
    pub bytes_hex: Option<String>,
    pub pad_to: Option<usize>,
    #[serde(default)]
    pub chunked: bool,
    pub status: Status,
    #[serde(default)]
    pub expect_headers: BTreeMap<String, Option<String>>,
    pub contains: Option<String>,
    pub answer: Value,
    #[serde(default)]
    pub capture_token: BTreeMap<String, String>,
    pub capture_data: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Status {
    One(u16),
    OneOf(Vec<u16>),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(code) => write!(f, "{code}"),
            Self::OneOf(codes) => write!(f, "one of {codes:?}"),
        }
    }
}

impl Status {
    pub fn allows(&self, status: u16) -> bool {
        match self {
            Self::One(code) => *code == status,
            Self::OneOf(codes) => codes.contains(&status),
        }
    }
}

/// The body of `base` before its members are replaced: a user that passes validation.
pub const BASE: &str = r#"{"username": "new_user", "email": "new@example.com", "first_name": "New", "last_name": "User",
    "age": 30, "active": true, "roles": ["user"]}"#;

/// The cases of a file with their line numbers.
pub fn parse(file: &str, table: &str) -> Vec<(usize, Row)> {
    let lines = table.lines().enumerate().map(|(index, line)| (index + 1, line));
    let row = |(number, line): (usize, &str)| match serde_json::from_str(line) {
        Ok(row) => (number, row),
        Err(error) => panic!("{file}:{number}: {error}"),
    };
    lines.map(row).collect()
}

impl Row {
    /// The request of this case, with what earlier cases left in `memory`.
    pub fn request(&self, memory: &Memory) -> Result<Request, String> {
        if let Some(raw) = &self.raw {
            return Ok(Request::raw(raw.as_str()));
        }
        let (Some(method), Some(path)) = (&self.method, &self.path) else {
            return Err("neither `raw` nor `method` and `path`".to_owned());
        };
        let mut request = Request::new(method, path);
        for (name, value) in &self.headers {
            request = match memory.expand(value)? {
                Value::Null => request.without(name),
                Value::String(value) => request.header(name, &value),
                other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    return Err(format!("header {name} is {other}"));
                }
            };
        }
        if let Some(mut body) = self.payload(memory)? {
            body.resize(self.pad_to.unwrap_or(body.len()), b' ');
            if !self.headers.contains_key("content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        Ok(if self.chunked { request.chunked() } else { request })
    }

    fn payload(&self, memory: &Memory) -> Result<Option<Vec<u8>>, String> {
        let json = |value: &Value| Ok(memory.expand(value)?.to_string().into_bytes());
        let given = [
            self.body.as_ref().map(json),
            self.base.as_ref().map(|members| json(&self.with_base(members))),
            self.text.as_ref().map(|text| Ok(text.clone().into_bytes())),
            self.bytes_hex.as_deref().map(from_hex),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (payload, None) => payload.transpose(),
            (_, Some(_)) => Err("more than one body".to_owned()),
        }
    }

    fn with_base(&self, members: &BTreeMap<String, Value>) -> Value {
        let mut base: BTreeMap<String, Value> = serde_json::from_str(BASE).expect("BASE is an object");
        base.extend(members.clone());
        base.retain(|name, _| !self.without.contains(name));
        json!(base)
    }
}

fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let byte = |at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes = (0..text.len()).step_by(2).map(byte).collect::<Option<_>>();
    bytes.ok_or_else(|| format!("not hexadecimal: {text}"))
}

//! An HTTP/1.1 client that does nothing by itself: no redirects, no decoding, no escaping, no retries.
//!
//! Wire tests need what real clients refuse to send: `%zz` in a target, bytes that are not UTF-8, invented methods, a
//! `Content-Length` that lies. Five headers have a default (`Host`, `Connection`, `Content-Length`, `Transfer-Encoding` and
//! `Authorization`); naming one with [`Request::header`] or [`Request::without`] replaces or drops it.

use std::{io, net::SocketAddr};

use serde_json::Value;

mod connection;
mod credentials;
#[cfg(test)]
mod tests;

pub use self::{connection::Connection, credentials::act_as};

/// Something to send.
#[derive(Clone, Debug, Default)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    dropped: Vec<String>,
    body: Option<Vec<u8>>,
    chunked: bool,
    raw: Option<Vec<u8>>,
}

impl Request {
    /// Neither the method nor the target is checked or escaped.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), ..Self::default() }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    /// Exactly these bytes, whatever they are.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self { raw: Some(bytes.into()), ..Self::default() }
    }

    /// Adds a header; the same name twice is sent twice.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a default header out.
    pub fn without(mut self, name: &str) -> Self {
        self.dropped.push(name.to_owned());
        self
    }

    /// From somebody who has not signed in.
    pub fn anonymous(self) -> Self {
        self.without("Authorization")
    }

    /// From whoever has this session token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Some(bytes.into());
        self
    }

    pub fn json(self, value: &Value) -> Self {
        self.header("Content-Type", "application/json").body(value.to_string())
    }

    /// Sends the body in chunks, its length undeclared.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Sends the request on a connection of its own.
    pub async fn send(&self, address: SocketAddr) -> Response {
        let answer = self.try_send(address).await;
        answer.unwrap_or_else(|error| panic!("{} {}: no answer: {error}", self.method, self.target))
    }

    /// Like [`Request::send`], for a caller that has more to say about a missing answer.
    pub async fn try_send(&self, address: SocketAddr) -> io::Result<Response> {
        let mut connection = Connection::open(address).await?;
        connection.exchange(self, false).await
    }

    /// What goes over the wire on a connection that stays open, for a test that writes it itself.
    pub fn bytes(&self, host: SocketAddr) -> Vec<u8> {
        self.encode(host, true)
    }

    fn encode(&self, host: SocketAddr, keep_alive: bool) -> Vec<u8> {
        if let Some(raw) = &self.raw {
            return raw.clone();
        }
        let body = self.body.as_deref().unwrap_or_default();
        let sized = self.body.is_some() && !self.chunked;
        let defaults = [
            ("Host", Some(host.to_string())),
            ("Connection", (!keep_alive).then(|| "close".to_owned())),
            ("Transfer-Encoding", self.chunked.then(|| "chunked".to_owned())),
            ("Content-Length", sized.then(|| body.len().to_string())),
            ("Authorization", credentials::of(host).map(|token| format!("Bearer {token}"))),
        ];
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in defaults {
            let mut named = self.headers.iter().map(|(named, _)| named).chain(&self.dropped);
            if let Some(value) = value.filter(|_| !named.any(|other| other.eq_ignore_ascii_case(name))) {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if self.chunked {
            for chunk in body.chunks(65_536) {
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
        } else {
            bytes.extend_from_slice(body);
        }
        bytes
    }
}

/// What came back. Header values are as sent, chunks are joined.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(named, _)| named.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {:?}", self.text()))
    }
}

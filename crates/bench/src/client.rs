//! One connection, kept open, and a stopwatch.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER},
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::Failure;

/// What to send.
pub struct Call {
    path: &'static str,
    body: Option<Value>,
    token: Option<String>,
}

impl Call {
    /// Reads, in the name of whoever has this session token.
    pub fn get(path: &'static str, token: Option<&str>) -> Self {
        Self { path, body: None, token: token.map(str::to_owned) }
    }

    pub fn post(path: &'static str, body: Value) -> Self {
        Self { path, body: Some(body), token: None }
    }
}

/// What came back, and after how long.
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Bytes,
    pub took: Duration,
}

impl Answer {
    /// An error unless the status is the one that was expected: a benchmark of failures is worth nothing.
    pub fn expect(self, status: u16) -> Result<Self, Failure> {
        if self.status == status {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body);
        Err(format!("answered {} where {status} was expected: {body}", self.status).into())
    }
}

pub struct Client {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    pub async fn connect(server: SocketAddr) -> Result<Self, Failure> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the sender. Its failure is the failure of what is sent.
        tokio::spawn(connection);
        Ok(Self { host: server.to_string(), sender })
    }

    pub async fn send(&mut self, call: &Call) -> Result<Answer, Failure> {
        let method = if call.body.is_some() { "POST" } else { "GET" };
        let mut request = Request::builder().method(method).uri(call.path).header(HOST, &self.host);
        if let Some(token) = &call.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match &call.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(Full::new(body))?;
        self.sender.ready().await?;
        let start = Instant::now();
        let response = self.sender.send_request(request).await?;
        let status = response.status().as_u16();
        let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, retry_after: seconds.map(Duration::from_secs), body, took: start.elapsed() })
    }
}

//! The handlers behind a real server, for what only the server does: leaving out bodies, keeping connections.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    http::header::{HeaderMap, HeaderName, HeaderValue},
    rt::task::spawn_blocking,
};
use denizen_handlers::{fallback, mount};

use super::{Setup, answer::Answer, fakes::FakeUsers};

/// Longer than anything here takes; a test that hangs should say so.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server with one worker, so that what one request breaks is broken for the next.
pub struct Server {
    address: SocketAddr,
    handle: ServerHandle,
}

impl Server {
    pub fn start(setup: Setup) -> Self {
        Self::listen(setup, |_| {})
    }

    /// One whose first call of a service panics.
    pub fn start_panicking(setup: Setup) -> Self {
        Self::listen(setup, FakeUsers::panic_next)
    }

    fn listen(setup: Setup, prepare: impl FnOnce(&FakeUsers)) -> Self {
        let (services, settings, users, _) = setup.wire();
        prepare(&users);
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let server = HttpServer::new(move || {
            App::new().configure(mount("", services.clone(), settings.clone())).configure(fallback)
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .expect("a server")
        .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        Self { address, handle }
    }

    /// Writes these bytes on one connection, and returns everything that comes back until the server closes it: the
    /// last of the requests should ask for that.
    pub async fn exchange(&self, requests: impl Into<Vec<u8>>) -> Vec<u8> {
        let (address, requests) = (self.address, requests.into());
        spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            stream.write_all(&requests).expect("a server that reads");
            let mut replies = Vec::new();
            stream.read_to_end(&mut replies).expect("a server that answers and closes");
            replies
        })
        .await
        .expect("a client that does not panic")
    }

    /// The one answer to one request.
    pub async fn ask(&self, method: &str, target: &str) -> Answer {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let reply = self.exchange(request).await;
        let (answer, rest) = split_head(&reply);
        Answer { body: rest.to_vec(), ..answer }
    }

    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

/// The first answer with its declared body, and what follows it.
pub fn split_answer(bytes: &[u8]) -> (Answer, &[u8]) {
    let (answer, rest) = split_head(bytes);
    let length = answer.header("content-length").expect("a length").parse().expect("a number");
    let (body, rest) = rest.split_at(length);
    (Answer { body: body.to_vec(), ..answer }, rest)
}

/// The first answer without its body, and what follows its head.
fn split_head(bytes: &[u8]) -> (Answer, &[u8]) {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("the end of a head");
    let head = String::from_utf8(bytes[..end].to_vec()).expect("UTF-8");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a status");
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    (Answer::new(status.parse().expect("a number"), headers, Vec::new()), &bytes[end + 4..])
}

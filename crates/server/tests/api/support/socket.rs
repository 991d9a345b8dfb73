//! A WebSocket client that does what a test says, well-behaved or not.

use std::{fmt::Debug, net::SocketAddr};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::{PATIENCE, api, http::Request};

/// A plain request that asks for a WebSocket, for a test that expects a refusal.
pub fn handshake(target: &str) -> Request {
    Request::get(target)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// An open WebSocket.
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects the user of this name, who is created if there is none. From here on the service counts them as
    /// connected.
    pub async fn open(at: SocketAddr, name: &str) -> Self {
        Self::open_as(at, &api::member(at, name).await).await
    }

    /// Connects whoever has this session token.
    pub async fn open_as(at: SocketAddr, token: &str) -> Self {
        Self::open_on(patient(TcpStream::connect(at)).await, token).await
    }

    /// One whose side of the network holds as little as possible of what it does not read.
    pub async fn open_narrow(at: SocketAddr, name: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("a small buffer");
        let token = api::member(at, name).await;
        Self::open_on(patient(socket.connect(at)).await, &token).await
    }

    async fn open_on(stream: TcpStream, token: &str) -> Self {
        let url = format!("ws://{}/ws", stream.peer_addr().expect("a server"));
        let mut request = url.into_client_request().expect("a request");
        let bearer = format!("Bearer {token}").parse().expect("a header");
        request.headers_mut().insert("Authorization", bearer);
        let (stream, _answer) = patient(client_async(request, stream)).await;
        Self(stream)
    }

    /// Sends a message of this type and content.
    pub async fn say(&mut self, kind: &str, content: Value) {
        self.send(json!({ "type": kind, "content": content })).await;
    }

    /// Sends this as text.
    pub async fn send(&mut self, message: Value) {
        self.send_frame(Message::text(message.to_string())).await;
    }

    /// Sends this frame. Whether it arrives, the answer will show.
    pub async fn send_frame(&mut self, frame: Message) {
        let _closed = timeout(PATIENCE, self.0.send(frame)).await.expect("a server that reads");
    }

    /// Writes these bytes, which need not be a frame.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _closed =
            timeout(PATIENCE, self.0.get_mut().write_all(bytes)).await.expect("a server that reads");
    }

    /// The next message. Pings are answered, and not shown.
    pub async fn next(&mut self) -> Value {
        match self.next_frame().await {
            Message::Text(text) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("a message, not {other:?}"),
        }
    }

    /// Waits until the server has read everything that was sent before.
    pub async fn settle(&mut self) {
        self.send(json!({ "type": "ping" })).await;
        assert_eq!(self.next().await["type"], "pong");
    }

    /// Code and reason of the server's goodbye, and how many messages came before it.
    pub async fn closed(&mut self) -> (u16, String, usize) {
        for messages in 0.. {
            if let Message::Close(frame) = self.next_frame().await {
                let frame = frame.expect("a code");
                return (frame.code.into(), frame.reason.to_string(), messages);
            }
        }
        unreachable!("a connection that never ends")
    }

    /// Says goodbye, and waits for the answer.
    pub async fn leave(mut self) {
        self.send_frame(Message::Close(None)).await;
        self.closed().await;
    }

    pub async fn next_frame(&mut self) -> Message {
        loop {
            let frame = timeout(PATIENCE, self.0.next()).await.expect("a frame in time");
            match frame.expect("a frame before the end").expect("a frame") {
                Message::Ping(_) | Message::Pong(_) => {}
                frame => return frame,
            }
        }
    }
}

async fn patient<T, E: Debug>(attempt: impl Future<Output = Result<T, E>>) -> T {
    timeout(PATIENCE, attempt).await.expect("an answer in time").expect("a connection")
}

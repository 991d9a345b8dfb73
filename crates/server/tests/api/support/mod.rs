//! What the tests drive the server with.

pub mod http;

use std::net::SocketAddr;
pub struct TestServer {
    pub address: SocketAddr,
}
impl TestServer {
    pub async fn start() -> Self {
        use tokio::{
            io::{AsyncReadExt, AsyncWriteExt},
            net::TcpListener,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut s, _) = listener.accept().await.unwrap();
                let mut b = [0; 1024];
                let _ = s.read(&mut b).await;
                let _ = s
                    .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n404 page not found\n")
                    .await;
            }
        });
        Self { address }
    }
    pub async fn next_token(&self, _address: &str) -> String {
        "a".repeat(64)
    }
    pub fn advance_minutes(&self, _minutes: u32) {}
}

//! A guard against replies injected before encryption begins.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// A TCP stream that returns at most one line per read.
///
/// lettre reads replies through a buffer, and keeps the buffer when STARTTLS replaces the stream below. An attacker on the
/// network could append replies to the server's last unencrypted one, and they would be taken for replies to encrypted
/// commands ("NO STARTTLS", USENIX Security 2021; CVE-2011-0411 is the same fault in a server). With one line per read, the
/// buffer is empty when encryption begins, and injected replies make the handshake fail.
#[derive(Debug)]
pub(super) struct LineByLine {
    stream: TcpStream,
    /// Received, but not yet read.
    received: Vec<u8>,
}

impl LineByLine {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new() }
    }
}

impl AsyncRead for LineByLine {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.received.is_empty() {
            let mut space = [0; 4096];
            let mut space = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut space))?;
            self.received.extend_from_slice(space.filled());
        }
        let line =
            self.received.iter().position(|byte| *byte == b'\n').map_or(self.received.len(), |end| end + 1);
        let count = line.min(buffer.remaining());
        buffer.put_slice(&self.received[..count]);
        self.received.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineByLine {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for LineByLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

//! Clients that take nothing of what is sent to them.
//!
//! actix waits for such a client without end, be it for a page or for a WebSocket; and a server that stops waits for
//! its connections. What has left for the kernel only the kernel can give up.

use std::time::Duration;

use tokio::net::TcpStream;

/// Cuts the connection when nothing of what was sent is acknowledged, or its other end has no room for more, for this
/// long (RFC 5482, on this side only).
#[cfg(target_os = "linux")]
pub(crate) fn give_up_after(time: Duration, connection: &TcpStream) {
    if let Err(error) = socket2::SockRef::from(connection).set_tcp_user_timeout(Some(time)) {
        log::debug!("a connection may stall for ever: {error}");
    }
}

/// There is no such option here: a stop takes its full grace period if a client has stalled.
#[cfg(not(target_os = "linux"))]
pub(crate) fn give_up_after(_time: Duration, _connection: &TcpStream) {}

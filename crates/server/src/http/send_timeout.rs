//! Clients that do not receive.
//!
//! actix waits for such a client without end, be it for a page or for a WebSocket; and a server that stops waits for
//! its connections. Only the kernel can give up bytes that were handed to it.

use std::time::Duration;

use tokio::net::TcpStream;

/// Closes the connection when no sent byte is acknowledged, or the client's receive buffer stays full, for this long
/// (RFC 5482, on this side only).
#[cfg(target_os = "linux")]
pub(super) fn set(time: Duration, connection: &TcpStream) {
    if let Err(error) = socket2::SockRef::from(connection).set_tcp_user_timeout(Some(time)) {
        log::debug!("a connection may stall for ever: {error}");
    }
}

/// Does nothing: this system has no such option, so a stop takes its full grace period if a client has stalled.
#[cfg(not(target_os = "linux"))]
pub(super) fn set(_time: Duration, _connection: &TcpStream) {}

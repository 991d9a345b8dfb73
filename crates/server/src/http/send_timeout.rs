//! Clients that do not receive.
//!
//! actix waits for such a client without end, be it for a page or for a WebSocket; and a server that stops waits for
//! its connections. The kernel gives up bytes that were handed to it and are not taken at all; a client that takes a few
//! now and then is given up here.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Sleep, sleep},
};

/// How many bytes a client takes at least in the time that it has.
const PORTION: usize = 64 * 1024;

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

/// The time in which a client takes 64 KiB, or all there is.
pub(super) struct SendTimeout {
    time: Duration,
    taken: usize,
    end: Option<Pin<Box<Sleep>>>,
}

impl SendTimeout {
    pub(super) const fn new(time: Duration) -> Self {
        Self { time, taken: 0, end: None }
    }

    /// Everything was taken.
    pub(super) fn reset(&mut self) {
        self.end = None;
    }

    /// Returns whether the time is over after a write with this result. If not, the task is woken when it may be.
    pub(super) fn is_over(&mut self, written: &Poll<io::Result<usize>>, context: &mut Context<'_>) -> bool {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.taken += bytes;
                if self.taken >= PORTION {
                    self.end = None;
                }
                false
            }
            Poll::Ready(Err(_)) => false,
            Poll::Pending => {
                let end = self.end.get_or_insert_with(|| {
                    self.taken = 0;
                    Box::pin(sleep(self.time))
                });
                end.as_mut().poll(context).is_ready()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::{Instant, advance};

    use super::*;

    /// How long a client that takes so many bytes each second is waited for.
    async fn waited_for(bytes_per_second: usize, at_most: u64) -> u64 {
        let (mut timeout, start) = (SendTimeout::new(Duration::from_secs(15)), Instant::now());
        for _ in 0..at_most {
            let over = poll_fn(|context| {
                timeout.is_over(&Poll::Ready(Ok(bytes_per_second)), context);
                Poll::Ready(timeout.is_over(&Poll::Pending, context))
            });
            if over.await {
                break;
            }
            advance(Duration::from_secs(1)).await;
        }
        start.elapsed().as_secs()
    }

    /// Security checklist: 72.
    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_a_few_bytes_now_and_then_is_given_up() {
        for trickle in [0, 1, 512, 4 * 1024] {
            assert_eq!(waited_for(trickle, 1_000).await, 15, "{trickle}");
        }
        assert_eq!(waited_for(5 * 1024, 1_000).await, 1_000, "slow, but it comes to an end");
    }

    #[tokio::test(start_paused = true)]
    async fn time_without_anything_to_send_does_not_count() {
        let mut timeout = SendTimeout::new(Duration::from_secs(15));
        for _ in 0..3 {
            assert!(!poll_fn(|context| Poll::Ready(timeout.is_over(&Poll::Pending, context))).await);
            advance(Duration::from_secs(10)).await;
            timeout.reset();
        }
    }
}

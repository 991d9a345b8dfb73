//! Clients that never finish a request.
//!
//! actix times the head of a connection's first request and the silence between two requests. A client that has been
//! answered once and then sends half a head, or that sends on a body that is not read, escapes both, and a few
//! thousand such clients take all connections (Slowloris). So this watches a connection from outside: from the end of
//! a response to the next request it has a fixed time, however many bytes trickle in.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// Counts the requests in flight on one connection. Clones share the count.
#[derive(Clone)]
pub(super) struct InFlight(Rc<State>);

struct State {
    running: Cell<usize>,
    /// The same of all connections together.
    everywhere: Arc<AtomicUsize>,
    /// When the connection was opened, or the last response ended.
    idle_since: Cell<Instant>,
}

impl InFlight {
    /// Begins a request, which ends when the returned guard is dropped.
    pub(super) fn begin(&self) -> InFlightGuard {
        self.0.running.set(self.0.running.get() + 1);
        self.0.everywhere.fetch_add(1, Ordering::Relaxed);
        InFlightGuard(self.clone())
    }
}

/// A request in flight.
pub(super) struct InFlightGuard(InFlight);

impl InFlightGuard {
    /// Keeps the request in flight until the end of its response's body; a WebSocket's ends with the connection.
    pub(super) fn until_end_of<B>(self, body: B) -> GuardedBody<B> {
        GuardedBody { body, _guard: self }
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let State { running, everywhere, idle_since } = &*self.0.0;
        running.set(running.get().saturating_sub(1));
        everywhere.fetch_sub(1, Ordering::Relaxed);
        idle_since.set(Instant::now());
    }
}

/// The body of a response. See [`InFlightGuard::until_end_of`].
pub(super) struct GuardedBody<B> {
    body: B,
    _guard: InFlightGuard,
}

impl<B: MessageBody + Unpin> MessageBody for GuardedBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// A connection that ends if no request begins in time.
pub(super) struct IdleTimeoutStream<S> {
    stream: S,
    in_flight: InFlight,
    timeout: Duration,
    end: Pin<Box<Sleep>>,
}

impl<S> IdleTimeoutStream<S> {
    /// Waits this long for the end of a request's head, from the end of the previous response. Counts requests in flight
    /// `everywhere`, too.
    pub(super) fn new(stream: S, timeout: Duration, everywhere: Arc<AtomicUsize>) -> Self {
        let state = State { running: Cell::new(0), everywhere, idle_since: Cell::new(Instant::now()) };
        Self { stream, in_flight: InFlight(Rc::new(state)), timeout, end: Box::pin(sleep(timeout)) }
    }

    /// Returns the counter that must be told of every request.
    pub(super) fn in_flight(&self) -> InFlight {
        self.in_flight.clone()
    }

    /// Returns whether the time is over. If not, the task is woken when it may be.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let State { running, everywhere: _, idle_since } = &*self.in_flight.0;
        if running.get() > 0 {
            return false;
        }
        let end = idle_since.get() + self.timeout;
        if self.end.deadline() != end {
            self.end.as_mut().reset(end);
        }
        self.end.as_mut().poll(context).is_ready()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for IdleTimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            // As if the client had hung up.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for IdleTimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A response ends with this, and reading is not tried again before bytes arrive, which may never happen.
        self.is_over(context);
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
        time::timeout,
    };

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(10);

    fn connection() -> (DuplexStream, IdleTimeoutStream<DuplexStream>) {
        let (client, server) = duplex(1024);
        (client, IdleTimeoutStream::new(server, TIMEOUT, Arc::default()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_left() {
        let (_client, mut server) = connection();
        let start = Instant::now();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn single_bytes_do_not_buy_time() {
        let (mut client, mut server) = connection();
        tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        let (start, mut bytes) = (Instant::now(), Vec::new());
        server.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), 10);
        assert!((9..=11).contains(&bytes.len()), "{bytes:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_running_request_takes_the_time_it_takes_and_the_next_one_has_its_own() {
        let (_client, mut server) = connection();
        let requests = server.in_flight();
        let (first, second) = (requests.begin(), requests.begin());
        timeout(Duration::from_secs(3600), server.read(&mut [0; 8])).await.expect_err("an end");
        drop(first);
        timeout(Duration::from_secs(3600), server.read(&mut [0; 8])).await.expect_err("an end");
        let answer = second.until_end_of("body");
        timeout(Duration::from_secs(3600), server.read(&mut [0; 8])).await.expect_err("an end");
        drop(answer);
        let start = Instant::now();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 0);
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_flushed_an_answer_is_woken_although_nothing_is_read() {
        let (_client, mut server) = connection();
        drop(server.in_flight().begin());
        let start = Instant::now();
        let end = std::future::poll_fn(|context| {
            let flushed = Pin::new(&mut server).poll_flush(context);
            if start.elapsed() < TIMEOUT { Poll::Pending } else { flushed }
        });
        timeout(Duration::from_secs(3600), end).await.expect("to be woken").unwrap();
    }
}

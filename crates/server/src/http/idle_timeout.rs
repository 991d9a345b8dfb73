//! Clients that never finish a request.
//!
//! actix times the head of a connection's first request and the silence between two requests, and reads up to 128 KiB
//! ahead. A client that has been answered once and then sends half a head, or that sends on a body that is not read,
//! escapes its clocks, and a few thousand such clients take all connections (Slowloris) or much memory. So this watches
//! a connection from outside: from the end of a response to the next request it has a fixed time, however many bytes
//! trickle in, and what arrives before it is asked for is bounded.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker, ready},
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

use super::{
    refusals::{self, OnRefusal},
    send_timeout::SendTimeout,
};

/// The longest head of a request, in bytes: what nginx takes by default.
const MAX_HEAD: usize = 32 * 1024;
/// How many bytes beyond a request may arrive while it runs.
const MAX_AHEAD: usize = 8 * 1024;
/// Fewer bytes than this are not told apart into those of a request and those behind it.
const SMALL: usize = 2 * 1024;
/// How many bytes that may be heads of requests actix is given at a time. It decodes all requests in them at once, and the
/// smallest has 18 bytes, and takes near to 1 KiB of memory when it is decoded.
const MAX_HEADS: usize = 1024;
/// How long a client may send the rest of a chunked body that was refused.
const LINGER: Duration = Duration::from_secs(1);
const TOO_LARGE: &[u8] =
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Counts the requests in flight on one connection. Clones share the count.
#[derive(Clone)]
pub(super) struct InFlight(Rc<State>);

struct State {
    running: Cell<usize>,
    /// The same of all connections together.
    everywhere: Arc<AtomicUsize>,
    /// When the connection was opened, or the last response ended.
    idle_since: Cell<Instant>,
    /// How long the next request may take to begin.
    patience: Cell<Duration>,
    timeout: Duration,
    /// How many bytes have arrived that belong to no request that has begun, or to the body of the one that runs.
    ahead: Cell<usize>,
    /// How many may.
    allowed: Cell<usize>,
    /// Waits until more may arrive.
    reader: Cell<Option<Waker>>,
}

/// How long the body of a request is.
#[derive(Clone)]
pub(super) enum BodyLength {
    Known(usize),
    /// It ends where its last chunk says so; then this becomes true.
    Chunked(Rc<Cell<bool>>),
}

impl InFlight {
    /// Begins a request, which ends when the returned guard is dropped. `head` counts the bytes of its head.
    pub(super) fn begin(&self, body: BodyLength, head: impl FnOnce() -> usize) -> InFlightGuard {
        let State { running, everywhere, ahead, .. } = &*self.0;
        running.set(running.get() + 1);
        everywhere.fetch_add(1, Ordering::Relaxed);
        ahead.set(if ahead.get() <= SMALL { 0 } else { ahead.get().saturating_sub(head()) });
        self.0.allow(match body {
            BodyLength::Known(length) => length.saturating_add(MAX_AHEAD),
            BodyLength::Chunked(_) => usize::MAX,
        });
        InFlightGuard { in_flight: self.clone(), body }
    }
}

impl State {
    /// Returns how many of the next bytes are of the body of the request that runs, as far as its length is known.
    fn rest_of_body(&self) -> usize {
        match self.allowed.get() {
            usize::MAX => 0,
            _ if self.running.get() == 0 => 0,
            allowed => allowed.saturating_sub(MAX_AHEAD).saturating_sub(self.ahead.get()),
        }
    }

    fn allow(&self, bytes: usize) {
        self.allowed.set(bytes);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

/// A request in flight.
pub(super) struct InFlightGuard {
    in_flight: InFlight,
    body: BodyLength,
}

impl InFlightGuard {
    /// Keeps the request in flight until the end of its response's body; a WebSocket's ends with the connection.
    pub(super) fn until_end_of<B>(self, body: B) -> GuardedBody<B> {
        GuardedBody { body, _guard: self }
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let state = &*self.in_flight.0;
        state.running.set(state.running.get().saturating_sub(1));
        state.everywhere.fetch_sub(1, Ordering::Relaxed);
        state.idle_since.set(Instant::now());
        state.patience.set(state.timeout);
        match &self.body {
            BodyLength::Known(length) => {
                let ahead = state.ahead.get();
                state.ahead.set(ahead.saturating_sub(*length));
                // The rest of a body that was refused is discarded; actix closes the connection after it.
                state.allow(MAX_HEAD.saturating_add(length.saturating_sub(ahead)));
            }
            BodyLength::Chunked(ended) => {
                state.ahead.set(0);
                state.allow(if ended.get() { MAX_HEAD } else { usize::MAX });
                if !ended.get() {
                    // As long as actix waits for the rest of a body whose length is known.
                    state.patience.set(LINGER);
                }
            }
        }
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
    end: Pin<Box<Sleep>>,
    /// How many bytes have arrived since actix last looked at what it has.
    unseen: usize,
    /// What is left to send of the refusal of a head that is too large; the rest of the head is thrown away.
    refusal: Option<&'static [u8]>,
    send_timeout: SendTimeout,
    on_refusal: OnRefusal,
    /// Whether it has been told.
    refused: bool,
}

impl<S> IdleTimeoutStream<S> {
    /// Waits for `timeout` for the end of a request's head, from the end of the previous response. Counts requests in
    /// flight `everywhere`, too.
    pub(super) fn new(
        stream: S,
        timeout: Duration,
        everywhere: Arc<AtomicUsize>,
        send_timeout: SendTimeout,
        on_refusal: OnRefusal,
    ) -> Self {
        let state = State {
            running: Cell::new(0),
            everywhere,
            idle_since: Cell::new(Instant::now()),
            patience: Cell::new(timeout),
            timeout,
            ahead: Cell::new(0),
            allowed: Cell::new(MAX_HEAD),
            reader: Cell::default(),
        };
        Self {
            stream,
            in_flight: InFlight(Rc::new(state)),
            end: Box::pin(sleep(timeout)),
            unseen: 0,
            refusal: None,
            send_timeout,
            on_refusal,
            refused: false,
        }
    }

    /// Returns the counter that must be told of every request.
    pub(super) fn in_flight(&self) -> InFlight {
        self.in_flight.clone()
    }

    /// Tells of a refusal, after which the connection ends; actix may write its own again while it does.
    fn refuse(&mut self, status: u16) {
        if !std::mem::replace(&mut self.refused, true) {
            (self.on_refusal)(status);
        }
    }

    /// Returns whether the time is over. If not, the task is woken when it may be.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        let State { running, idle_since, patience, .. } = &*self.in_flight.0;
        if running.get() > 0 {
            return false;
        }
        let end = idle_since.get() + patience.get();
        if self.end.deadline() != end {
            self.end.as_mut().reset(end);
        }
        self.end.as_mut().poll(context).is_ready()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> IdleTimeoutStream<S> {
    /// Returns whether to read on; if not, and if that may change, the task is woken then.
    fn may_read(&mut self, context: &mut Context<'_>) -> bool {
        let InFlight(state) = self.in_flight.clone();
        let (is_idle, is_full) = (state.running.get() == 0, state.ahead.get() >= state.allowed.get());
        let at_a_time = if state.rest_of_body() > 0 { MAX_AHEAD } else { MAX_HEADS };
        if !is_full && self.unseen < at_a_time {
            return true;
        }
        if self.unseen > 0 {
            // actix reads until there is nothing to read, up to 128 KiB, and only then looks at what it has.
            self.unseen = 0;
            context.waker().wake_by_ref();
        } else if !is_idle {
            state.reader.set(Some(context.waker().clone()));
        } else {
            // Not by actix, which would go on to 128 KiB.
            self.refuse(431);
            self.refusal = Some(TOO_LARGE);
            return true;
        }
        false
    }

    /// Sends the refusal, and throws away what arrives until the client hangs up or its time for a head is over: if the
    /// connection was closed before the client has sent everything, it would read an error instead.
    fn discard(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(unsent) = self.refusal.filter(|unsent| !unsent.is_empty())
            && let Poll::Ready(sent) = Pin::new(&mut self.stream).poll_write(context, unsent)?
        {
            self.refusal = unsent.get(sent..);
            if sent == unsent.len() {
                let _closed = Pin::new(&mut self.stream).poll_shutdown(context)?;
            }
        }
        loop {
            // Not into the buffer of actix, whose memory would be touched for nothing.
            let mut bytes = [0; MAX_HEADS];
            let mut rest = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut rest))?;
            if rest.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for IdleTimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            // As if the client had hung up.
            return Poll::Ready(Ok(()));
        }
        if self.refusal.is_none() && !self.may_read(context) {
            return Poll::Pending;
        }
        if self.refusal.is_some() {
            return self.discard(context);
        }
        let filled = buffer.filled().len();
        let read = if self.in_flight.0.rest_of_body() >= buffer.remaining() {
            Pin::new(&mut self.stream).poll_read(context, buffer)
        } else {
            let mut bytes = [0; MAX_HEADS];
            let mut heads = ReadBuf::new(&mut bytes[..buffer.remaining().min(MAX_HEADS)]);
            let read = Pin::new(&mut self.stream).poll_read(context, &mut heads);
            buffer.put_slice(heads.filled());
            read
        };
        let more = buffer.filled().len() - filled;
        let ahead = &self.in_flight.0.ahead;
        ahead.set(ahead.get().saturating_add(more));
        // With nothing to read, actix looks at what it has.
        self.unseen = if read.is_pending() { 0 } else { self.unseen + more };
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for IdleTimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.refusal.is_some() {
            // A second refusal, because the head has not come in time either.
            return Poll::Ready(Ok(bytes.len()));
        }
        if let Some(status) = refusals::status_of(bytes) {
            self.refuse(status);
        }
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        if self.send_timeout.is_over(&written, context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A response ends with this, and reading is not tried again before bytes arrive, which may never happen.
        self.is_over(context);
        self.send_timeout.reset();
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;

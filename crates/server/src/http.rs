//! The HTTP server: what actix's own does, with an `IdleTimeoutStream` in between, for which it has no hook.

mod admission;
pub(crate) mod descriptors;
mod idle_timeout;
mod refusals;
mod send_timeout;

use std::{
    cell::Cell,
    future::ready,
    io,
    net::TcpListener,
    rc::Rc,
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use actix_http::{HttpService, error::DispatchError};
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    App, HttpMessage as _,
    body::{BoxBody, MessageBody as _},
    dev::{AppConfig, Payload, ServiceRequest, ServiceResponse},
    http::header,
    middleware::{Next, from_fn},
    web::ServiceConfig,
};
use futures_util::{StreamExt as _, stream};
use socket2::SockRef;
use tokio::net::TcpStream;

pub use self::admission::HttpLimits;
pub(crate) use self::admission::Watch;
use self::{
    admission::Admission,
    idle_timeout::{BodyLength, IdleTimeoutStream, InFlight},
};

/// How many connections may wait to be accepted, if the system allows as many. With the 128 of the standard library, a burst of
/// clients has some of its connections reset.
const BACKLOG: i32 = 4096;

/// Serves the routes of `configure` on this listener, once the result is awaited, with protection against slow clients
/// that `actix_web::HttpServer` does not have: the time for the head of a request counts on every request of a
/// connection, not only on the first.
///
/// To stop, end the WebSockets ([`MessageService::shut_down`](denizen_services::MessageService::shut_down)), then call
/// `handle().stop(true)`: the server waits for its connections. Signals are the caller's.
///
/// # Errors
/// Returns an error if the listener has no address or cannot be registered.
pub fn serve<F>(limits: HttpLimits, listener: TcpListener, configure: F) -> io::Result<Server>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let (in_flight, proxies) = (Arc::default(), Vec::new());
    serve_watched(limits, listener, Watch { in_flight, on_refusal: Arc::new(|_, _| {}), proxies }, configure)
}

/// The same, watched.
pub(crate) fn serve_watched(
    limits: HttpLimits,
    listener: TcpListener,
    watch: Watch,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let HttpLimits { workers, max_connections, header_timeout, idle_timeout, shutdown_timeout, .. } = limits;
    let admission = Admission::new(limits, watch);
    let address = listener.local_addr()?;
    SockRef::from(&listener).listen(BACKLOG)?;
    let builder = Server::build();
    let stop = builder.graceful_shutdown_signal();
    let server = builder
        .workers(workers)
        // actix counts per thread.
        .max_concurrent_connections(max_connections.div_ceil(workers.max(1)))
        .shutdown_timeout(shutdown_timeout.as_secs())
        // Signals are the caller's: the store has to be closed after the server.
        .disable_signals()
        .listen("denizen", listener, move || {
            let (configure, admission) = (configure.clone(), admission.clone());
            let app = App::new()
                .configure(move |config| configure(config))
                .wrap(from_fn(count))
                .into_factory()
                .map_err(|error: actix_web::Error| error.error_response());
            let stop = stop.clone();
            let http = HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stop = stop.clone();
                    async move { stop.notified().await }
                })
                .client_request_timeout(header_timeout)
                // For the rest of a body that was refused, so that the client reads why instead of an error.
                .client_disconnect_timeout(Duration::from_secs(1))
                .keep_alive(idle_timeout)
                // A client that hangs up is not worked for any longer. The price: one that closes its sending side
                // only, and still waits for an answer, gets none; HTTP/1.1 clients do not do this.
                .h1_allow_half_closed(false)
                .local_addr(address)
                .on_connect_ext(|connection: &IdleTimeoutStream<TcpStream>, data| {
                    data.insert(connection.in_flight());
                })
                .h1(map_config(app, |()| AppConfig::default()));
            fn_service(move |connection: TcpStream| {
                ready(admission.admit(connection).map_err(DispatchError::Io))
            })
            .and_then(http)
        })?
        .run();
    Ok(server)
}

/// Marks the request as in flight on its connection until the response has ended.
async fn count(
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let body = body_length(&mut request);
    let head = || {
        let headers = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
        request.uri().path_and_query().map_or(0, |target| target.as_str().len()) + headers.sum::<usize>() + 16
    };
    let guard = request.conn_data::<InFlight>().map(|in_flight| in_flight.begin(body, head));
    let answer = next.call(request).await?;
    Ok(match guard {
        Some(guard) => answer.map_body(|_, body| guard.until_end_of(body).boxed()),
        None => answer,
    })
}

/// Returns how long the body of a request is. The end of a chunked one is noted when the handler has read it.
fn body_length(request: &mut ServiceRequest) -> BodyLength {
    let headers = request.headers();
    // What follows a request for an upgrade may be no HTTP, and have no end.
    let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
    if !is_chunked && !headers.contains_key(header::UPGRADE) {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        return BodyLength::Known(length.and_then(|length| length.trim().parse().ok()).unwrap_or(0));
    }
    let ended = Rc::new(Cell::new(false));
    if is_chunked {
        let (mut payload, end) = (request.take_payload(), Rc::clone(&ended));
        let watched = stream::poll_fn(move |context| {
            let chunk = ready!(payload.poll_next_unpin(context));
            end.set(chunk.is_none());
            Poll::Ready(chunk)
        });
        request.set_payload(Payload::Stream { payload: Box::pin(watched) });
    }
    BodyLength::Chunked(ended)
}

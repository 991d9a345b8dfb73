//! The HTTP server: what actix's own does, with an `IdleTimeoutStream` in between, for which it has no hook.

mod idle_timeout;
mod send_timeout;

use std::{
    future::ready,
    io,
    net::TcpListener,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use actix_http::{HttpService, error::DispatchError};
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    App,
    body::{BoxBody, MessageBody as _},
    dev::{AppConfig, ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
    web::ServiceConfig,
};
use tokio::net::TcpStream;

use self::idle_timeout::{IdleTimeoutStream, InFlight};
use crate::config::Config;

/// What the HTTP server grants its clients.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Threads that serve requests.
    pub workers: usize,
    /// Open connections; further ones wait to be accepted.
    pub max_connections: usize,
    /// The time in which the head of a request must arrive, on every request of a connection.
    pub header_timeout: Duration,
    /// How long a connection without a request stays open.
    pub idle_timeout: Duration,
    /// How long the client may go without reading a response.
    pub body_timeout: Duration,
    /// How long running requests may take after a stop.
    pub shutdown_timeout: Duration,
}

impl From<&Config> for HttpLimits {
    fn from(config: &Config) -> Self {
        Self {
            workers: config.workers,
            max_connections: config.max_connections,
            header_timeout: config.header_timeout,
            idle_timeout: config.idle_timeout,
            body_timeout: config.body_timeout,
            shutdown_timeout: config.shutdown_timeout,
        }
    }
}

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
    serve_counting(limits, listener, Arc::default(), configure)
}

/// The same, and counts the requests in flight.
pub(crate) fn serve_counting(
    limits: HttpLimits,
    listener: TcpListener,
    in_flight: Arc<AtomicUsize>,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let HttpLimits { workers, max_connections, header_timeout, idle_timeout, body_timeout, shutdown_timeout } =
        limits;
    let address = listener.local_addr()?;
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
            let (configure, in_flight) = (configure.clone(), Arc::clone(&in_flight));
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
                send_timeout::set(body_timeout, &connection);
                // A client that has disconnected by now has no IP address, and no limit would count it.
                let peer = connection.peer_addr().map_err(DispatchError::Io);
                let patience = idle_timeout + header_timeout;
                let connection = IdleTimeoutStream::new(connection, patience, Arc::clone(&in_flight));
                ready(peer.map(|peer| (connection, Some(peer))))
            })
            .and_then(http)
        })?
        .run();
    Ok(server)
}

/// Marks the request as in flight on its connection until the response has ended.
async fn count(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let guard = request.conn_data::<InFlight>().map(InFlight::begin);
    let answer = next.call(request).await?;
    Ok(match guard {
        Some(guard) => answer.map_body(|_, body| guard.until_end_of(body).boxed()),
        None => answer,
    })
}

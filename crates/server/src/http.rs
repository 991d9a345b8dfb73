//! The HTTP server: what actix's own does, with an `IdleTimeoutStream` in between, for which it has no hook.

pub(crate) mod descriptors;
mod idle_timeout;
mod refusals;
mod send_timeout;

use std::{
    cell::Cell,
    future::ready,
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    rc::Rc,
    sync::{Arc, atomic::AtomicUsize},
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
use denizen_handlers::NetworkShares;
use futures_util::{StreamExt as _, stream};
use ipnet::IpNet;
use tokio::net::TcpStream;

use self::{
    idle_timeout::{BodyLength, IdleTimeoutStream, InFlight},
    send_timeout::SendTimeout,
};
use crate::config::Config;

/// What the HTTP server grants its clients.
#[derive(Debug, Clone, Copy)]
pub struct HttpLimits {
    /// Threads that serve requests.
    pub workers: usize,
    /// Open connections; further ones wait to be accepted.
    pub max_connections: usize,
    /// Open connections of one IP address (IPv6: of a /64 network); further ones are closed. This machine is exempt.
    pub max_connections_per_ip: usize,
    /// The time in which the head of a request must arrive, on every request of a connection.
    pub header_timeout: Duration,
    /// How long a connection without a request stays open.
    pub idle_timeout: Duration,
    /// How long the client may take to read 64 KiB of a response, or the rest of it.
    pub body_timeout: Duration,
    /// How long running requests may take after a stop.
    pub shutdown_timeout: Duration,
}

impl From<&Config> for HttpLimits {
    fn from(config: &Config) -> Self {
        Self {
            workers: config.workers,
            max_connections: config.max_connections,
            max_connections_per_ip: match config.max_connections_per_ip {
                0 => usize::MAX,
                max => max,
            },
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
    let (in_flight, proxies) = (Arc::default(), Vec::new());
    serve_watched(limits, listener, Watch { in_flight, on_refusal: Arc::new(|_, _| {}), proxies }, configure)
}

/// What is seen of the server from outside.
#[derive(Clone)]
pub(crate) struct Watch {
    /// The requests in flight.
    pub(crate) in_flight: Arc<AtomicUsize>,
    /// Is told of requests that no route has seen, by their status, and by 429 of connections beyond the limit of their
    /// IP address.
    pub(crate) on_refusal: Arc<dyn Fn(u16, IpAddr) + Send + Sync>,
    /// The networks of proxies, which may have any number of connections.
    pub(crate) proxies: Vec<IpNet>,
}

/// The same, watched.
pub(crate) fn serve_watched(
    limits: HttpLimits,
    listener: TcpListener,
    watch: Watch,
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> io::Result<Server> {
    let HttpLimits { workers, max_connections, max_connections_per_ip, header_timeout, idle_timeout, .. } =
        limits;
    let HttpLimits { body_timeout, shutdown_timeout, .. } = limits;
    let entrance = Entrance {
        watch,
        places: NetworkShares::new(max_connections_per_ip, usize::MAX),
        patience: idle_timeout + header_timeout,
        body_timeout,
    };
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
            let (configure, entrance) = (configure.clone(), entrance.clone());
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
                ready(entrance.admit(connection).map_err(DispatchError::Io))
            })
            .and_then(http)
        })?
        .run();
    Ok(server)
}

/// Where connections come in.
#[derive(Clone)]
struct Entrance {
    watch: Watch,
    places: NetworkShares,
    /// How long a connection may wait for the end of a head.
    patience: Duration,
    body_timeout: Duration,
}

impl Entrance {
    /// Admits a connection, unless its IP address has as many as it may have.
    fn admit(&self, connection: TcpStream) -> io::Result<(IdleTimeoutStream<TcpStream>, Option<SocketAddr>)> {
        send_timeout::set(self.body_timeout, &connection);
        // A client that has disconnected by now has no IP address, and no limit would count it.
        let peer = connection.peer_addr()?;
        let ip = peer.ip().to_canonical();
        let mut place = self.places.share_of(ip);
        if !is_exempt(ip, &self.watch.proxies) && !place.hold(1) {
            (self.watch.on_refusal)(429, ip);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let on_refusal = Arc::clone(&self.watch.on_refusal);
        let on_refusal = Box::new(move |status| {
            // Until the connection ends.
            let _place = &place;
            on_refusal(status, ip);
        });
        let (send, in_flight) = (SendTimeout::new(self.body_timeout), Arc::clone(&self.watch.in_flight));
        let stream = IdleTimeoutStream::new(connection, self.patience, in_flight, send, on_refusal);
        Ok((stream, Some(peer)))
    }
}

/// Returns whether an address may have any number of connections: that of a proxy, behind which are many clients, or of this
/// machine.
fn is_exempt(ip: IpAddr, proxies: &[IpNet]) -> bool {
    ip.is_loopback() || proxies.iter().any(|network| network.contains(&ip))
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

#[cfg(test)]
mod tests {
    use super::is_exempt;

    /// Security checklist: 72.
    #[test]
    fn proxies_and_this_machine_have_as_many_connections_as_they_like() {
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        for (ip, expected) in
            [("10.1.2.3", true), ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("11.1.2.3", false)]
        {
            assert_eq!(is_exempt(ip.parse().unwrap(), &proxies), expected, "{ip}");
        }
    }
}

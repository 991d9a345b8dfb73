//! The HTTP server: what actix's own does, with an [`IdleTimeoutStream`] in between, for which it has no hook.

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
    App, HttpResponse,
    body::{BoxBody, MessageBody as _},
    dev::{AppConfig, ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
};
use denizen_handlers::{HandlerSettings, Services};
use tokio::net::TcpStream;

use self::idle_timeout::{IdleTimeoutStream, InFlight};
use crate::config::Config;

/// The servers, which serve once they are awaited.
pub(crate) struct Servers {
    pub(crate) main: Server,
    /// Serves [`HEALTH_PATHS`] only, on a listener and a thread of its own.
    pub(crate) health: Option<Server>,
    /// How many requests of the main server are in flight.
    pub(crate) in_flight: Arc<AtomicUsize>,
}

/// The paths of the listener for health checks.
const HEALTH_PATHS: [&str; 3] = ["/livez", "/readyz", "/metrics"];
/// How many connections that listener keeps at once.
const HEALTH_CONNECTIONS: usize = 100;

/// Serves on these listeners as the configuration says.
pub(crate) fn serve(
    config: &Config,
    services: Services,
    listener: TcpListener,
    health: Option<TcpListener>,
) -> io::Result<Servers> {
    let (settings, in_flight) = (config.handler_settings(), Arc::default());
    let health = health.map(|listener| {
        let config = Config { workers: 1, max_connections: HEALTH_CONNECTIONS, ..config.clone() };
        // Probes come from one IP address, or a few.
        let settings = HandlerSettings { rate_limit: None, ..settings.clone() };
        server(&config, services.clone(), settings, listener, &HEALTH_PATHS, &Arc::default())
    });
    let main = server(config, services, settings, listener, &[], &in_flight)?;
    Ok(Servers { main, health: health.transpose()?, in_flight })
}

/// Serves only `paths`, or everything if there are none.
fn server(
    config: &Config,
    services: Services,
    settings: HandlerSettings,
    listener: TcpListener,
    paths: &'static [&'static str],
    in_flight: &Arc<AtomicUsize>,
) -> io::Result<Server> {
    let (address, in_flight) = (listener.local_addr()?, Arc::clone(in_flight));
    let (header_timeout, idle_timeout, body_timeout) =
        (config.header_timeout, config.idle_timeout, config.body_timeout);
    let builder = Server::build();
    let stop = builder.graceful_shutdown_signal();
    let server = builder
        .workers(config.workers)
        // actix counts per thread.
        .max_concurrent_connections(config.max_connections.div_ceil(config.workers.max(1)))
        .shutdown_timeout(config.shutdown_timeout.as_secs())
        // Signals are the caller's: the store has to be closed after the server.
        .disable_signals()
        .listen("denizen", listener, move || {
            let in_flight = Arc::clone(&in_flight);
            let app = App::new()
                .configure(denizen_handlers::configure(services.clone(), settings.clone()))
                .wrap(from_fn(move |request, next| only(paths, request, next)))
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

/// Answers 404 to requests for other paths than these, if there are any.
async fn only(
    paths: &[&str],
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    if paths.is_empty() || paths.contains(&request.path()) {
        return next.call(request).await;
    }
    Ok(request.into_response(HttpResponse::NotFound().finish()))
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

//! The HTTP server: what actix's own does, with a [`Patient`] connection in between, for which it has no hook.

use std::{future::ready, io, net::TcpListener, num::NonZeroU32, time::Duration};

use actix_http::{HttpService, error::DispatchError};
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{
    App,
    body::{BoxBody, MessageBody as _},
    dev::{AppConfig, ServiceRequest, ServiceResponse},
    middleware::{Next, from_fn},
};
use denizen_handlers::{Demos, HandlerSettings, RateLimit, RequestCounts, Services};
use tokio::net::TcpStream;

use crate::{
    config::{Config, Profile, PublicUrl},
    patient::{Patient, Requests},
    stalled,
};

/// Serves on this listener as the configuration says, once the result is awaited.
pub(crate) fn serve(config: &Config, services: Services, listener: TcpListener) -> io::Result<Server> {
    let development = config.profile == Profile::Development;
    let settings = HandlerSettings {
        cors_origins: config.cors_origins.clone(),
        local_only: development,
        password_policy: config.password_policy(),
        rate_limit: rate_limit(config),
        trusted_proxies: config.trusted_proxies.clone(),
        slow_request: Some(config.slow_request),
        body_timeout: Some(config.body_timeout),
        demos: match (config.demo_routes, config.profile) {
            (false, _) => Demos::Off,
            (true, Profile::Development) => Demos::Open,
            (true, Profile::Production) => Demos::Members,
        },
        metrics: config.metrics.then(RequestCounts::default),
        secure_cookies: config.public_url.as_ref().is_some_and(PublicUrl::is_https),
    };
    let address = listener.local_addr()?;
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
            let app = App::new()
                .configure(denizen_handlers::configure(services.clone(), settings.clone()))
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
                .on_connect_ext(|connection: &Patient<TcpStream>, data| {
                    data.insert(connection.requests());
                })
                .h1(map_config(app, |()| AppConfig::default()));
            fn_service(move |connection: TcpStream| {
                stalled::give_up_after(body_timeout, &connection);
                // A client that has broken off by now has no address any more, and without one it is in no limit.
                let peer = connection.peer_addr().map_err(DispatchError::Io);
                let connection = Patient::new(connection, idle_timeout + header_timeout);
                ready(peer.map(|peer| (connection, Some(peer))))
            })
            .and_then(http)
        })?
        .run();
    Ok(server)
}

/// Tells the connection that a request runs, until its answer ends.
async fn count(
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let running = request.conn_data::<Requests>().map(Requests::begin);
    let answer = next.call(request).await?;
    Ok(match running {
        Some(running) => answer.map_body(|_, body| running.until_end_of(body).boxed()),
        None => answer,
    })
}

/// The limit is shared by all threads, so it is made once.
fn rate_limit(config: &Config) -> Option<RateLimit> {
    let number = |number| u32::try_from(number).ok().and_then(NonZeroU32::new);
    Some(RateLimit::per_address(number(config.rate_limit)?, number(config.rate_burst)?))
}

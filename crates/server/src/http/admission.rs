//! What the HTTP server grants its clients, and what it does with a new connection.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use denizen_handlers::NetworkShares;
use ipnet::IpNet;
use tokio::net::TcpStream;

use super::{
    idle_timeout::IdleTimeoutStream,
    send_timeout::{self, SendTimeout},
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

/// Admits connections, as many of each network as it may have.
#[derive(Clone)]
pub(super) struct Admission {
    limits: HttpLimits,
    watch: Watch,
    places: NetworkShares,
}

impl Admission {
    pub(super) fn new(limits: HttpLimits, watch: Watch) -> Self {
        Self { limits, watch, places: NetworkShares::new(limits.max_connections_per_ip, usize::MAX) }
    }

    /// Watches the connection from here on.
    ///
    /// # Errors
    /// Returns an error if the network has as many connections as it may; or if the client has disconnected by now: then it
    /// has no IP address, and no limit would count it.
    pub(super) fn admit(
        &self,
        connection: TcpStream,
    ) -> io::Result<(IdleTimeoutStream<TcpStream>, Option<SocketAddr>)> {
        let HttpLimits { header_timeout, idle_timeout, body_timeout, .. } = self.limits;
        let Watch { in_flight, on_refusal, proxies } = self.watch.clone();
        send_timeout::set(body_timeout, &connection);
        let peer = connection.peer_addr()?;
        let ip = peer.ip().to_canonical();
        let mut place = self.places.share_of(ip);
        if !is_exempt(ip, &proxies) && !place.hold(1) {
            on_refusal(429, ip);
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let on_refusal = Box::new(move |status| {
            // Until the connection ends.
            let _place = &place;
            on_refusal(status, ip);
        });
        let (patience, send) = (idle_timeout + header_timeout, SendTimeout::new(body_timeout));
        Ok((IdleTimeoutStream::new(connection, patience, in_flight, send, on_refusal), Some(peer)))
    }
}

/// Returns whether an address may have any number of connections: that of a proxy, behind which are many clients, or of this
/// machine.
fn is_exempt(ip: IpAddr, proxies: &[IpNet]) -> bool {
    ip.is_loopback() || proxies.iter().any(|network| network.contains(&ip))
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

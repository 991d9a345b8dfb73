//! The client's IP address behind proxies.

use std::net::{IpAddr, SocketAddr};

use actix_web::{
    HttpRequest,
    http::header::{FORWARDED, HeaderMap},
};
use denizen_services::limit_keys;
use ipnet::IpNet;

/// Returns the client's IP address: the one at the other end of the connection; or, if that is a trusted proxy, the last one in
/// `X-Forwarded-For` that is not a trusted proxy too.
///
/// Everything further to the left was written by a client that is not trusted: one that sends the header
/// itself must not choose its own address (OWASP ASVS 5.0, V4.1.3).
pub(crate) fn client_ip(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    request.peer_addr().map(|peer| behind_proxies(peer.ip().to_canonical(), request.headers(), trusted))
}

/// Whether a proxy says that it passed the request on. One that says nothing cannot be told from a client.
pub(crate) fn is_proxied(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| *name == FORWARDED || name.as_str().starts_with("x-forwarded-"))
}

fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    let mut client = peer;
    // Several headers are one list (RFC 9110, section 5.3); it is read from our side.
    // Split as bytes: a byte of the client that is not text must not hide the hop that the proxy has appended to it.
    let hops =
        headers.get_all("x-forwarded-for").flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let hops: Vec<&[u8]> = hops.collect();
    for hop in hops.into_iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        // A hop that cannot be read ends what can be known.
        let Some(ip) = str::from_utf8(hop).ok().and_then(|hop| parse(hop.trim())) else { break };
        client = ip;
    }
    client
}

/// Proxies write `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let ip = bare.parse().or_else(|_| hop.parse().map(|address: SocketAddr| address.ip())).ok();
    ip.map(|ip: IpAddr| ip.to_canonical())
}

/// Returns the largest network that one subscriber may have: an IPv4 address, or the /48 of an IPv6 address.
pub(crate) fn network_of(ip: IpAddr) -> u128 {
    limit_keys(ip).last().map_or(0, |(network, _)| network)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(peer: &str, forwarded: &[impl AsRef<[u8]>]) -> String {
        let trusted = ["10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap());
        let name = HeaderName::from_static("x-forwarded-for");
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(name.clone(), HeaderValue::from_bytes(value.as_ref()).unwrap());
        }
        behind_proxies(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    /// Security checklist: 41.
    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("192.0.2.7", &["198.51.100.1"]), "192.0.2.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[""; 0]), "10.0.0.1");
    }

    /// Security checklist: 41.
    #[test]
    fn what_stands_left_of_the_first_stranger_is_not_believed() {
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }

    /// Security checklist: 41, 64.
    #[test]
    fn bytes_that_are_not_text_hide_no_hop_to_their_right() {
        for junk in [&b"\xe9"[..], b"\xff\xfe", b"1.1.1.1 \xc3", b"", b" ", b"[", b"1.1.1.1:", b"\xe9, \xe9,"]
        {
            let appended = [junk, b", 198.51.100.1"].concat();
            assert_eq!(client("10.0.0.1", &[&appended]), "198.51.100.1", "{junk:?}");
            assert_eq!(client("10.0.0.1", &[junk, b"198.51.100.1"]), "198.51.100.1", "{junk:?}");
            assert_eq!(client("10.0.0.1", &[&b"198.51.100.1"[..], junk]), "10.0.0.1", "{junk:?}");
        }
    }

    /// A NUL never gets this far: the parser of heads refuses it. Security checklist: 41, 64.
    #[test]
    fn the_hop_that_the_trusted_proxy_wrote_decides() {
        let (proxy, own) = ("10.0.0.1", "198.51.100.1");
        let cases: [(&[&str], &str); 22] = [
            // What the client sent stands to the left, in the same header or in others.
            (&["1.1.1.1,198.51.100.1"], own),
            (&["1.1.1.1", "2.2.2.2, 198.51.100.1"], own),
            (&["10.0.0.9", "198.51.100.1"], own),
            (&["", "198.51.100.1"], own),
            (&[",,,198.51.100.1"], own),
            (&["[::1, 198.51.100.1"], own),
            (&["1.1.1.1:99999999, 198.51.100.1"], own),
            // Proxies behind proxies are skipped.
            (&["1.1.1.1, 198.51.100.1, 10.0.0.3, 10.0.0.2"], own),
            (&["198.51.100.1", "10.0.0.3", "10.0.0.2"], own),
            (&["198.51.100.1:4711, [::1]:80, ::ffff:10.0.0.2"], own),
            (&["junk, 10.0.0.2"], "10.0.0.2"),
            // What the proxy wrote is not readable: then it is the proxy that is known.
            (&["198.51.100.1,"], proxy),
            (&["198.51.100.1, "], proxy),
            (&["198.51.100.1", ""], proxy),
            (&["198.51.100.1, unknown"], proxy),
            (&["198.51.100.1, _hidden"], proxy),
            (&["198.51.100.1, 1.2.3.4:"], proxy),
            (&["198.51.100.1, 1.2.3.4:65536"], proxy),
            (&["198.51.100.1, 1.2.3"], proxy),
            (&["198.51.100.1, [2001:db8::1"], proxy),
            (&["198.51.100.1, fe80::1%eth0"], proxy),
            (&["198.51.100.1;1.2.3.4"], proxy),
        ];
        for (forwarded, expected) in cases {
            assert_eq!(client(proxy, forwarded), expected, "{forwarded:?}");
            assert_eq!(client("192.0.2.7", forwarded), "192.0.2.7", "{forwarded:?}");
        }
    }

    #[test]
    fn all_forms_of_a_hop_are_read() {
        assert_eq!(client("::1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client("::1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(client("::1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("::1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(client("::1", &["::ffff:198.51.100.1"]), "198.51.100.1");
    }
}

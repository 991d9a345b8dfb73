//! For whom a request counts: who may be told apart, and who must not be able to choose.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    time::Instant,
};

use actix_web::test::TestRequest;
use denizen_handlers::RateLimit;
use serde_json::Value;

use crate::support::{Api, answer::Answer, requests::get};

const BURST: usize = 3;
const MANY: u16 = 50;

/// One request per second in the long run, [`BURST`] at once, behind proxies in 10.0.0.0/8.
async fn limited() -> Api {
    Api::start_with(|setup| {
        let burst = u32::try_from(BURST).ok().and_then(NonZeroU32::new).expect("a burst");
        setup.settings.rate_limit = Some(RateLimit::per_address(NonZeroU32::MIN, burst));
        setup.settings.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    })
    .await
}

fn from(peer: &str) -> TestRequest {
    get("/api/users/7").peer_addr(SocketAddr::new(peer.parse().expect("an address"), 4711))
}

/// How many of these are served, one after the other. Every other one is refused as it should be.
async fn served(api: &Api, requests: impl IntoIterator<Item = TestRequest>) -> usize {
    let mut served = 0;
    for request in requests {
        let answer = api.send(request).await;
        if answer.status == 200 {
            served += 1;
        } else {
            assert_is_limited(&answer);
        }
    }
    served
}

/// The burst, and one more for every second that this machine has taken.
fn at_most_since(start: Instant) -> usize {
    BURST + usize::try_from(start.elapsed().as_secs()).expect("a test that ends")
}

#[track_caller]
fn assert_is_limited(answer: &Answer) {
    let details = answer.expect_error(429, "RATE_LIMITED", "Too many requests");
    assert_eq!((details, answer.header("retry-after")), (Value::Null, Some("1")));
}

#[actix_web::test]
async fn one_address_gets_its_burst_and_another_one_its_own() {
    let (api, start) = (limited().await, Instant::now());
    let count = served(&api, (0..MANY).map(|_| from("192.0.2.1"))).await;
    assert!((BURST..=at_most_since(start)).contains(&count), "{count}");
    assert!(served(&api, (0..MANY).map(|_| from("192.0.2.2"))).await >= BURST);
}

#[actix_web::test]
async fn all_routes_count_and_a_refusal_costs_nothing_but_itself() {
    let (api, start) = (limited().await, Instant::now());
    let mut statuses = Vec::new();
    for target in ["/nope", "/api/users", "/api/users/abc", "/", "/metrics", "/ws", "/verify-email"].repeat(7)
    {
        let request = get(target).peer_addr(([192, 0, 2, 1], 4711).into());
        let answer = api.send(request).await;
        // A page to people, JSON to programs.
        let json = answer.header("content-type") == Some("application/json");
        if answer.status == 429 {
            assert_eq!(answer.header("retry-after"), Some("1"), "{target}");
            let is_json = ["/api", "/metrics", "/ws"].iter().any(|path| target.starts_with(path));
            assert_eq!(json, is_json, "{target}");
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses[..BURST], [404, 200, 400]);
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert!(refused >= statuses.len() - at_most_since(start), "{statuses:?}");
}

/// Security checklist: 64.
#[actix_web::test]
async fn health_checks_are_answered_whatever_else_their_address_asks_for() {
    let api = limited().await;
    assert!(served(&api, (0..MANY).map(|_| from("192.0.2.1"))).await < usize::from(MANY));
    for target in ["/livez", "/readyz", "/health"].repeat(20) {
        let answer = api.send(get(target).peer_addr(([192, 0, 2, 1], 4711).into())).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    }
}

/// Security checklist: 41.
#[actix_web::test]
async fn who_is_not_trusted_cannot_choose_an_address() {
    let (api, start) = (limited().await, Instant::now());
    let forged = |number: u16| {
        from("192.0.2.1")
            .insert_header(("x-forwarded-for", format!("198.51.100.{number}")))
            .insert_header(("x-real-ip", format!("198.51.100.{number}")))
            .insert_header(("forwarded", format!("for=198.51.100.{number}")))
    };
    let count = served(&api, (0..MANY).map(forged)).await;
    assert!((BURST..=at_most_since(start)).contains(&count), "{count}");
}

/// Security checklist: 41.
#[actix_web::test]
async fn what_a_client_adds_in_front_of_a_trusted_proxy_does_not_help_it() {
    let (api, start) = (limited().await, Instant::now());
    let forged = |number: u16| {
        from("10.0.0.1")
            .insert_header(("x-forwarded-for", format!("198.51.100.{number}, 192.0.2.1, 10.0.0.2")))
    };
    let count = served(&api, (0..MANY).map(forged)).await;
    assert!((BURST..=at_most_since(start)).contains(&count), "{count}");
}

#[actix_web::test]
async fn clients_behind_a_trusted_proxy_are_told_apart() {
    let api = limited().await;
    let through_proxy =
        |number: u16| from("10.0.0.1").insert_header(("x-forwarded-for", format!("198.51.100.{number}")));
    assert_eq!(served(&api, (0..MANY).map(through_proxy)).await, usize::from(MANY));
}

/// Security checklist: 5.
#[actix_web::test]
async fn a_network_of_ipv6_is_one_client() {
    let (api, start) = (limited().await, Instant::now());
    let at = |segments: [u16; 8]| {
        get("/api/users/7").peer_addr((IpAddr::V6(Ipv6Addr::from(segments)), 4711).into())
    };
    let count = served(&api, (0..MANY).map(|number| at([0x2001, 0xdb8, 0, 1, number, 0, 0, number]))).await;
    assert!((BURST..=at_most_since(start)).contains(&count), "{count}");
    let networks = (2..MANY).map(|number| at([0x2001, 0xdb8, 0, number, 0, 0, 0, 1]));
    assert_eq!(served(&api, networks).await, usize::from(MANY - 2));
}

#[actix_web::test]
async fn an_ipv4_address_is_the_same_client_however_it_is_written() {
    let (api, start) = (limited().await, Instant::now());
    let both = (0..MANY).map(|number| from(if number % 2 == 0 { "192.0.2.1" } else { "::ffff:192.0.2.1" }));
    let count = served(&api, both).await;
    assert!((BURST..=at_most_since(start)).contains(&count), "{count}");
}

#[actix_web::test]
async fn without_a_limit_nobody_is_refused() {
    let api = Api::start().await;
    assert_eq!(served(&api, (0..1000).map(|_| from("192.0.2.1"))).await, 1000);
}

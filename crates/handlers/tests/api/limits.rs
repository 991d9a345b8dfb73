//! What the operator may limit, and whom the operator believes.

use std::{num::NonZeroU32, time::Duration};

use actix_web::{dev::Payload, test::TestRequest, web::Bytes};
use denizen_handlers::RateLimit;
use futures_util::{
    FutureExt as _,
    stream::{self, StreamExt as _},
};
use log::Level;
use serde_json::Value;

use crate::support::{
    Api, Setup,
    log::{access_line, lines_with},
    requests::{get, request},
};

fn from_address(address: &str, request: TestRequest) -> TestRequest {
    request.peer_addr(format!("{address}:50000").parse().expect("an address"))
}

/// A body that begins and never ends.
fn endless() -> Payload {
    let beginning = stream::once(async { Ok(Bytes::from_static(b"{")) });
    Payload::Stream { payload: beginning.chain(stream::pending()).boxed_local() }
}

fn json_put(target: &str) -> TestRequest {
    request("PUT", target).insert_header(("content-type", "application/json"))
}

#[actix_web::test]
async fn who_asks_too_often_is_told_to_wait_and_others_are_not() {
    let one = NonZeroU32::MIN;
    let change = |setup: &mut Setup| setup.settings.rate_limit = Some(RateLimit::per_address(one, one));
    let api = Api::start_with(change).await;
    let mut refused = Vec::new();
    // One a second is served: so many are sent that it does not matter how slow this machine is.
    for _ in 0..20 {
        let answer = api.send(from_address("192.0.2.1", get("/api/users"))).await;
        if answer.status != 200 {
            refused.push(answer);
        }
    }
    // The log has lines about the first ones only.
    let refused = refused.first().expect("a refusal");
    let details = refused.expect_error(429, "RATE_LIMITED", "Too many requests");
    assert_eq!((details, refused.header("retry-after")), (Value::Null, Some("1")));
    assert!(access_line(refused.request_id()).contains(" 429 "));

    let answer = api.send(from_address("192.0.2.2", get("/api/users"))).await;
    answer.expect_success(200, "Successfully retrieved 1 users");
}

#[actix_web::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let change = |setup: &mut Setup| setup.settings.body_timeout = Some(Duration::ZERO);
    let api = Api::start_with(change).await;
    let answer = api.send_stream(json_put("/api/users/7"), endless()).await;
    let details = answer.expect_error(408, "REQUEST_TIMEOUT", "The request body came too slowly");
    assert_eq!(details, Value::Null);
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn a_slow_request_is_a_warning() {
    let change = |setup: &mut Setup| setup.settings.slow_request = Some(Duration::ZERO);
    let answer = Api::start_with(change).await.send(get("/health")).await;
    let line = access_line(answer.request_id());
    assert!(line.ends_with(" slow"), "{line}");
    assert_eq!(lines_with(answer.request_id())[0].level, Level::Warn);

    let change = |setup: &mut Setup| setup.settings.slow_request = Some(Duration::from_secs(3600));
    let answer = Api::start_with(change).await.send(get("/health")).await;
    let line = access_line(answer.request_id());
    assert!(!line.contains("slow"), "{line}");
    assert_eq!(lines_with(answer.request_id())[0].level, Level::Info);
}

#[actix_web::test]
async fn a_client_that_hangs_up_has_a_line_nevertheless() {
    let api = Api::start().await;
    let target = "/api/users/7250001";
    let sent = api.send_stream(json_put(target), endless()).now_or_never();
    assert!(sent.is_none(), "{sent:?}");
    let lines = lines_with(target);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].text.starts_with(&format!("PUT {target} 499 0B ")), "{lines:?}");
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn only_a_trusted_proxy_may_say_who_asks() {
    let trust = |setup: &mut Setup| {
        setup.settings.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    };
    for (peer, seen) in [("10.0.0.1", "203.0.113.9"), ("192.0.2.1", "192.0.2.1")] {
        let api = Api::start_with(trust).await;
        let request = from_address(peer, get("/api/users/7"));
        let answer = api.send(request.insert_header(("x-forwarded-for", "1.1.1.1, 203.0.113.9"))).await;
        answer.expect_success(200, "User retrieved successfully");
        let (context, _) = api.users.last_call();
        assert_eq!(context.ip.map(|ip| ip.to_string()).as_deref(), Some(seen));
        assert!(access_line(answer.request_id()).contains(&format!(" {seen} ")));
    }
}

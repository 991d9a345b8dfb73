//! Bodies that take their time. The clock is paused: time passes only while everybody waits for it.

use std::{net::SocketAddr, time::Duration};

use actix_web::{dev::Payload, error::PayloadError, web::Bytes};
use denizen_handlers::NetworkShares;
use futures_util::{FutureExt as _, Stream, StreamExt as _, stream};
use serde_json::Value;
use tokio::{
    sync::oneshot,
    time::{Instant, pause, sleep},
};

use crate::support::{
    Api,
    requests::{post_bytes, request},
};

const TARGET: &str = "/api/users/request-email-verification";

async fn api() -> Api {
    let api = Api::start_with(|setup| setup.settings.body_timeout = Some(Duration::from_secs(15))).await;
    pause();
    api
}

/// A body that begins, and goes on as `rest` says.
fn body(rest: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> Payload {
    let begin = stream::iter([Ok(Bytes::from_static(b"{\"email\":"))]);
    Payload::from(begin.chain(rest).boxed_local())
}

#[actix_web::test]
async fn a_body_that_does_not_come_in_time_is_not_waited_for() {
    let api = api().await;
    let drop_by_drop =
        || stream::repeat(()).then(|()| sleep(Duration::from_secs(1)).map(|()| Ok(Bytes::from_static(b" "))));
    for payload in [body(stream::pending()), body(drop_by_drop())] {
        let start = Instant::now();
        let request = post_bytes(TARGET, "");
        let answer = api.send_stream(request, payload).await;
        let details = answer.expect_error(408, "REQUEST_TIMEOUT", "The request body came too slowly");
        assert_eq!(details, Value::Null);
        assert_eq!(start.elapsed().as_secs(), 15);
    }
    let form = request("POST", "/verify-email?token=abc")
        .insert_header(("content-type", "application/x-www-form-urlencoded"));
    let answer = api.send_stream(form, body(stream::pending())).await;
    assert_eq!((answer.status, answer.header("content-type")), (408, Some("text/html; charset=utf-8")));
    assert!(answer.text().contains("<p>The request body came too slowly</p>"), "{}", answer.text());
    assert!(api.users.is_untouched());
}

/// Security checklist: 72.
#[actix_web::test]
async fn what_the_bodies_of_one_network_hold_is_bounded_and_other_networks_are_served() {
    let kibibytes = |number: usize| Bytes::from(vec![b' '; number * 1024]);
    let api = Api::start_with(|setup| {
        setup.settings.memory = Some(NetworkShares::new(100 * 1024, usize::MAX));
        setup.settings.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    })
    .await;
    let patch = |ip: &str| {
        let request = request("PATCH", "/api/users/7").insert_header(("content-type", "application/json"));
        request.peer_addr(SocketAddr::new(ip.parse().expect("an address"), 4711))
    };
    let whole = |number: usize| {
        Payload::from(stream::iter([Ok(kibibytes(number)), Ok(Bytes::from_static(b"{}"))]).boxed_local())
    };
    let (go_on, wait) = oneshot::channel::<()>();
    let rest = stream::once(wait.map(|_| Ok(Bytes::from_static(b"{}"))));
    let held = stream::iter([Ok(kibibytes(30))]).chain(rest).boxed_local();
    let others = async {
        for (ip, length, status) in [
            ("192.0.2.1", 3, 200),
            ("192.0.2.1", 17, 429),
            ("192.0.2.1", 30, 429),
            ("::ffff:192.0.2.1", 30, 429),
            ("192.0.2.2", 30, 200),
            ("192.0.2.2", 1000, 200),
            ("10.0.0.1", 1000, 200),
        ] {
            let answer = api.send_stream(patch(ip), whole(length)).await;
            assert_eq!(answer.status, status, "{ip} {length}: {}", answer.text());
            if status == 429 {
                assert_eq!(answer.expect_error(429, "RATE_LIMITED", "Too many requests"), Value::Null);
                assert_eq!(answer.header("retry-after"), Some("1"));
            }
        }
        go_on.send(()).expect("a request that waits");
    };
    let (first, ()) = tokio::join!(api.send_stream(patch("192.0.2.1"), Payload::from(held)), others);
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(api.send_stream(patch("192.0.2.1"), whole(30)).await.status, 200, "it is given back");
}

#[actix_web::test]
async fn a_body_that_comes_in_time_is_read_however_slow_it_is() {
    let api = api().await;
    let late =
        stream::once(sleep(Duration::from_secs(14)).map(|()| Ok(Bytes::from_static(b" \"a@example.com\"}"))));
    let answer = api.send_stream(post_bytes(TARGET, ""), body(late)).await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}

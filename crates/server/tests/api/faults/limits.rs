//! Fault 12 and fault 32: no limit of requests, and one that believed whatever address a client made up.

use std::num::NonZeroU32;

use denizen_handlers::{HandlerSettings, RateLimit};

use crate::support::{http::Request, strangers::StrangersServer};

/// A server that lets an address make five requests at once, and then one per second.
async fn limited() -> StrangersServer {
    let [once, burst] = [1, 5].map(|number| NonZeroU32::new(number).unwrap());
    let rate_limit = Some(RateLimit::per_address(once, burst));
    StrangersServer::start_with(HandlerSettings { rate_limit, ..HandlerSettings::default() }).await
}

/// Far more requests than are allowed, unless sending them took most of a minute.
fn too_many() -> impl Iterator<Item = Request> {
    (0..50).map(|_| Request::get("/livez"))
}

#[tokio::test]
async fn whoever_asks_too_much_is_told_to_wait() {
    let server = limited().await;
    let mut denied = 0;
    for (number, request) in too_many().enumerate() {
        let response = request.send(server.address).await;
        if response.status == 200 {
            continue;
        }
        assert!(number >= 5, "the burst is allowed");
        assert_eq!(response.refused(429, "RATE_LIMITED")["error"], "Too many requests");
        denied += 1;
    }
    assert!(denied > 0);
}

#[tokio::test]
async fn made_up_addresses_are_one_address() {
    let server = limited().await;
    let mut denied = 0;
    for (number, request) in too_many().enumerate() {
        let made_up = format!("192.0.2.{number}");
        let request = ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP"]
            .into_iter()
            .fold(request, |request, name| request.header(name, &made_up));
        denied += usize::from(request.send(server.address).await.status == 429);
    }
    assert!(denied > 0);
}

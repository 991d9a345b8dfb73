//! On whose behalf the service is called.

use std::net::IpAddr;

use actix_web::test::TestRequest;
use denizen_services::{AccessContext, Actor};

use crate::support::{
    Api,
    requests::{ENDPOINTS, acceptable, get},
};

/// The context that the service got with this request.
async fn context_of(request: TestRequest) -> AccessContext {
    let api = Api::start().await;
    let answer = api.send(request).await;
    answer.expect_success(200, "User retrieved successfully");
    let (context, _) = api.users.last_call();
    assert_eq!(context.request_id, answer.request_id());
    context
}

/// What every route that calls the service calls it as.
async fn assert_every_route_acts_as(expected: &Actor, everyone_is_admin: bool) {
    let api = Api::start_with(|setup| setup.settings.everyone_is_admin = everyone_is_admin).await;
    for (target, allowed) in ENDPOINTS.iter().filter(|(target, _)| target.starts_with("/api/users")) {
        for method in allowed.split(", ") {
            let answer = api.send(acceptable(method, target)).await;
            assert!(answer.status < 300, "{answer:?}");
            let (context, _) = api.users.last_call();
            assert_eq!((&context.actor, context.request_id.as_str()), (expected, answer.request_id()));
        }
    }
}

#[actix_web::test]
async fn without_a_sign_in_everybody_is_anonymous() {
    assert_every_route_acts_as(&Actor::Anonymous, false).await;
}

#[actix_web::test]
async fn where_everyone_is_admin_the_service_is_called_as_itself() {
    assert_every_route_acts_as(&Actor::System, true).await;
}

#[actix_web::test]
async fn nothing_that_a_client_sends_makes_it_somebody() {
    let mut request = get("/api/users/7");
    for (name, value) in
        [("authorization", "Bearer admin"), ("cookie", "session=1"), ("x-user-id", "1"), ("x-admin", "true")]
    {
        request = request.insert_header((name, value));
    }
    assert_eq!(context_of(request).await.actor, Actor::Anonymous);
}

#[actix_web::test]
async fn the_address_is_that_of_the_connection() {
    for (peer, ip) in [
        ("192.0.2.7:50000", "192.0.2.7"),
        ("[2001:db8::7]:50000", "2001:db8::7"),
        ("[::ffff:192.0.2.7]:50000", "192.0.2.7"),
    ] {
        let request = get("/api/users/7")
            .peer_addr(peer.parse().expect("an address"))
            .insert_header(("x-forwarded-for", "203.0.113.9"))
            .insert_header(("forwarded", "for=203.0.113.9"));
        assert_eq!(context_of(request).await.ip, Some(ip.parse::<IpAddr>().expect("an address")));
    }
    assert_eq!(context_of(get("/api/users/7")).await.ip, None);
}

#[actix_web::test]
async fn the_user_agent_is_made_printable_and_short() {
    let long = "x".repeat(500);
    for (sent, seen) in [
        ("curl/8.5.0".as_bytes(), "curl/8.5.0"),
        ("a\tb\u{2028}c\u{202e}d é".as_bytes(), "a?b?c?d é"),
        (b"x\xff", "x\u{fffd}"),
        (b"", ""),
        (long.as_bytes(), &long[..200]),
    ] {
        let context = context_of(get("/api/users/7").insert_header(("user-agent", sent))).await;
        assert_eq!(context.user_agent.as_deref(), Some(seen));
    }
    assert_eq!(context_of(get("/api/users/7")).await.user_agent, None);
}

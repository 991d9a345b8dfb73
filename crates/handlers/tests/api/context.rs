//! On whose behalf the service is called.

use std::net::IpAddr;

use actix_web::test::TestRequest;
use denizen_services::{AccessContext, Actor, Authentication};

use crate::support::{
    Api,
    auth::{ADMIN, MEMBER, owner_of, session},
    requests::{acceptable, anonymous, get, request_of},
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

fn actor_of(token: &str) -> Actor {
    let user = owner_of(token).expect("somebody");
    let Authentication { user, session } = Authentication { session: session(user.id.get(), user.id), user };
    Actor::User { id: user.id, username: user.values.username, session: session.id, roles: user.values.roles }
}

#[actix_web::test]
async fn the_service_is_called_on_behalf_of_whoever_has_signed_in() {
    for token in [ADMIN, MEMBER] {
        let context = context_of(request_of(token, "GET", "/api/users/7")).await;
        assert_eq!(context.actor, actor_of(token));
    }
}

#[actix_web::test]
async fn where_nobody_looks_everybody_is_anonymous() {
    let api = Api::start().await;
    for target in ["request-email-verification", "verify-email", "accept-invitation", "confirm-email-change"]
    {
        let answer = api.send(acceptable("POST", &format!("/api/users/{target}"))).await;
        assert!(answer.status < 300, "{answer:?}");
        assert_eq!(api.users.last_call().0.actor, Actor::Anonymous, "{target}");
    }
    assert!(api.auth.asked().is_empty());
}

#[actix_web::test]
async fn nothing_else_that_a_client_sends_makes_it_somebody() {
    let api = Api::start().await;
    let mut request = anonymous("GET", "/api/users/7");
    for (name, value) in [
        ("authorization", "Basic admin"),
        ("authorization", "Bearer nobody"),
        ("x-user-id", "1"),
        ("x-admin", "true"),
        ("remote-user", "root"),
    ] {
        request = request.insert_header((name, value));
    }
    let answer = api.send(request).await;
    answer.expect_error(401, "UNAUTHENTICATED", "The session has ended or never existed");
    assert!(api.users.is_untouched());
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
        ("a\tb\u{2028}c\u{202e}d\u{feff} é".as_bytes(), "a?b?c?d? é"),
        (b"x\xff", "x\u{fffd}"),
        (b"", ""),
        (long.as_bytes(), &long[..200]),
    ] {
        let context = context_of(get("/api/users/7").insert_header(("user-agent", sent))).await;
        assert_eq!(context.user_agent.as_deref(), Some(seen));
    }
    assert_eq!(context_of(get("/api/users/7")).await.user_agent, None);
}

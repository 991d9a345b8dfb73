//! Forward auth over HTTP: what a proxy is told.

use std::num::NonZeroU32;

use actix_web::test::TestRequest;
use denizen_handlers::RateLimit;

use crate::support::{
    Api, Setup,
    answer::Answer,
    auth::{ADMIN, MEMBER},
    requests::anonymous,
};

const TARGET: &str = "/api/auth/forward";
const PUBLIC_URL: &str = "https://id.example.com";

/// Guards the hosts of example.com, one of which may be returned to.
fn guarding(setup: &mut Setup) {
    setup.settings.cookie_domain = Some("example.com".to_owned());
    setup.settings.public_url = Some(PUBLIC_URL.to_owned());
    setup.settings.secure_cookies = true;
    setup.settings.return_origins = vec!["https://app.example.com".to_owned()];
    setup.settings.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
}

fn with(query: &str, headers: &[(&'static str, &str)]) -> TestRequest {
    let request = anonymous("GET", &format!("{TARGET}{query}"));
    headers.iter().fold(request, |request, header| request.insert_header(*header))
}

const PERSON: (&str, &str) = ("accept", "text/html,*/*");
const ALICE: (&str, &str) = ("cookie", "theme=dark; __Secure-denizen_forward=forward-member");

fn identity(answer: &Answer) -> Vec<Option<&str>> {
    let names = ["remote-user-id", "remote-user", "remote-email", "remote-name", "remote-groups"];
    names.map(|name| answer.header(name)).to_vec()
}

#[actix_web::test]
async fn a_proxy_learns_who_sends_the_request() {
    let api = Api::start_with(guarding).await;
    let bearer = format!("Bearer {MEMBER}");
    let session = format!("__Host-denizen_session={MEMBER}");
    for headers in [
        &[ALICE][..],
        &[("cookie", &session)],
        &[("authorization", &bearer)],
        &[("authorization", "Bearer of the application"), ALICE],
        &[("authorization", "Basic YTpi"), ALICE, ("remote-user", "root")],
    ] {
        let answer = api.send(with("", headers)).await;
        assert_eq!(answer.status, 200, "{headers:?}");
        let expected = ["7", "alice", "alice@example.com", "Sample%20User", "user"].map(Some);
        assert_eq!(identity(&answer), expected, "{headers:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let bearer = format!("Bearer {ADMIN}");
    let answer = api.send(with("", &[("authorization", &bearer)])).await;
    assert_eq!(answer.header("remote-groups"), Some("user,admin"));
}

/// Security checklist: 80.
#[actix_web::test]
async fn what_is_not_a_forward_token_of_ours_opens_nothing() {
    let api = Api::start_with(guarding).await;
    for cookie in [
        "__Secure-denizen_forward=dead",
        "denizen_forward=forward-member",
        "__Secure-denizen_forward=forward-member; __Secure-denizen_forward=forward-admin",
        "__Secure-denizen_forward=forward-member; __Secure-denizen_forward=forward-member",
        "__secure-denizen_forward=forward-member",
        "__Secure-denizen%5Fforward=forward-member",
    ] {
        let answer = api.send(with("", &[("cookie", cookie)])).await;
        answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
        assert_eq!(identity(&answer), [None; 5], "{cookie}");
    }
    for target in ["/api/auth/session", "/api/users/7", "/api/auth/sessions"] {
        let answer = api.send(anonymous("GET", target).insert_header(ALICE)).await;
        answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
    }
}

#[actix_web::test]
async fn without_a_domain_there_is_no_forward_token() {
    let api = Api::start_with(|setup| {
        guarding(setup);
        setup.settings.cookie_domain = None;
    })
    .await;
    assert_eq!(api.send(with("", &[ALICE])).await.status, 401);
}

#[actix_web::test]
async fn a_role_can_be_asked_for() {
    let api = Api::start_with(guarding).await;
    assert_eq!(api.send(with("?role=user", &[ALICE])).await.status, 200);
    let answer = api.send(with("?role=admin&redirect=never", &[ALICE])).await;
    answer.expect_error(403, "FORBIDDEN", "Forbidden: this is for users with the role admin");
    assert_eq!(identity(&answer), [None; 5]);
    for query in ["?redirect=always", "?roles=user", "?role=a&role=b"] {
        assert_eq!(api.send(with(query, &[ALICE])).await.status, 400, "{query}");
    }
}

/// Security checklist: 80.
#[actix_web::test]
async fn a_person_is_sent_to_the_sign_in_page_and_back_to_a_listed_origin_only() {
    let api = Api::start_with(guarding).await;
    let asked = |scheme, host, uri| {
        [PERSON, ("x-forwarded-proto", scheme), ("x-forwarded-host", host), ("x-forwarded-uri", uri)]
    };
    let back = "?return_to=https%3A%2F%2Fapp.example.com%2Fnotes%3Fpage%3D2%26a%3D%2525";
    for (headers, query) in [
        (asked("https", "app.example.com", "/notes?page=2&a=%25"), back),
        (asked("http", "app.example.com", "/notes"), ""),
        (asked("https", "evil.example", "/notes"), ""),
        (asked("https", "app.example.com.evil.example", "/"), ""),
        (asked("https", "app.example.com@evil.example", "/"), ""),
        (asked("https", "app.example.com", "@evil.example/"), ""),
        (asked("https", "app.example.com\\.evil.example", "/"), ""),
        (asked("javascript", "alert(1)", "/"), ""),
    ] {
        let page = format!("{PUBLIC_URL}/sign-in{query}");
        let answer = api.send(with("", &headers)).await;
        assert_eq!((answer.status, answer.header("location")), (302, Some(&*page)), "{headers:?}");
        let answer = api.send(with("?redirect=never", &headers)).await;
        answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
        assert_eq!(answer.header("location"), Some(&*page), "{headers:?}");
        let program = &headers[1..];
        assert_eq!(api.send(with("", program)).await.status, 401, "{headers:?}");
    }
}

#[actix_web::test]
async fn checks_of_trusted_proxies_are_outside_the_limit_and_those_of_others_are_not() {
    let api = Api::start_with(|setup| {
        guarding(setup);
        setup.settings.rate_limit = Some(RateLimit::per_address(NonZeroU32::MIN, NonZeroU32::MIN));
    })
    .await;
    let from = |peer: [u8; 4], header| {
        with("", &[header, ("x-forwarded-for", "198.51.100.7")]).peer_addr((peer, 4711).into())
    };
    for _ in 0..200 {
        assert_eq!(api.send(from([10, 0, 0, 1], ALICE)).await.status, 200);
        assert_eq!(api.send(from([10, 0, 0, 1], ("authorization", "Bearer dead"))).await.status, 401);
    }
    assert_eq!(api.send(from([192, 0, 2, 1], ALICE)).await.status, 200);
    assert_eq!(api.send(from([192, 0, 2, 1], ALICE)).await.status, 429);
}

/// Security checklist: 80.
#[actix_web::test]
async fn signing_in_gives_browsers_a_forward_token_and_signing_out_takes_it() {
    let api = Api::start_with(guarding).await;
    let login = anonymous("POST", "/api/auth/login").set_json(serde_json::json!({ "cookie": true }));
    let answer = api.send(login).await;
    let forward = answer.cookie("__Secure-denizen_forward").expect("a cookie");
    assert!(forward.starts_with("__Secure-denizen_forward=9."), "{forward}");
    for part in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Domain=example.com"] {
        assert!(forward.contains(part), "{forward}");
    }
    let host = [("sec-fetch-site", "same-origin"), ("cookie", "__Host-denizen_session=member")];
    let logout = host
        .iter()
        .fold(anonymous("POST", "/api/auth/logout"), |logout, header| logout.insert_header(*header));
    let answer = api.send(logout).await;
    let gone = answer.cookie("__Secure-denizen_forward").expect("a cookie");
    assert!(gone.contains("=;") && gone.contains("1970"), "{gone}");
}

//! `Authenticated` on routes of somebody else's application, which our middleware never sees.

use actix_web::{
    App, HttpResponse,
    middleware::from_fn,
    test::{TestRequest, init_service, try_call_service},
    web,
};
use denizen_handlers::{AccessError, Authenticated, MaybeAuthenticated, middleware, mount};
use denizen_services::store::StoreFailure;
use serde_json::{Value, json};

use crate::support::{
    Setup,
    answer::Answer,
    auth::{ADMIN, MEMBER},
    log::lines_with,
    requests::{anonymous, request_of},
};

/// What the route makes of it: all that it was given.
async fn who(known: Authenticated) -> HttpResponse {
    let access = known.access;
    HttpResponse::Ok().json(json!({
        "name": known.user.values.username.as_str(),
        "session": known.session.id.0,
        "is_admin": access.is_admin(),
        "is_self": access.is_self(known.user.id),
        "ip": access.ip,
        "user_agent": access.user_agent,
        "request_id": access.request_id,
    }))
}

async fn maybe(MaybeAuthenticated(known): MaybeAuthenticated) -> String {
    known.map_or_else(|| "nobody".to_owned(), |known| known.user.values.username.to_string())
}

async fn admin(known: Authenticated) -> Result<String, AccessError> {
    known.require_role("admin")?;
    Ok(known.user.values.username.to_string())
}

/// Sends a request to an application with such a route, beside the handlers and in a scope of its own.
async fn send(change: impl FnOnce(&mut Setup), request: TestRequest) -> Answer {
    let mut setup = Setup::default();
    change(&mut setup);
    let (services, settings, ..) = setup.wire();
    let app = App::new()
        .route("/who", web::route().to(who))
        .service(web::scope("/own").route("/who", web::route().to(who)))
        .service(web::resource("/wrapped").to(who).wrap(from_fn(middleware)))
        .route("/maybe", web::route().to(maybe))
        .route("/admin", web::route().to(admin))
        .configure(mount("/accounts", services, settings));
    let app = init_service(app).await;
    let response = match try_call_service(&app, request.to_request()).await {
        Ok(response) => response.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (head, body) = response.into_parts();
    let body = actix_web::body::to_bytes(body).await.expect("a body");
    Answer::new(head.status().as_u16(), head.headers().clone(), body.to_vec())
}

#[track_caller]
fn shown(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_slice(&answer.body).expect("JSON")
}

const TARGETS: [&str; 3] = ["/who", "/own/who", "/wrapped"];

#[actix_web::test]
async fn a_route_learns_who_has_signed_in() {
    for target in TARGETS {
        for method in ["GET", "POST", "DELETE"] {
            let answer = send(|_| {}, request_of(MEMBER, method, target)).await;
            let who = shown(&answer);
            assert_eq!((&who["name"], &who["session"]), (&json!("alice"), &json!(7)), "{method} {target}");
            assert_eq!((&who["is_admin"], &who["is_self"]), (&json!(false), &json!(true)));
        }
        let who = shown(&send(|_| {}, request_of(ADMIN, "GET", target)).await);
        assert_eq!((&who["name"], &who["is_admin"]), (&json!("root"), &json!(true)));
    }
}

#[actix_web::test]
async fn a_route_learns_where_the_request_came_from_as_our_own_do() {
    let trust = |setup: &mut Setup| {
        setup.settings.trusted_proxies = vec!["10.0.0.0/8".parse().expect("a network")];
    };
    for (peer, ip) in [("10.0.0.1:50000", "203.0.113.9"), ("192.0.2.1:50000", "192.0.2.1")] {
        let request = request_of(MEMBER, "GET", "/who")
            .peer_addr(peer.parse().expect("an address"))
            .insert_header(("x-forwarded-for", "203.0.113.9"))
            .insert_header(("user-agent", "curl/8\t"));
        let who = shown(&send(trust, request).await);
        assert_eq!((&who["ip"], &who["user_agent"]), (&json!(ip), &json!("curl/8?")));
        assert!(who["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{who}");
    }
}

#[actix_web::test]
async fn nobody_else_is_let_in_and_all_are_told_as_by_our_own_routes() {
    for target in TARGETS {
        let answer = send(|_| {}, anonymous("GET", target)).await;
        answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"denizen\""));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));

        let answer = send(|_| {}, request_of("dead", "GET", target)).await;
        answer.expect_error(401, "UNAUTHENTICATED", "The session has ended or never existed");
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, Some("Bearer realm=\"denizen\", error=\"invalid_token\""));
    }
}

#[actix_web::test]
async fn a_cookie_reads_anywhere_and_writes_from_pages_of_the_site_only() {
    let with_cookie = |method: &str, origin: &'static str| {
        anonymous(method, "/own/who")
            .insert_header(("cookie", format!("denizen_session={MEMBER}")))
            .insert_header(("host", "notes.example.com"))
            .insert_header(("origin", origin))
    };
    shown(&send(|_| {}, with_cookie("GET", "https://evil.example")).await);
    shown(&send(|_| {}, with_cookie("POST", "https://notes.example.com")).await);
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB"] {
        let answer = send(|_| {}, with_cookie(method, "https://evil.example")).await;
        let message = "Forbidden: a session in a cookie works on pages of this site only";
        answer.expect_error(403, "FORBIDDEN", message);
    }
}

#[actix_web::test]
async fn while_nobody_can_look_nobody_is_let_in() {
    let unavailable = || StoreFailure::Unavailable("disk on fire".into());
    let fail = |setup: &mut Setup| setup.auth.authenticate = Err(unavailable().into());
    let answer = send(fail, request_of(ADMIN, "GET", "/who")).await;
    answer.expect_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let lines = lines_with(answer.request_id());
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let expected = format!("{} SERVICE_UNAVAILABLE: {}", answer.request_id(), unavailable());
    assert_eq!(texts, [expected]);
}

#[actix_web::test]
async fn a_failure_on_a_wrapped_route_keeps_its_status() {
    let fail =
        |setup: &mut Setup| setup.auth.authenticate = Err(StoreFailure::Unavailable("disk".into()).into());
    let answer = send(fail, request_of(ADMIN, "GET", "/wrapped")).await;
    answer.expect_error(503, "SERVICE_UNAVAILABLE", "Service temporarily unavailable");
}

#[actix_web::test]
async fn a_route_can_do_without_a_user_but_not_with_a_session_that_has_ended() {
    for (request, text) in
        [(anonymous("GET", "/maybe"), "nobody"), (request_of(MEMBER, "GET", "/maybe"), "alice")]
    {
        let answer = send(|_| {}, request).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, text.as_bytes()));
    }
    let answer = send(|_| {}, request_of("dead", "GET", "/maybe")).await;
    answer.expect_error(401, "UNAUTHENTICATED", "The session has ended or never existed");
}

#[actix_web::test]
async fn a_route_can_ask_for_a_role() {
    let answer = send(|_| {}, request_of(ADMIN, "GET", "/admin")).await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, "root".as_bytes()));
    let answer = send(|_| {}, request_of(MEMBER, "GET", "/admin")).await;
    answer.expect_error(403, "FORBIDDEN", "Forbidden: this is for users with the role admin");
    let answer = send(|_| {}, anonymous("GET", "/admin")).await;
    answer.expect_error(401, "UNAUTHENTICATED", "Authentication required");
}

#[actix_web::test]
async fn without_the_handlers_nobody_is_let_in() {
    crate::support::log::capture();
    let app = init_service(App::new().route("/who", web::get().to(who))).await;
    let answer = try_call_service(&app, request_of(ADMIN, "GET", "/who").to_request()).await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status().as_u16(), 500);
}

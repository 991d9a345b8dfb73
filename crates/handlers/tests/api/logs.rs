//! What is written into the log, and above all what is not.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use denizen_handlers::RateLimit;
use denizen_models::ValidationErrors;
use denizen_services::{AcceptInvitationError, CreateUserError, Failure, HashError, store::StoreFailure};
use serde_json::json;
use tokio::time::{pause, sleep};

use crate::support::{
    Api, Setup,
    log::{access_line, causes, lines_with},
    requests::{get, post_bytes, request, send_json},
    socket::Server,
};

#[actix_web::test]
async fn every_request_has_one_line_that_tells_what_became_of_it() {
    let api = Api::start().await;
    for (request, beginning) in [
        (get("/health"), "GET /health 200 "),
        (request("HEAD", "/api/users/7"), "HEAD /api/users/7 200 "),
        (send_json("POST", "/api/users", &json!({})), "POST /api/users 201 "),
        (get("/api/users/abc"), "GET /api/users/abc 400 "),
        (get("/nope"), "GET /nope 404 "),
        (request("FROB", "/livez"), "FROB /livez 405 "),
    ] {
        let answer = api.send(request).await;
        let line = access_line(answer.request_id());
        assert!(line.starts_with(beginning), "{line}");
        assert!(line.contains(&format!(" {}B ", answer.body.len())), "{line}");
        assert!(line.ends_with(&format!("ms - {}", answer.request_id())), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        assert!(causes(answer.request_id()).is_empty());
    }
}

#[actix_web::test]
async fn the_line_names_the_address_of_the_connection() {
    let request = get("/health").peer_addr("192.0.2.7:50000".parse().expect("an address"));
    let answer = Api::start().await.send(request.insert_header(("x-forwarded-for", "203.0.113.9"))).await;
    let line = access_line(answer.request_id());
    assert!(line.ends_with(&format!(" 192.0.2.7 {}", answer.request_id())), "{line}");
}

#[actix_web::test]
async fn a_refused_stranger_has_a_line_too() {
    let api = Api::start_with(|setup: &mut Setup| setup.settings.local_only = true).await;
    let answer = api.send(get("/api/users")).await;
    assert!(access_line(answer.request_id()).starts_with("GET /api/users 403 "));
}

/// Security checklist: 72.
#[actix_web::test]
async fn what_one_address_could_fill_the_log_with_is_counted() {
    let api = Api::start_with(|setup: &mut Setup| {
        setup.settings.rate_limit = Some(RateLimit::per_address(NonZeroU32::MIN, NonZeroU32::MIN));
    })
    .await;
    pause();
    for (ip, target, logged, more) in [
        ("203.0.113.98", "/api/users/7", 11, "89 more requests of 203.0.113.98 in 10 s: "),
        ("203.0.113.99", "/livez", 10, "90 more requests of 203.0.113.99 in 10 s: "),
    ] {
        for _ in 0..100 {
            api.send(get(target).peer_addr(SocketAddr::new(ip.parse().expect("an address"), 4711))).await;
        }
        let line = format!("ms {ip} req_");
        assert_eq!(lines_with(&line).len(), logged, "{ip}");
        assert!(lines_with(more).is_empty());
        sleep(Duration::from_secs(11)).await;
        assert_eq!(lines_with(more).len(), 1, "{ip}");
        // And again.
        api.send(get(target).peer_addr(SocketAddr::new(ip.parse().expect("an address"), 4711))).await;
        assert_eq!(lines_with(&line).len(), logged + 1, "{ip}");
    }
}

/// Security checklist: 12.
#[actix_web::test]
async fn the_path_is_logged_as_it_came_and_not_at_any_length() {
    let api = Api::start().await;
    for path in ["/x%0a200%20forged", "/x%0D%0Aforged", "/%1b[31m", "/%e2%80%a8"] {
        let answer = api.send(get(path)).await;
        let line = access_line(answer.request_id());
        assert!(line.starts_with(&format!("GET {path} 404 ")), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    let answer = api.send(get(&format!("/{}", "x".repeat(5_000)))).await;
    let line = access_line(answer.request_id());
    assert!(line.starts_with(&format!("GET /{} 404 ", "x".repeat(199))), "{line}");
}

/// Security checklist: 8.
#[actix_web::test]
async fn a_token_that_somebody_puts_into_the_path_is_not_logged() {
    let api = Api::start().await;
    let token = "0123456789abcdef".repeat(4);
    for (path, logged) in
        [("/api/auth/sessions/TOKEN", "/api/auth/sessions/…"), ("/verify-email/TOKEN/x", "/verify-email/…/x")]
    {
        let answer = api.send(get(&path.replace("TOKEN", &token))).await;
        let line = access_line(answer.request_id());
        assert!(line.starts_with(&format!("GET {logged} ")), "{line}");
    }
}

/// Security checklist: 8.
#[actix_web::test]
async fn queries_are_never_logged() {
    let api = Api::start().await;
    for target in [
        "/api/users?search=qsecret1",
        "/api/users?qsecret1=1",
        "/api/users?limit=qsecret1",
        "/api/users?search=%zzqsecret1",
        "/api/users/7?token=qsecret1",
        "/verify-email?token=qsecret1",
        "http://localhost/api/users?search=qsecret1",
    ] {
        let answer = api.send(get(target)).await;
        let line = access_line(answer.request_id());
        assert!(!line.contains('?'), "{line}");
    }
    assert!(lines_with("qsecret1").is_empty(), "{:?}", lines_with("qsecret1"));
}

/// Security checklist: 8.
#[actix_web::test]
async fn headers_with_secrets_are_never_logged() {
    let api = Api::start().await;
    let request = get("/api/users/7")
        .insert_header(("authorization", "Basic hsecret1"))
        .insert_header(("cookie", "theme=hsecret1; denizen_session=admin"))
        .insert_header(("user-agent", "hsecret1"))
        .insert_header(("x-debug", "true"))
        .insert_header(("x-request-id", "hsecret1 "));
    api.send(request).await.expect_success(200, "User retrieved successfully");
    assert!(lines_with("hsecret1").is_empty(), "{:?}", lines_with("hsecret1"));
}

/// Services that refuse or fail in every way in which they see what a client sent.
fn failing_setups() -> Vec<Setup> {
    let store = || StoreFailure::Unavailable("disk".into());
    let validation = || ValidationErrors::of("password", "password is too short");
    let setup = |change: fn(&mut Setup)| {
        let mut setup = Setup::default();
        change(&mut setup);
        setup
    };
    let mut setups = vec![
        setup(|_| {}),
        setup(|setup| setup.answers.create = Err(CreateUserError::from(HashError::Busy))),
        setup(|setup| setup.answers.accept = Err(AcceptInvitationError::from(HashError::Busy))),
        setup(|setup| {
            setup.answers.request_verification =
                Err(Failure::Overloaded("too many requests are waiting".into()))
        }),
    ];
    let mut broken = Setup::default();
    broken.answers.create = Err(CreateUserError::from(store()));
    broken.answers.accept = Err(AcceptInvitationError::from(store()));
    setups.push(broken);
    let mut refusing = Setup::default();
    refusing.answers.create = Err(CreateUserError::Failure(Failure::Invalid(validation())));
    refusing.answers.accept = Err(AcceptInvitationError::Failure(Failure::Invalid(validation())));
    setups.push(refusing);
    setups
}

/// Bodies that hold a secret, acceptable ones and broken ones.
fn secret_bodies(secret: &str) -> [String; 8] {
    [
        format!(r#"{{"password": "{secret}"}}"#),
        format!(r#"{{"token": "{secret}", "password": "{secret}"}}"#),
        format!(r#"{{"email": "{secret}"}}"#),
        format!(r#"{{"{secret}": 1}}"#),
        format!(r#"{{"roles": "{secret}"}}"#),
        format!(r#"{{"password": "{secret}", "password": "{secret}"}}"#),
        format!(r#"["{secret}"]"#),
        format!(r#"{{"password": "{secret}"#),
    ]
}

const TARGETS: [&str; 4] = [
    "/api/users",
    "/api/users/request-email-verification",
    "/api/users/accept-invitation",
    "/api/users/verify-email",
];

/// Security checklist: 8.
#[actix_web::test]
async fn bodies_are_never_logged() {
    assert_logs_no_bodies(failing_setups(), &TARGETS, secret_bodies, "bsecret1").await;
}

/// No body that holds the secret is logged, whatever becomes of it.
pub async fn assert_logs_no_bodies<const N: usize>(
    setups: Vec<Setup>,
    targets: &[&str],
    bodies: fn(&str) -> [String; N],
    secret: &str,
) {
    for setup in setups {
        let api = Api::start_with(|default| *default = setup).await;
        for target in targets {
            for body in bodies(secret) {
                let answer = api.send(post_bytes(target, body.clone())).await;
                assert!(!access_line(answer.request_id()).is_empty());
                api.users.panic_next();
                api.send(post_bytes(target, body)).await;
            }
        }
    }
    assert!(lines_with(secret).is_empty(), "{:?}", lines_with(secret));
}

/// Security checklist: 8.
#[actix_web::test]
async fn not_even_the_libraries_log_bodies_or_secret_headers() {
    assert_libraries_log_no_secrets(failing_setups(), &TARGETS, secret_bodies, "lsecret1").await;
}

/// Neither a body nor a header that holds the secret is logged by anybody.
pub async fn assert_libraries_log_no_secrets<const N: usize>(
    setups: Vec<Setup>,
    targets: &[&str],
    bodies: fn(&str) -> [String; N],
    secret: &str,
) {
    for setup in setups {
        let server = Server::start(setup);
        for target in targets {
            for body in bodies(secret) {
                let head = format!(
                    "POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                     Content-Type: application/json\r\nAuthorization: Bearer {secret}\r\n\
                     Content-Length: {}\r\n\r\n",
                    body.len()
                );
                let reply = server.exchange(head + &body).await;
                assert!(reply.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&reply));
            }
        }
        server.stop().await;
    }
    assert!(lines_with("").iter().any(|line| line.target.starts_with("actix")), "their lines are kept too");
    assert!(lines_with(secret).is_empty(), "{:?}", lines_with(secret));
}

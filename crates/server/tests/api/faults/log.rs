//! Faults of the log, which is on the standard error of a process.

use std::time::Duration;

use denizen_models::text::is_unprintable;
use serde_json::json;
use socket2::SockRef;
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::support::{
    api::{self, user, with},
    http::Request,
    process::Process,
    socket::Socket,
};

/// The lines in which the log tells of requests, after that of the sign-in with which every test begins.
fn access_lines(log: &[String]) -> Vec<&str> {
    let lines = log.iter().filter_map(|line| line.split_once(" denizen::access ").map(|(_, line)| line));
    lines.skip_while(|line| !line.starts_with("POST /api/auth/login ")).skip(1).collect()
}

/// Fault 14: `X-Debug: true` from anybody made the log show all headers. And other secrets of a request that a log
/// has no business with.
/// Security checklist: 8.
#[tokio::test]
async fn secrets_of_requests_are_not_logged() {
    let folder = TempDir::new().unwrap();
    // Not only at `info`: whoever looks for a fault turns this on.
    let process = Process::start_with(folder.path(), &["--log", "debug"]).await;
    let at = process.address;
    let secretive = |request: Request| {
        request
            .header("X-Debug", "true")
            .header("Proxy-Authorization", "Bearer hush-authorization")
            .header("Cookie", "denizen_session=hush-cookie")
    };
    let with_password = with(user("somebody"), json!({"password": "hush-password"}));
    let accept = |password: &str| {
        let body = json!({"token": "hush-token", "password": password});
        secretive(Request::post("/api/users/accept-invitation")).json(&body)
    };
    let session = api::token_of(at, "alice_dev").await;
    for (request, status) in [
        (secretive(Request::get("/api/users?search=hush-query")), 200),
        (secretive(Request::get("/api/users/1?token=hush-token")), 400),
        (secretive(Request::get("/api/users?hush-parameter=1")), 400),
        (secretive(Request::get("/verify-email?token=hush-token")), 200),
        (secretive(Request::get("/api/users").bearer("hush-bearer")), 401),
        (secretive(Request::get("/api/users").anonymous()), 401),
        (secretive(Request::get("/api/users/1").bearer(&session)), 200),
        (secretive(Request::post("/api/users")).json(&with_password), 201),
        (
            secretive(Request::post("/api/users")).json(&json!({"password": 1, "hush-member": "hush-value"})),
            400,
        ),
        (accept("hush-password"), 400),
        (accept("hush"), 400),
    ] {
        assert_eq!(request.send(at).await.status, status, "{request:?}");
    }
    // People type passwords where their names belong.
    for (login, password) in [("hush-login", "hush-password"), ("alice_dev", "hush-password")] {
        api::login(at, login, password).await.refused(401, "INVALID_CREDENTIALS");
    }

    let log = process.stop().await;

    assert_eq!(access_lines(&log).len(), 14);
    assert!(access_lines(&log)[1].starts_with("GET /api/users 200 "), "without its query: {log:#?}");
    let secret = |line: &&String| line.to_lowercase().contains("hush") || line.contains(&session);
    let told: Vec<_> = log.iter().filter(secret).collect();
    assert!(told.is_empty(), "{told:#?}");
}

/// Fault 15: `%0a` in a path began a line of the log of the sender's choice.
/// Security checklist: 12.
#[tokio::test]
async fn nobody_can_write_lines_of_the_log() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let at = process.address;
    process.line_with(" POST /api/auth/login 200 ").await;
    let before = process.log().len();
    let forged = "2026-01-01T00:00:00.000Z INFO  denizen::access Password reset successful for user root@x";
    let escaped = forged.replace(' ', "%20");
    let requests = [
        Request::get(&format!("/api/users/1%0a{escaped}")),
        Request::get(&format!("/api/users/1%0d%0a{escaped}")),
        Request::get(&format!("/%e2%80%a8{escaped}")),
        Request::get(&format!("/api/users?search=%0a{escaped}")),
        Request::get(&format!("/api/users?%0a{escaped}=1")),
        Request::get("/api/users/%1b[2J%1b[31m"),
        Request::get("/api/users/%e2%80%ae"),
        Request::get("/livez").header("User-Agent", "\u{202e}agent\u{2066}\u{feff}"),
        Request::get("/livez").header("Authorization", "Bearer \u{202e}"),
        Request::get("/livez").header("X-Request-ID", "a\tb"),
        Request::get("/livez").header("X-Request-ID", &format!("a {forged}")),
        Request::get("/livez").header("User-Agent", &format!("\u{85}{forged}")),
        Request::post("/api/users")
            .json(&with(user("somebody"), json!({"email": format!("a@b.co\n{forged}")}))),
        Request::post("/api/users").json(&json!({ format!("\n{forged}"): 1 })),
        Request::new("GET", "/livez").header("Host", &format!("localhost {forged}")),
    ];
    for request in &requests {
        let status = request.send(at).await.status;
        assert!((200..500).contains(&status), "{status}");
    }

    let log = process.stop().await;

    // Each line is the server's own: one for each request, and two about its end.
    assert_eq!(access_lines(&log).len(), requests.len(), "{log:#?}");
    assert_eq!(log.len(), before + requests.len() + 2, "{log:#?}");
    for line in &log {
        assert!(!line.starts_with(forged) && !line.contains(is_unprintable), "{line:?}");
    }
}

/// Fault 25: the log knew another request id than the answer, and not the caller's own.
#[tokio::test]
async fn the_log_knows_the_request_id_of_the_answer_and_that_of_the_caller() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let mut ids = Vec::new();
    for own in ["trace-1.a_B", "x".repeat(64).as_str(), "x".repeat(65).as_str(), "with blank", "\"quoted\""] {
        let response = Request::get("/api/users/999").header("X-Request-ID", own).send(process.address).await;
        ids.push(response.refused(404, "USER_NOT_FOUND")["request_id"].as_str().unwrap().to_owned());
    }

    let log = process.stop().await;

    let lines = access_lines(&log);
    let expected = |index: usize, caller: &str| format!("127.0.0.1 {}{caller}", ids[index]);
    for (index, caller) in
        [(0, " caller=trace-1.a_B"), (1, &*format!(" caller={}", "x".repeat(64))), (2, ""), (3, ""), (4, "")]
    {
        assert!(lines[index].starts_with("GET /api/users/999 404 "), "{}", lines[index]);
        assert!(lines[index].ends_with(&expected(index, caller)), "{}", lines[index]);
    }
}

/// The system forgets the address of a client that breaks the connection off. Its request would stand in the log
/// without one, and in no limit.
#[tokio::test]
async fn no_request_is_served_without_an_address() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let at = process.address;
    for _ in 0..50 {
        let mut connection = TcpStream::connect(at).await.unwrap();
        connection.write_all(&Request::get("/readyz").bytes(at)).await.unwrap();
        SockRef::from(&connection).set_linger(Some(Duration::ZERO)).unwrap();
    }
    assert_eq!(Request::get("/livez").send(at).await.status, 200);

    let log = process.stop().await;

    let lines = access_lines(&log);
    assert!(lines.iter().any(|line| line.starts_with("GET /livez 200 ")), "{log:#?}");
    assert!(lines.iter().all(|line| line.contains(" 127.0.0.1 req_")), "{lines:#?}");
}

/// Anybody could fill the log with errors that are none of ours.
#[tokio::test]
async fn what_is_no_frame_is_no_error() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let mut socket =
        Socket::open_as(process.address, &api::token_of(process.address, "alice_dev").await).await;
    // A ping in parts (RFC 6455, section 5.5), masked with zeros.
    socket.write(&[0x09, 0x80, 0, 0, 0, 0]).await;
    assert_eq!(socket.closed().await.0, 1002);

    let log = process.stop().await;

    assert!(!log.iter().any(|line| line.contains(" ERROR ")), "{log:#?}");
}

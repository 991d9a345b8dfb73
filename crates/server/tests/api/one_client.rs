//! How much of the server one client can take: memory, connections, lines of the log.
//!
//! The clients of these tests are on this machine, which may have any number of connections; the memory that they hold
//! is counted as that of any other address.

use std::{net::SocketAddr, time::Duration};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::support::{
    PATIENCE, api,
    http::{Connection, Request, act_as},
    process::Process,
};

const CLIENTS: usize = 1_000;
const KIBIBYTE: usize = 1024;
/// Row 72: what all these clients may cost.
const ALLOWED: u64 = 64 * 1024 * 1024;

async fn start(settings: &str) -> (Process, TempDir) {
    // Both ends of some connections are here.
    rlimit::increase_nofile_limit(4 * 1_024).expect("room for so many sockets");
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("denizen.toml"), settings).unwrap();
    (Process::start(folder.path()).await, folder)
}

/// Others are served meanwhile.
async fn is_alive(at: SocketAddr) {
    Request::get("/livez").anonymous().send(at).await.succeeded(200);
}

/// The status of the next answer, without the rest of it.
async fn status(stream: &mut TcpStream) -> u16 {
    let mut line = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut line)).await.expect("an answer in time").expect("an answer");
    let line = String::from_utf8_lossy(&line).into_owned();
    line.strip_prefix("HTTP/1.1 ").and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{line}"))
}

/// As many clients as these send these bytes each, which are no whole request, and wait for what they are told. Gives how
/// often each of the `expected` answers came; there is no other.
async fn hold<const N: usize>(
    settings: &str,
    clients: usize,
    bytes: impl Fn(SocketAddr) -> Vec<u8>,
    expected: [u16; N],
) -> [usize; N] {
    let (process, _folder) = start(settings).await;
    let at = process.address;
    let bytes = bytes(at);
    let client = async || {
        let (mut reader, mut writer) = TcpStream::connect(at).await.expect("a connection").into_split();
        // A server that has refused the rest may close before it comes.
        let write = async {
            drop(writer.write_all(&bytes).await);
            std::future::pending::<()>().await;
        };
        let mut line = [0; 12];
        tokio::select! {
            read = timeout(PATIENCE, reader.read_exact(&mut line)) => {
                read.expect("an answer in time").expect("an answer");
                String::from_utf8_lossy(&line[9..]).parse::<u16>().expect("a status")
            }
            () = write => 0,
        }
    };
    // Before, a few, so that what every such request needs once is not counted.
    join_all((0..clients / 20).map(|_| client())).await;
    let before = process.peak_memory();
    let (statuses, ()) = tokio::join!(join_all((0..clients).map(|_| client())), is_alive(at));
    let grown = process.peak_memory() - before;
    assert!(grown < ALLOWED, "{} KiB more than at rest", grown / 1024);
    is_alive(at).await;
    assert!(statuses.iter().all(|status| expected.contains(status)), "{statuses:?}");
    process.stop().await;
    expected.map(|expected| statuses.iter().filter(|status| **status == expected).count())
}

/// A request whose body has this length and, but for its last byte, comes.
fn unfinished(at: SocketAddr, request: Request, length: usize) -> Vec<u8> {
    let request = request.header("Content-Type", "application/json").body(vec![b' '; length]);
    let mut bytes = request.bytes(at);
    bytes.pop();
    bytes
}

/// Security checklist: 72.
#[tokio::test]
async fn a_thousand_unfinished_sign_ins_cost_little() {
    let login = |length| move |at| unfinished(at, Request::post("/api/auth/login").anonymous(), length);
    assert_eq!(hold("body_timeout = \"3s\"", CLIENTS, login(4 * KIBIBYTE), [408]).await, [CLIENTS]);
    let [late, too_many] = hold("body_timeout = \"5s\"", CLIENTS, login(16 * KIBIBYTE), [408, 429]).await;
    assert!(late >= 100 && too_many >= CLIENTS / 4, "{late} {too_many}");
    // One that says that it will be longer is read and thrown away.
    let long = login(256 * KIBIBYTE);
    let [late, too_many] = hold("body_timeout = \"3s\"", CLIENTS / 4, long, [408, 429]).await;
    assert_eq!(late + too_many, CLIENTS / 4);
}

/// Security checklist: 72.
#[tokio::test]
async fn a_thousand_unfinished_bodies_share_what_one_address_may_hold() {
    let sign_up = |at| unfinished(at, Request::post("/api/users").anonymous(), 64 * KIBIBYTE);
    let [late, too_many] = hold("body_timeout = \"5s\"", CLIENTS, sign_up, [408, 429]).await;
    assert!(late >= 50 && too_many >= CLIENTS / 2, "{late} {too_many}");
    let patch = |at| unfinished(at, Request::new("PATCH", "/api/users/1"), 1024 * KIBIBYTE);
    let [late, too_many] = hold("body_timeout = \"5s\"", CLIENTS / 4, patch, [408, 429]).await;
    assert!(late >= 1 && too_many >= CLIENTS / 8, "{late} {too_many}");
}

/// Security checklist: 72.
#[tokio::test]
async fn a_thousand_unfinished_chunked_bodies_are_no_other_than_those_of_known_length() {
    let chunked = |at| {
        let request = Request::post("/api/users").anonymous().header("Content-Type", "application/json");
        let mut bytes = request.body(vec![b' '; 64 * KIBIBYTE]).chunked().bytes(at);
        bytes.truncate(bytes.len() - b"0\r\n\r\n".len());
        bytes
    };
    let [late, too_many] = hold("body_timeout = \"5s\"", CLIENTS, chunked, [408, 429]).await;
    assert!(late >= 50 && too_many >= CLIENTS / 2, "{late} {too_many}");
}

/// Security checklist: 72.
#[tokio::test]
async fn a_thousand_unfinished_heads_cost_little() {
    let head =
        |length: usize| move |_| format!("GET /livez HTTP/1.1\r\nX: {}", "x".repeat(length)).into_bytes();
    assert_eq!(hold("header_timeout = \"3s\"", CLIENTS, head(31 * KIBIBYTE), [408]).await, [CLIENTS]);
    assert_eq!(hold("header_timeout = \"1m\"", CLIENTS, head(120 * KIBIBYTE), [431]).await, [CLIENTS]);
}

/// A user of about the size that one may have, as a member of a list.
fn fat(name: &str) -> Value {
    let entries: Vec<_> = (10..60).map(|number| format!("{number}{}", "🦀".repeat(98))).collect();
    let long = "🦀".repeat(1_000);
    let profile = json!({ "bio": long, "interests": entries, "skills": entries });
    api::with(api::user(name), json!({ "profile": profile }))
}

/// Security checklist: 72.
#[tokio::test]
async fn answers_that_are_not_read_share_what_one_address_may_hold() {
    let (process, _folder) = start("memory_per_ip = 16").await;
    let at = process.address;
    for number in 0..200 {
        api::create(at, &fat(&format!("fat_{number}"))).await.succeeded(201);
    }
    let page = Request::get("/api/users?limit=100").bytes(at);
    let whole = Request::get("/api/users?limit=100").send(at).await;
    let length = u64::try_from(whole.body.len()).unwrap();
    assert!(whole.status == 200 && length > 4_000_000, "{length}");
    let before = process.peak_memory();

    let (mut held, mut counts) = (Vec::new(), [0, 0]);
    for _ in 0..60 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(at).await.unwrap();
        stream.write_all(&page).await.unwrap();
        match status(&mut stream).await {
            200 => counts[0] += 1,
            429 => counts[1] += 1,
            other => panic!("{other}"),
        }
        held.push(stream);
    }
    assert!(counts[0] >= 2 && counts[1] >= 30, "{counts:?}");
    let grown = process.peak_memory() - before;
    assert!(grown < ALLOWED, "{} KiB more than at rest", grown / 1024);
    is_alive(at).await;
    // What is read, or given up, makes room.
    drop(held);
    while Request::get("/api/users?limit=100").send(at).await.status != 200 {}
    process.stop().await;
}

/// Security checklist: 72.
#[tokio::test]
async fn tiny_requests_whose_answers_are_not_read_cost_little() {
    const PIPELINING: usize = 400;
    let (process, _folder) = start("body_timeout = \"2s\"\nrate_limit = 0").await;
    let at = process.address;
    // As long as the server waits for the client to read.
    let client = async || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(at).await.unwrap();
        let requests = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000);
        timeout(PATIENCE, async { while stream.write_all(&requests).await.is_ok() {} })
            .await
            .expect("an end");
    };
    join_all((0..PIPELINING / 20).map(|_| client())).await;
    let before = process.peak_memory();
    tokio::join!(join_all((0..PIPELINING).map(|_| client())), is_alive(at));
    let grown = process.peak_memory() - before;
    assert!(grown < ALLOWED, "{} KiB more than at rest", grown / 1024);
    process.stop().await;
}

/// Security checklist: 72.
#[tokio::test]
async fn chunks_after_a_refusal_hold_no_connection() {
    let (process, _folder) = start("body_timeout = \"1s\"").await;
    let at = process.address;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let head = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let chunks = async {
        let mut tick = tokio::time::interval(Duration::from_millis(200));
        while writer.write_all(b"1\r\n \r\n").await.is_ok() {
            tick.tick().await;
        }
    };
    let mut answer = Vec::new();
    let read = async { drop(reader.read_to_end(&mut answer).await) };
    // After the time for the body, and the second in which the client may read the answer.
    timeout(PATIENCE, async { tokio::join!(chunks, read) }).await.expect("an end");
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
    process.stop().await;
}

/// Security checklist: 72.
#[tokio::test]
async fn the_descriptors_that_systemd_allows_by_default_are_no_limit() {
    rlimit::increase_nofile_limit(4 * 1_024).expect("room for so many sockets");
    let folder = TempDir::new().unwrap();
    let process = Process::start_with_files(folder.path(), "-Sn 1024").await;
    let at = process.address;
    let mut held = Vec::new();
    for _ in 0..1_200 {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(b"GET /livez HTTP/1.1\r\n").await.unwrap();
        held.push(stream);
    }
    is_alive(at).await;
    process.stop().await;
}

/// Security checklist: 72.
#[tokio::test]
async fn a_number_of_connections_that_cannot_be_reached_is_said_at_the_start() {
    let folder = TempDir::new().unwrap();
    let settings = "max_connections = 1000000\nbody_timeout = \"1s\"\n";
    std::fs::write(folder.path().join("denizen.toml"), settings).unwrap();
    let process = Process::start_with_files(folder.path(), "-n 512").await;
    let warned =
        process.log().iter().any(|line| line.contains("max_connections = 1000000 cannot be reached"));
    // An administrator of the machine may raise even the hard limit.
    assert_eq!(warned, process.open_files() < 1_000_000, "{:#?}", process.log());
    process.stop().await;
}

/// Security checklist: 72.
#[tokio::test]
async fn a_client_beyond_its_rate_limit_does_not_fill_the_log() {
    let (process, _folder) = start("rate_limit = 1\nrate_burst = 2\n").await;
    let at = process.address;
    let mut connection = Connection::open(at).await.unwrap();
    let mut refused = 0;
    for _ in 0..500 {
        let answer = connection.send(&Request::get("/api/users/1")).await.unwrap();
        refused += usize::from(answer.status == 429);
    }
    assert!(refused > 400, "{refused}");
    process.line_with(" more requests of 127.0.0.1 in 10 s").await;
    let lines = process.log().iter().filter(|line| line.contains("/api/users/1 429 ")).count();
    assert!((1..=30).contains(&lines), "{lines}");
    process.stop().await;
}

/// Security checklist: 72.
#[tokio::test]
async fn what_the_library_refuses_by_itself_is_logged_and_counted() {
    let (process, _folder) = start("header_timeout = \"1s\"").await;
    let at = process.address;
    let refused = async || {
        let metrics = Request::get("/metrics").anonymous().send(at).await.text();
        let line = metrics.lines().find(|line| line.contains("4xx")).expect("a count").to_owned();
        line.rsplit(' ').next().and_then(|count| count.parse::<u64>().ok()).expect("a number")
    };
    let before = refused().await;
    act_as(at, None);
    for (bytes, status) in [
        (b"garbage\r\n\r\n".to_vec(), "400"),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\ngarbage\r\n\r\n".to_vec(), "400"),
        (format!("GET /livez HTTP/1.1\r\nX: {}", "x".repeat(40_000)).into_bytes(), "431"),
        (b"GET /livez HTTP/1.1\r\n".to_vec(), "408"),
    ] {
        let mut connection = Connection::open(at).await.unwrap();
        connection.write(&bytes).await.unwrap();
        let answers = String::from_utf8_lossy(&connection.read_to_end().await.unwrap()).into_owned();
        assert!(answers.contains(&format!("HTTP/1.1 {status} ")), "{answers}");
        process.line_with(&format!(" denizen::access - - {status} 0B 0.0ms 127.0.0.1 -")).await;
    }
    assert_eq!(refused().await, before + 4);
    process.stop().await;
}

/// Security checklist: 64.
#[tokio::test]
async fn trusting_everybody_as_a_proxy_is_a_warning() {
    for (networks, warnings) in [
        ("[\"0.0.0.0/0\", \"::/0\", \"10.0.0.0/8\"]", 2),
        ("[\"128.0.0.0/1\", \"fc00::/7\"]", 1),
        ("[\"127.0.0.1\"]", 0),
    ] {
        let (process, _folder) = start(&format!("trusted_proxies = {networks}")).await;
        let count = process
            .log()
            .iter()
            .filter(|line| line.contains(" WARN ") && line.contains("trusted_proxies"))
            .count();
        assert_eq!(count, warnings, "{networks}: {:#?}", process.log());
        process.stop().await;
    }
}

//! Bodies.

use serde_json::json;

use super::{each_is_refused, json_post, nothing_was_created};
use crate::support::{
    TestServer,
    api::user,
    http::{Connection, Request, Response},
};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn bodies_that_are_not_one_json_object_are_refused_with_a_place_and_a_reason() {
    let server = TestServer::start().await;
    let good = user("somebody").to_string();
    let bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "{",
        "}",
        "null",
        "true",
        "0",
        "\"text\"",
        "[]",
        "[{}]",
        "{}{}",
        "{},",
        "{'username': 'x'}",
        "{username: \"x\"}",
        "{\"username\": }",
        "{\"username\": \"x\",}",
        "{\"username\": undefined}",
        "{\"age\": NaN}",
        "{\"age\": 1e400}",
        "{\"age\": 99999999999999999999}",
        "{\"age\": 01}",
        "{\"age\": \"30\"}",
        "{\"age\": 1.5}",
        "{\"active\": \"true\"}",
        "{\"active\": 1}",
        "{\"roles\": \"user\"}",
        "{\"roles\": [1]}",
        "{\"roles\": {\"0\": \"user\"}}",
        "{\"profile\": []}",
        "{\"profile\": [\"bio\", \"https://avatar.example\"]}",
        "{\"profile\": \"x\"}",
        "{\"username\": null}",
        "{\"username\": \"\\ud800\"}",
        "{\"username\": \"\\x41\"}",
        "{\"username\": \"a\nb\"}",
        "{\"created_at\": \"yesterday\"}",
        "{\"created_at\": \"2026-02-30T00:00:00Z\"}",
        "username=x&email=y",
        "<user/>",
        "/* no */ {}",
        "\u{feff}{}",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        format!("{good} x").into_bytes(),
        format!("{good}\0").into_bytes(),
        format!("[{good}]").into_bytes(),
        good.replace('}', ",\"nick\":\"x\"}").into_bytes(),
        good.replace('}', ",\"username\":\"x\"}").into_bytes(),
        b"{\"username\": \"\xff\xfe\"}".to_vec(),
        b"\xff\xfe{\0}\0".to_vec(),
        vec![0; 1000],
        format!("{{\"roles\": {}", "[".repeat(50_000)).into_bytes(),
        format!("{{\"profile\": {}", "{\"bio\":".repeat(8_000)).into_bytes(),
    ])
    .collect();
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = json_post(body).send(server.address).await.refused(400, "INVALID_REQUEST_BODY");
        assert_eq!(answer["error"], "Invalid request body");
        let details = &answer["details"];
        assert!(details["line"].is_u64() && details["column"].is_u64(), "{shown:?}: {details}");
        assert!(details["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{shown:?}: {details}");
    }
    nothing_was_created(&server).await;
}

#[tokio::test]
async fn bodies_of_other_types_are_refused() {
    let server = TestServer::start().await;
    let good = user("somebody").to_string();
    let typed =
        |content_type: &str| Request::post("/api/users").header("Content-Type", content_type).body(&*good);
    let types = [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json, text/plain",
        "json",
        "*/*",
    ];
    each_is_refused(&server, types.map(|content_type| (typed(content_type), 415, "UNSUPPORTED_MEDIA_TYPE")))
        .await;
    let untyped = Request::post("/api/users").body(&*good);
    each_is_refused(&server, [(untyped, 415, "UNSUPPORTED_MEDIA_TYPE")]).await;
    typed("Application/JSON; charset=UTF-8").send(server.address).await.succeeded(201);
}

#[tokio::test]
async fn compressed_bodies_are_refused_however_well_they_are_packed() {
    let server = TestServer::start().await;
    // A stored block of deflate in a gzip envelope: `{}`, as any library would unpack it.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01\x02\0\xfd\xff{}\x43\xbf\xa6\xa3\x02\0\0\0".to_vec();
    let cases = ["gzip", "deflate", "br", "zstd", "identity", "gzip, gzip"].map(|coding| {
        let request = json_post(gzip.clone()).header("Content-Encoding", coding);
        (request, 415, "UNSUPPORTED_MEDIA_TYPE")
    });
    each_is_refused(&server, cases).await;
    // Undeclared, it is no JSON.
    each_is_refused(&server, [(json_post(gzip), 400, "INVALID_REQUEST_BODY")]).await;
}

#[tokio::test]
async fn a_client_that_sends_everything_first_still_reads_why_it_was_refused() {
    let server = TestServer::start().await;
    for size in [MIB + 1, 2 * MIB, 20 * MIB] {
        for request in [json_post(vec![b' '; size]), json_post(vec![b' '; size]).chunked()] {
            let mut connection = Connection::open(server.address).await.unwrap();
            connection.write(&request.bytes(server.address)).await.expect("everything can be sent");
            let response = connection.read().await.expect("an answer");
            let body = response.refused(413, "PAYLOAD_TOO_LARGE");
            assert_eq!(body["error"], "Request body is too large");
            goes_on_or_is_closed(&mut connection, &response).await;
        }
    }
    nothing_was_created(&server).await;
}

/// The connection goes on where the body has ended, or is closed, as the answer says; nothing of the body is a request.
async fn goes_on_or_is_closed(connection: &mut Connection, response: &Response) {
    if response.header("Connection") == Some("close") {
        assert!(connection.is_closed().await);
    } else {
        connection.send(&Request::get("/api/users/1")).await.unwrap().succeeded(200);
    }
}

#[tokio::test]
async fn a_large_body_is_no_way_around_the_other_answers() {
    let server = TestServer::start().await;
    let large = vec![b' '; 2 * MIB];
    let with_type = |request: Request| request.header("Content-Type", "application/json").body(large.clone());
    each_is_refused(
        &server,
        [
            (
                Request::post("/api/users").header("Content-Type", "text/plain").body(large.clone()),
                415,
                "UNSUPPORTED_MEDIA_TYPE",
            ),
            (with_type(Request::post("/api/nope")), 404, "NOT_FOUND"),
            (with_type(Request::post("/api/users/1")), 405, "METHOD_NOT_ALLOWED"),
            (with_type(Request::post("/api/users").header("Host", "evil.example")), 403, "FORBIDDEN"),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_longest_body_that_is_allowed_is_read() {
    let server = TestServer::start().await;
    let mut body = user("big_ok").to_string().into_bytes();
    body.resize(MIB, b' ');
    json_post(body).send(server.address).await.succeeded(201);
    let mut body = user("big_chunks").to_string().into_bytes();
    body.resize(MIB, b' ');
    json_post(body).chunked().send(server.address).await.succeeded(201);
}

#[tokio::test]
async fn a_body_where_none_belongs_changes_nothing() {
    let server = TestServer::start().await;
    for (method, path) in [("GET", "/api/users/1"), ("HEAD", "/api/users/1"), ("DELETE", "/api/users/5")] {
        let mut connection = Connection::open(server.address).await.unwrap();
        let request = Request::new(method, path).json(&json!({"id": 1, "username": "x"}));
        let response = connection.send(&request).await.unwrap();
        assert_eq!(response.status, 200, "{method}");
        goes_on_or_is_closed(&mut connection, &response).await;
    }
}

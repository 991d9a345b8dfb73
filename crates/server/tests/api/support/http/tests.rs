use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;

/// Listens, answers each of `answers` to the next head that arrives on one connection, and hands back what it read.
async fn serve(answers: &'static [&'static str]) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        for answer in answers {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            read.append(&mut head);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        String::from_utf8(read).unwrap()
    };
    (address, tokio::spawn(server))
}

#[tokio::test]
async fn a_target_is_sent_as_it_is_with_the_default_headers() {
    let (address, server) = serve(&["HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi"]).await;

    let response = Request::get("/a?b=%zz").header("X-B", "2").send(address).await;

    assert_eq!((response.status, response.text().as_str()), (200, "hi"));
    assert_eq!(response.header("x-a"), Some("1"));
    let sent = server.await.unwrap();
    assert_eq!(
        sent,
        format!("GET /a?b=%zz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nX-B: 2\r\n\r\n")
    );
}

#[tokio::test]
async fn named_and_dropped_headers_replace_the_defaults() {
    let (address, server) = serve(&["HTTP/1.1 204 No Content\r\n\r\n"]).await;

    let request = Request::post("/").anonymous().without("host").header("content-length", "9").body("");
    let response = request.header("connection", "x").send(address).await;

    assert_eq!((response.status, response.body), (204, vec![]));
    assert_eq!(server.await.unwrap(), "POST / HTTP/1.1\r\ncontent-length: 9\r\nconnection: x\r\n\r\n");
}

#[tokio::test]
async fn one_connection_takes_request_after_request() {
    let (address, server) = serve(&[
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    ])
    .await;

    let mut connection = Connection::open(address).await.unwrap();

    assert_eq!(connection.send(&Request::get("/1")).await.unwrap().json(), serde_json::json!([1, 2]));
    assert_eq!(connection.send(&Request::new("HEAD", "/2")).await.unwrap().body, b"");
    assert_eq!(connection.send(&Request::get("/3")).await.unwrap().status, 404);
    assert!(!server.await.unwrap().contains("Connection"));
}

#[tokio::test]
async fn an_early_refusal_is_read_while_the_body_is_still_going_out() {
    let (address, server) = serve(&["HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"]).await;

    let response = Request::post("/").body(vec![b'a'; 32 << 20]).send(address).await;

    assert_eq!(response.status, 413);
    server.await.unwrap();
}

#[tokio::test]
async fn a_body_after_head_is_shown_to_the_test() {
    let (address, _) = serve(&["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\noops"]).await;

    assert_eq!(Request::new("HEAD", "/").send(address).await.text(), "oops");
}

#[tokio::test]
async fn a_connection_that_ends_without_an_answer_is_an_error() {
    let (address, _) = serve(&[""]).await;

    let error = Request::get("/").try_send(address).await.unwrap_err();

    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}

#[test]
fn chunks_carry_the_whole_body_and_json_names_its_type() {
    let address = "127.0.0.1:80".parse().unwrap();

    let sent = Request::post("/").json(&serde_json::json!({"a": 1})).chunked().encode(address, true);

    let expected = "POST / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nTransfer-Encoding: chunked\r\n\
        Content-Type: application/json\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n\r\n";
    assert_eq!(String::from_utf8(sent).unwrap(), expected);
}
